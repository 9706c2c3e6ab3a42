"""The generative processes: GMRF priors and one family of models a file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cross_scale import CrossScale
    from .expression import Expression
    from .gmrf import GMRF
    from .linear import LinearModel
    from .marginal import PartlySeenNormal, ProgramExpression
    from .observations import Observations
    from .smoothness import PCSmoothness, pc_scale
    from .spatial import Spatial
    from .spectrum import Spectrum
    from .spiked import SpikedScale
    from .structural import Structural

# Settings need no torch, which takes a second to import: what does is imported when it is first asked for.
_HOME_OF = {
    "CrossScale": "cross_scale",
    "Expression": "expression",
    "GMRF": "gmrf",
    "LinearModel": "linear",
    "Observations": "observations",
    "PCSmoothness": "smoothness",
    "PartlySeenNormal": "marginal",
    "ProgramExpression": "marginal",
    "Spatial": "spatial",
    "Spectrum": "spectrum",
    "SpikedScale": "spiked",
    "Structural": "structural",
    "pc_scale": "smoothness",
}

__all__ = [*_HOME_OF]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = found
    return found
