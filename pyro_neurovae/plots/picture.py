"""A matplotlib figure that a notebook shows where it is what a cell returns, without pyplot or a magic."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

__all__ = ["Picture"]

_DPI = 110

# How labels of ticks that are formulas begin: matplotlib's own, on logarithmic axes.
_FORMULA = "$\\mathdefault{"


class Picture(Figure):
    """A `Figure` that knows how to show itself in a notebook, and shows names with dollar signs as they stand."""

    def draw(self, renderer: Any) -> None:
        """Draw every text but the labels of logarithmic axes as text, not as a formula."""
        for text in self.findobj(Text):
            assert isinstance(text, Text)
            if "$" in text.get_text() and not text.get_text().startswith(_FORMULA):
                text.set_parse_math(False)
        super().draw(renderer)

    def png(self, dpi: float = _DPI) -> bytes:
        """Return the picture as PNG on white; `savefig` would draw it twice, once for the layout alone."""
        buffer, own = io.BytesIO(), self.get_dpi()
        self.set_facecolor("white")
        self.set_dpi(dpi)
        FigureCanvasAgg(self).print_png(buffer)
        self.set_dpi(own)
        return buffer.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()
