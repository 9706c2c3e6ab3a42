"""Pictures of studies and fits, each a function that returns a matplotlib Figure and needs no display.

Every figure is made without pyplot: none is left open, and no setting of matplotlib's changes. `Figure.savefig` writes
it; a notebook shows what a cell returns. The extra ``plots``, which they need, is imported
when a function is called.
"""

from __future__ import annotations

from .forest_plot import forest
from .graph_drawing import graph
from .loss_trace import training
from .matrix_image import matrix
from .null_histogram import nulls
from .predicted_plot import observed_predicted
from .program_map import program_maps
from .scale_densities import prior_posterior
from .surface_map import surface
from .variance_plot import variance

__all__ = [
    "forest",
    "graph",
    "matrix",
    "nulls",
    "observed_predicted",
    "prior_posterior",
    "program_maps",
    "surface",
    "training",
    "variance",
]

# Pictures that need nothing but a fit, for `Fit.plot`.
OF_FIT = {one.__name__: one for one in (forest, surface, variance, program_maps, prior_posterior, training)}
