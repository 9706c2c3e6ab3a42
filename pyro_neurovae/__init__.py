"""Posterior of the gene-expression programs that go with cortical thinning.

Examples
--------
>>> import pyro_neurovae as nv
>>> fit = nv.fit(nv.Study.from_files(expression="expression.csv", thinning="map.csv"))
>>> fit.regions()
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import datasets, expression, plots
from .atlas import resolve
from .cohort import Contrast, SimulatedCohort, Subjects, contrast, read_subjects, simulate_cohort
from .errors import GraphError, InputError, NeurovaeError, NeurovaeWarning, SettingsError
from .export import export

# The functions fit and simulate share their modules' names: imported here, the functions are what nv.fit and
# nv.simulate mean. Both modules import torch only when called.
from .fit import Fit, fit, load
from .folds import make_folds
from .graph import RegionGraph
from .interpretation import (
    AlignedPrograms,
    Clusters,
    GeneModules,
    aligned_programs,
    clusters,
    donor_stability,
    enrichment,
    gene_modules,
    read_gmt,
    region_report,
)
from .null_maps import make_null_maps
from .nulls import Nulls, nulls
from .report import report
from .sensitivity import Sensitivity, sensitivity
from .sensitivity_grid import Variant
from .sensitivity_plot import plot_sensitivity
from .settings import PCPrior
from .simulate import simulate
from .study import Study
from .validate import Validation, validate
from .verify import Verification, verify

if TYPE_CHECKING:
    from .models.gmrf import GMRF

__version__ = "0.1.0"
__all__ = [
    "AlignedPrograms",
    "Clusters",
    "Contrast",
    "Fit",
    "GMRF",
    "GeneModules",
    "GraphError",
    "InputError",
    "NeurovaeError",
    "NeurovaeWarning",
    "Nulls",
    "PCPrior",
    "RegionGraph",
    "Sensitivity",
    "SettingsError",
    "SimulatedCohort",
    "Study",
    "Subjects",
    "Validation",
    "Variant",
    "Verification",
    "aligned_programs",
    "clusters",
    "contrast",
    "datasets",
    "donor_stability",
    "enrichment",
    "export",
    "expression",
    "fit",
    "gene_modules",
    "load",
    "make_folds",
    "make_null_maps",
    "nulls",
    "plot_sensitivity",
    "plots",
    "read_gmt",
    "read_subjects",
    "region_report",
    "report",
    "resolve",
    "sensitivity",
    "simulate",
    "simulate_cohort",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    # Torch takes a second to import: only who asks for the distribution pays.
    if name == "GMRF":
        from .models.gmrf import GMRF

        return GMRF
    raise AttributeError(f"module 'pyro_neurovae' has no attribute {name!r}")
