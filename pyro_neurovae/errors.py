"""The errors and the warning that the package raises on purpose, and the check that every seed goes through."""

from __future__ import annotations

import warnings
from numbers import Integral

__all__ = ["GraphError", "InputError", "NeurovaeError", "NeurovaeWarning", "SettingsError", "check_seed", "warn"]


class NeurovaeError(ValueError):
    """Base of every error the package raises on purpose; its message is one sentence that names the remedy."""


class InputError(NeurovaeError):
    """A file, table or label that can't be used as it stands."""


class GraphError(InputError):
    """A region graph that is not symmetric, non-negative, free of self-loops and uniquely labelled."""


class SettingsError(NeurovaeError):
    """A setting outside its range, or one that the chosen model does not have."""


class NeurovaeWarning(UserWarning):
    """Something the user should know before trusting a result."""


def warn(sentence: str) -> None:
    """Warn in one sentence, without a line of source beside it: what is wrong lies in the data, not in the code."""
    warnings.warn_explicit(sentence, NeurovaeWarning, "pyro_neurovae", 1)


def check_seed(seed: int) -> None:
    """Raise SettingsError unless ``seed`` is a whole number from 0 to 2^63 - 1."""
    if not isinstance(seed, Integral) or not 0 <= seed < 2**63:
        raise SettingsError(f"seed is {seed!r}; give a whole number from 0 to 2^63 - 1.")
