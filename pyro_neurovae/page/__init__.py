"""The report, one self-contained HTML page of a fit, and exports of its tables."""

from __future__ import annotations

from .assembly import report, report_html
from .citations import bibtex
from .exports import export
from .methods import methods_paragraph

__all__ = ["bibtex", "export", "methods_paragraph", "report", "report_html"]
