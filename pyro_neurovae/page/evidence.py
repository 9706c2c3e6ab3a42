"""The sections on what stands beside a fit: held-out scores, null maps, sensitivity."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wording import bounded_p
from .elements import Section, paragraph, plain_table
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
    body += "".join(
        paragraph(f"{name}: {validation.conclusion(name)}") for name in dict.fromkeys(validation.scores["map"])
    )
    scores = validation.summary()
    columns = ["map", "model", "folds", "elpd", "r2", "r", "coverage90", "crps", "noise_ceiling"]
    body += plain_table(scores[columns], caption="Held-out scores, means over regions and repeats")
    body += plain_table(
        validation.differences.merge(validation.weights.round({"weight": 3}), on=["map", "model"]),
        caption="Difference of the log predictive density from the best model, and stacking weights",
    )
    for name in fit.study.maps:
        if name in set(validation.pointwise["map"]):
            body += pictures.predicted(fit, validation, name)
    return Section("held-out", "Regions it has not seen", body)


def nulls_section(fit: Fit, nulls: Nulls, pictures: Pictures) -> Section:
    """Return the section on null maps."""
    body = paragraph("The same model fitted to null maps, which have nothing to do with expression.")
    told = [bounded_p(row["p"], 1 / (1 + row["n"])) for row in nulls.summary.to_dict("records")]
    body += plain_table(nulls.summary.assign(p=told), caption="Statistics of the map among those of its null maps")
    for name in fit.study.maps:
        if name in set(nulls.summary["map"]):
            body += paragraph(nulls.conclusion(name)) + pictures.nulls(nulls, name)
    return Section("nulls", "Null maps", body)


def sensitivity_section(fit: Fit, sensitivity: Sensitivity, pictures: Pictures) -> Section:
    """Return the section on other priors and choices."""
    body = ""
    for name in fit.study.maps:
        if name in set(sensitivity.variants["map"]):
            body += paragraph(sensitivity.conclusion(name)) + pictures.sensitivity(sensitivity, name)
    body += plain_table(sensitivity.variants.drop(columns="seconds", errors="ignore"), caption="Variants")
    return Section("sensitivity", "Other priors, other choices", body)
