"""The generative processes: GMRF priors and one family of models a file."""

from __future__ import annotations

from .cross_scale import CrossScale
from .expression import Expression
from .gmrf import GMRF
from .marginal import PartlySeenNormal, ProgramExpression
from .observations import Observations
from .smoothness import PCSmoothness, pc_scale
from .spatial import Spatial
from .spectrum import Spectrum
from .thinning import ThinningFamily

__all__ = [
    "GMRF",
    "CrossScale",
    "Expression",
    "Observations",
    "PCSmoothness",
    "PartlySeenNormal",
    "ProgramExpression",
    "Spatial",
    "Spectrum",
    "ThinningFamily",
    "pc_scale",
]
