"""Posterior of the gene-expression programs that go with cortical thinning.

Examples
--------
>>> import pyro_neurovae as nv
>>> fit = nv.fit(nv.Study.from_files(expression="expression.csv", thinning="map.csv"))
>>> fit.regions()
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cards import drawn_by

if TYPE_CHECKING:
    from . import datasets, expression, plots
    from .atlases.resolver import resolve
    from .cohort import Contrast, SimulatedCohort, Subjects, contrast, read_subjects, simulate_cohort
    from .errors import GraphError, InputError, NeurovaeError, NeurovaeWarning, SettingsError
    from .evidence.null_tests import Nulls, nulls
    from .evidence.power_scaling import psens_data
    from .evidence.sensitivities import Sensitivity, sensitivity
    from .evidence.validation import Validation, validate
    from .evidence.variants import Variant
    from .evidence.verification import Verification, verify
    from .graphs.folds import make_folds
    from .graphs.null_maps import make_null_maps
    from .graphs.region_graph import RegionGraph
    from .inference.amortised import amortise
    from .interpretation import (
        AlignedPrograms,
        Clusters,
        GeneModules,
        aggregate,
        aligned_programs,
        clusters,
        donor_stability,
        enrichment,
        gene_modules,
        read_gmt,
        region_report,
    )
    from .models.gmrf import GMRF
    from .models.settings import PCPrior, SpikedPrior
    from .page import export, report
    from .plots.sensitivity_plot import plot_sensitivity
    from .posterior.fits import Fit, fit, load
    from .studies.simulated import simulate
    from .studies.simulated_vertices import simulate_vertices
    from .studies.study import Study

__version__ = "0.1.0"

# Room, or module of a room, to the public names that it gives: each is imported when it is first asked for, so that
# importing the package costs nothing and who wants a graph does not wait for torch.
_HOMES = {
    "atlases.resolver": ("resolve",),
    "cohort": ("Contrast", "SimulatedCohort", "Subjects", "contrast", "read_subjects", "simulate_cohort"),
    "errors": ("GraphError", "InputError", "NeurovaeError", "NeurovaeWarning", "SettingsError"),
    "evidence.null_tests": ("Nulls", "nulls"),
    "evidence.power_scaling": ("psens_data",),
    "evidence.sensitivities": ("Sensitivity", "sensitivity"),
    "evidence.validation": ("Validation", "validate"),
    "evidence.variants": ("Variant",),
    "evidence.verification": ("Verification", "verify"),
    "graphs.folds": ("make_folds",),
    "graphs.null_maps": ("make_null_maps",),
    "graphs.region_graph": ("RegionGraph",),
    "interpretation": (
        *("AlignedPrograms", "Clusters", "GeneModules", "aggregate", "aligned_programs", "clusters", "donor_stability"),
        *("enrichment", "gene_modules", "read_gmt", "region_report"),
    ),
    "inference.amortised": ("amortise",),
    "models.gmrf": ("GMRF",),
    "models.settings": ("PCPrior", "SpikedPrior"),
    "page": ("export", "report"),
    "plots.sensitivity_plot": ("plot_sensitivity",),
    "posterior.fits": ("Fit", "fit", "load"),
    "studies.simulated": ("simulate",),
    "studies.simulated_vertices": ("simulate_vertices",),
    "studies.study": ("Study",),
}
_ROOMS = ("datasets", "expression", "plots")
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*_HOME_OF, *_ROOMS]

# Of tqdm, which pyro imports: where ipywidgets is missing bars are plain text, and nothing is the matter.
warnings.filterwarnings("ignore", message="IProgress not found")

drawn_by(lambda: import_module(".plots", __name__).OF_FIT)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
