"""A matplotlib figure that a notebook shows where it is what a cell returns, without pyplot or a magic."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["Picture"]

_DPI = 110


class Picture(Figure):
    """A `Figure` that knows how to show itself in a notebook."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=_DPI, facecolor="white")
        return buffer.getvalue()
