"""The errors and the warning that the package raises on purpose."""

from __future__ import annotations

__all__ = ["GraphError", "InputError", "NeurovaeError", "NeurovaeWarning", "SettingsError"]


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
