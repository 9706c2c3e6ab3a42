"""What the sources of a map's variance are, in words."""

from __future__ import annotations

__all__ = ["SOURCES", "SHORT_SOURCES"]

# In the order that tables and pictures have them. "unexplained" is of files of version 0.1, which told no more apart.
SOURCES = {
    "transcriptomic": "goes with gene expression",
    "spatial": "smooth over the cortex, beside expression",
    "structural": "along the axes on which healthy people differ",
    "regional": "a region's own: real, and predicted by nothing else",
    "unexplained": "what no part predicts, a region's own among it (version 0.1)",
    "sampling": "error of measuring so many people: no part of the effect",
}

# The same for a legend.
SHORT_SOURCES = {
    "transcriptomic": "transcriptomic (goes with genes)",
    "spatial": "spatial (smooth)",
    "structural": "structural (as healthy people differ)",
    "regional": "regional (a region's own)",
    "sampling": "sampling error",
}
