"""The report: one self-contained HTML page of a fit."""

from __future__ import annotations

from .methods import bibtex, methods_paragraph
from .page import report, report_html

__all__ = ["bibtex", "methods_paragraph", "report", "report_html"]
