"""Tables as a paper prints them: a map each, estimates merged with their intervals, units in the heads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.readable_names import names_in_words
from ..plots.selection import UNKNOWN, unit_of
from ..posterior.sources import SOURCES
from ..posterior.tables import largest_first, surest_genes
from ..readers.safe_names import file_names
from ..wording import told_probability, visible

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["PaperTable", "latex_table", "markdown_table", "printed_tables"]

_DIGITS = 3
_ESCAPES = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # After the end of a row these would be its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\n": " ",
    "\t": " ",
}
# An estimate with its interval needs no escape but of a per cent sign: it begins with no bracket.
_MERGED = re.compile(r"[+-]?[\d.]+%? \[[+-]?[\d.]+%?, [+-]?[\d.]+%?\]")
# Marks of Markdown; an underscore within a word is none.
_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True)
class PaperTable:
    """A table with the words around it.

    Attributes
    ----------
    name
        Of its file, without the end.
    caption
        What stands above it.
    frame
        Cells in words, their heads as the columns.
    """

    name: str
    caption: str
    frame: pd.DataFrame


def printed_tables(fit: Fit, *, top: int = 20, unit: str | None = None) -> Iterator[PaperTable]:
    """Give each map's table of regions and of its ``top`` surest genes, and one of the shares of the variance.

    Parameters
    ----------
    fit
        The fit.
    top
        Genes of a map's table.
    unit
        Unit of the maps; None (the default) for what the study knows.
    """
    known, several = unit_of(fit.study, unit), len(fit.study.maps) > 1
    known, draws = "" if known == UNKNOWN else known, len(fit.posterior.draws("thinning"))
    regions, genes = fit.regions(), fit.genes() if fit.posterior.has_genes else None
    for name, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        end = f"_{stem}" if several else ""
        rows = largest_first(regions[regions["map"] == name])
        yield PaperTable(f"regions{end}", _region_caption(name, known), _region_frame(rows, known, draws))
        if genes is not None:
            yield PaperTable(
                f"genes{end}", _gene_caption(name, top), _gene_frame(genes[genes["map"] == name], top, draws)
            )
    yield PaperTable(
        "variance",
        f"Shares of the variance of {', '.join(fit.study.maps)}, sampling error among them: posterior mean and 90% "
        "interval.",
        _variance_frame(fit.variance()),
    )


def latex_table(table: pd.DataFrame, *, caption: str = "", label: str = "") -> str:
    r"""Format a table for LaTeX, over as many pages as it takes: it needs ``\usepackage{booktabs,longtable}``.

    Parameters
    ----------
    table
        Any frame; its index is left out, names are escaped and numbers written to three digits.
    caption, label
        Of the table; "" (the default) for none.
    """
    numeric = [pd.api.types.is_numeric_dtype(table[column]) for column in table.columns]
    head = " & ".join(_escape(str(column).replace("_", " ")) for column in table.columns) + r" \\"
    rows = [
        " & ".join(map(_latex_cell, row)) + r" \\" for row in table.itertuples(index=False, name=None)
    ]  # an escaped cell ends in no star and no bracket, which would be options of the row's end
    named = rf"\caption{{{_escape(caption)}}}" if caption else ""
    named += rf"\label{{{re.sub(r'[^A-Za-z0-9:-]', '-', label)}}}" if label else ""
    lines = [r"% \usepackage{booktabs,longtable}"]
    lines += [rf"\begin{{longtable}}{{{''.join('r' if one else 'l' for one in numeric)}}}"]
    lines += [rf"{named}\tabularnewline"] if named else []
    lines += [r"\toprule", head, r"\midrule", r"\endfirsthead", r"\toprule", head, r"\midrule", r"\endhead"]
    lines += [r"\bottomrule", r"\endfoot", *rows, r"\end{longtable}"]
    return "\n".join(lines) + "\n"


def markdown_table(table: pd.DataFrame, *, caption: str = "") -> str:
    """Format a table as Markdown: numbers to three digits and aligned to the right, names escaped."""
    heads = [_plain(str(column).replace("_", " ")) for column in table.columns]
    rule = ["---:" if pd.api.types.is_numeric_dtype(table[column]) else "---" for column in table.columns]
    rows = [[_plain(_cell(value)) for value in row] for row in table.itertuples(index=False, name=None)]
    lines = ["| " + " | ".join(row) + " |" for row in (heads, rule, *rows)]
    return "\n".join([*([_plain(caption), ""] if caption else []), *lines]) + "\n"


def _region_frame(rows: pd.DataFrame, unit: str, draws: int) -> pd.DataFrame:
    places = _places(rows["upper95"] - rows["lower95"])
    observed = [
        "" if np.isnan(value) else f"{value:z.{places}f}" + ("" if np.isnan(error) else f" ({error:.{places}f})")
        for value, error in zip(rows["observed"], rows["se"], strict=True)
    ]
    return pd.DataFrame(
        {
            "Region": list(names_in_words(list(rows["region"])).values()),
            "Observed (SE)": observed,
            f"Effect{f', {unit}' if unit else ''} [95% interval]": _merged(
                rows, ("mean", "lower95", "upper95"), places
            ),
            "P(effect below 0)": [told_probability(p, draws) for p in rows["p_negative"]],
            "Predictable part [90% interval]": _merged(
                rows, ("predictable_mean", "predictable_lower90", "predictable_upper90"), places
            ),
        }
    )


def _gene_frame(genes: pd.DataFrame, top: int, draws: int) -> pd.DataFrame:
    rows = surest_genes(genes).head(top)
    places = _places(rows["upper90"] - rows["lower90"])
    return pd.DataFrame(
        {
            "Gene": rows["gene"].to_numpy(),
            "Weight [90% interval]": _merged(rows, ("weight", "lower90", "upper90"), places),
            "P(false sign)": [told_probability(p, draws) for p in rows["local_false_sign_rate"]],
        }
    )


def _variance_frame(shares: pd.DataFrame) -> pd.DataFrame:
    records = shares.to_dict("records")
    share = [f"{one['mean']:.0%} [{one['lower90']:.0%}, {one['upper90']:.0%}]" for one in records]
    meant = [SOURCES.get(source, "") for source in shares["source"]]
    return pd.DataFrame(
        {"Map": shares["map"], "Source": shares["source"], "Share [90% interval]": share, "What it is": meant}
    )


def _region_caption(name: str, unit: str) -> str:
    return (
        f"Effects on the cortex in {name}{f', in {unit}' if unit else ''}, the largest first; negative is thinner. "
        "Effect: posterior mean and 95% interval of all that is real in a region, without sampling error. Predictable "
        "part: what programs and fields give of it. SE: standard error."
    )


def _gene_caption(name: str, top: int) -> str:
    return (
        f"The {top} genes whose weight on {name} is surest: slope of the transcriptomic part on a gene's expression, "
        "per standard deviation, an association that co-expressed genes share. P(false sign): local false sign rate."
    )


def _merged(rows: pd.DataFrame, columns: tuple[str, str, str], places: int) -> list[str]:
    """Estimates with their intervals: "-0.17 [-0.20, -0.14]"."""
    cells = zip(*(rows[column] for column in columns), strict=True)
    return ["{:z.{p}f} [{:z.{p}f}, {:z.{p}f}]".format(*cell, p=places) for cell in cells]


def _places(widths: pd.Series) -> int:
    """Places after the point that show an interval's width in two digits, two at least."""
    typical = float(widths.median())
    return 2 if not typical > 0 else int(np.clip(1 - np.floor(np.log10(typical)), 2, 6))


def _latex_cell(value: object) -> str:
    text = _cell(value)
    return text.replace("%", r"\%") if _MERGED.fullmatch(text) else _escape(text)


def _cell(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.{_DIGITS}g}"
    return str(value)


def _escape(text: str) -> str:
    """Text for LaTeX."""
    return "".join(_ESCAPES.get(sign, sign) for sign in visible(text))


def _plain(text: str) -> str:
    """Text for Markdown, which may hold HTML."""
    return _MARKS.sub(r"\\\g<0>", escape(" ".join(visible(text).split("\n")), quote=False))
