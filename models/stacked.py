"""Several families side by side, to be mixed by how well each predicts regions that it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

from .observations import Observations
from .settings import StackedSettings

__all__ = ["Stack"]


@dataclass(frozen=True)
class Stack:
    r"""The mixture :math:`p(y) = \sum_k w_k p_k(y)` of families, each with its own default settings.

    Its weights are learnt from held-out folds (`inference.stacking`), so that it has no generative process of its own.

    Attributes
    ----------
    data
        The study as tensors, which every member conditions on.
    settings
        The members' names, and the folds that the weights are learnt from.
    """

    data: Observations
    settings: StackedSettings
