"""The model of a fit in words, equations and a table of its priors."""

from __future__ import annotations

from dataclasses import fields

import pandas as pd

from ..models.families import family_of
from ..models.options import FitSettings
from ..models.settings import PCPrior, SpikedPrior
from ..studies.places import Places
from ..wording import counted
from .elements import Section, escape, paragraph, plain_table

__all__ = ["model_section", "prior_table"]

_MEANING = {
    "n_programs": "number d of programs",
    "homologue_sharing": "h: how far thinning sees a region's mean with its homologue, from 0 to 1",
    "beyond_programs": "whether thinning also depends on what programs leave of expression",
    "smoothness": "smoothness phi of a program",
    "strength": "strength s of a program",
    "expression_noise": "sd tau of what programs leave of a gene",
    "transcriptomic_scale": "sd c of the transcriptomic part, in sds of the map",
    "spatial_scale": "sd t of the spatial part, in sds of the map",
    "structural_scale": "sd v of the structural part, in sds of the map",
    "unexplained_scale": "sd sigma of what is a region's own, in sds of the map",
    "lam": "weight lambda of the smoothness penalty",
}


def prior_table(settings: FitSettings) -> pd.DataFrame:
    """List the priors and fixed settings of the family: parameter, prior, meaning."""
    rows, record = [], settings.family
    for one in fields(record):
        value = getattr(record, one.name)
        if isinstance(value, PCPrior):
            sign = "<" if one.name == "smoothness" else ">"
            told = f"penalised complexity: P(value {sign} {value.upper:.3g}) = {value.alpha:.3g}"
        elif isinstance(value, SpikedPrior):
            told = (
                f"practically nought (mean {value.tip:g}) with probability {value.absent:g}, else half-normal with sd "
                f"{value.width:g}"
            )
        elif value is None:
            told = "integrated over"
        else:
            told = f"set to {', '.join(map(str, value)) if isinstance(value, tuple) else value}"
        rows.append({"parameter": one.name, "prior": told, "meaning": _MEANING.get(one.name, "")})
    return pd.DataFrame(rows)


def model_section(settings: FitSettings, places: Places | None = None) -> Section:
    """Return the section on model and priors; ``places`` are a study's, where it has them."""
    family = family_of(settings.model)
    body = paragraph(family.words)
    body += (
        f'<pre tabindex="0" role="region" aria-label="Equations of the model {family.name}">'
        f"{escape(family.equations)}</pre>"
    )
    if family.programs and places is not None:
        parcels = counted(places.graph.n_regions, "parcel")
        body += paragraph(
            f"Here programs, E and H are over the {parcels} of {places.graph.label}, in which expression was measured; "
            "a region's effect depends on what it sees of them by position (ordinary kriging)."
        )
    body += plain_table(prior_table(settings), caption="Priors and fixed settings")
    return Section("model", "Model and priors", body)
