"""The sections on what stands beside a fit: held-out scores, null maps, sensitivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wording import bounded_p, least_p
from .elements import Section, heading, paragraph, plain_table
from .pictures import Pictures

if TYPE_CHECKING:
    from ..evidence.null_tests import Nulls
    from ..evidence.sensitivities import Sensitivity
    from ..evidence.validation import Validation
    from ..posterior.fits import Fit

__all__ = ["nulls_section", "sensitivity_section", "validation_section"]


def validation_section(fit: Fit, validation: Validation, pictures: Pictures) -> Section:
    """Return the section on regions that were held out."""
    body = paragraph(
        "Every region predicted from the folds that it is not in. In-sample fit says nothing about prediction; the "
        "noise ceiling bounds what any model can reach."
    )
    body += "".join(paragraph(f"Note: {remark}") for remark in validation.remarks())
    scores = validation.summary()
    beside = validation.differences.merge(validation.weights.round({"weight": 3}), on=["map", "model"])
    columns = ["model", "folds", "elpd", "r2", "r", "coverage90", "crps", "noise_ceiling"]
    for name in _told_maps(fit, validation):
        body += _heading(fit, name) + paragraph(validation.conclusion(name))
        body += pictures.predicted(fit, validation, name)
        body += plain_table(
            scores.loc[scores["map"] == name, columns],
            caption=f"Held-out scores of {name}, means over regions and repeats",
        )
        body += plain_table(
            beside[beside["map"] == name].drop(columns="map"),
            caption=f"Difference of the log predictive density of {name} from the best model, and stacking weights",
        )
    return Section("held-out", "Regions it has not seen", body)


def nulls_section(fit: Fit, nulls: Nulls, pictures: Pictures) -> Section:
    """Return the section on null maps, a part of it for each map."""
    body = paragraph("The same model fitted to null maps, which have nothing to do with expression.")
    told = [bounded_p(row["p"], least_p(row["n"])) for row in nulls.summary.to_dict("records")]
    summary = nulls.summary.assign(p=told, statistic=nulls.summary["statistic"].str.replace("_", " "))
    summary = summary.rename(columns={"null_lower95": "95% of null maps from", "null_upper95": "to"})
    for name in _told_maps(fit, nulls):
        body += _heading(fit, name) + paragraph(nulls.conclusion(name)) + pictures.nulls(nulls, name)
        rows = summary[summary["map"] == name].drop(columns="map")
        body += plain_table(rows, caption=f"Statistics of {name} among those of its null maps")
    return Section("nulls", "Null maps", body)


def sensitivity_section(fit: Fit, sensitivity: Sensitivity, pictures: Pictures) -> Section:
    """Return the section on other priors and choices, a part of it for each map."""
    body = ""
    for name in _told_maps(fit, sensitivity):
        body += _heading(fit, name) + paragraph(sensitivity.conclusion(name)) + pictures.sensitivity(sensitivity, name)
        rows = sensitivity.variants[sensitivity.variants["map"] == name]
        body += plain_table(
            rows.drop(columns=["map", "seconds"], errors="ignore"), caption=f"What other choices do to {name}"
        )
    return Section("sensitivity", "Other priors, other choices", body)


def _told_maps(fit: Fit, found: Nulls | Sensitivity | Validation) -> list[str]:
    """Maps of the fit that a result is about."""
    return [name for name in fit.study.maps if name in found.map_names()]


def _heading(fit: Fit, name: str) -> str:
    return heading(name) if len(fit.study.maps) > 1 else ""
