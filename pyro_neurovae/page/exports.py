"""What goes into a paper or another program: tables as CSV, LaTeX and Markdown, GIFTI overlays, a JSON summary."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from html import escape
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..errors import InputError, SettingsError
from ..plots.cortex import vertex_regions
from ..plots.surface_map import check_atlas
from ..posterior.summary import summarise_fit
from ..posterior.tables import largest_first
from ..readers.safe_names import file_names
from ..readers.written_tables import write_table
from ..wording import visible

if TYPE_CHECKING:
    from ..posterior.fits import Fit

__all__ = ["FORMATS", "check_formats", "export", "gifti_overlay", "latex_table", "markdown_table"]

FORMATS = ("csv", "latex", "markdown", "gifti", "json")
QUANTITIES = ("mean", "sd", "lower95", "upper95", "p_negative", "predictable_mean", "transcriptomic_share")

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
# Marks of Markdown; an underscore within a word is none.
_MARKS = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_REGION_COLUMNS = (
    *("map", "region", "observed", "se", "mean", "sd", "lower95", "upper95", "p_negative", "predictable_mean"),
)
_GENE_COLUMNS = ("map", "gene", "weight", "sd", "lower90", "upper90", "local_false_sign_rate")


def export(fit: Fit, folder: Path, *, formats: Sequence[str] = FORMATS, top: int = 20) -> list[str]:
    """Write a fit's results in the formats that papers and other programs take; returns the names of the files.

    Parameters
    ----------
    fit
        The fit.
    folder
        An existing folder.
    formats
        "csv": regions, genes and variance, whole; "latex" (booktabs) and "markdown": all regions, the ``top`` surest
        genes, and variance; "gifti": overlays on fsaverage5 of each map's effect (posterior mean, sd, interval,
        probability), its predictable part and the transcriptomic share, a file a hemisphere; "json": the summary.
    top
        Genes of the LaTeX and Markdown tables.

    Raises
    ------
    SettingsError
        As `check_formats`.
    InputError
        For overlays of a study on another atlas.
    """
    check_formats(formats, top)
    whole, short = _tables(fit, top)
    names: list[str] = []
    for one in dict.fromkeys(formats):
        if one == "csv":
            for name, table in whole.items():
                write_table(table, folder / f"{name}.csv")
                names.append(f"{name}.csv")
        elif one in ("latex", "markdown"):
            write: Callable[..., str] = latex_table if one == "latex" else markdown_table
            end = "tex" if one == "latex" else "md"
            for name, table in short.items():
                (folder / f"{name}.{end}").write_text(write(table, caption=_caption(fit, name)), encoding="utf-8")
                names.append(f"{name}.{end}")
        elif one == "gifti":
            names += _overlays(fit, folder)
        else:
            text = json.dumps(summarise_fit(fit.posterior, fit.study), indent=2)
            (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
            names.append("summary.json")
    return names


def check_formats(formats: Sequence[str], top: int) -> None:
    """Check what `export` is to write; SettingsError for no format, an unknown one, and less than one gene."""
    unknown = [one for one in formats if one not in FORMATS]
    if unknown or not formats:
        what = f"unknown format {unknown[0]}" if unknown else "no format is named"
        raise SettingsError(f"{what}: the known ones are {', '.join(FORMATS)}.")
    if not isinstance(top, Integral) or top < 1:
        raise SettingsError(f"top is {top!r}; give a whole number of genes of at least 1.")


def latex_table(table: pd.DataFrame, *, caption: str = "") -> str:
    """Format a table for LaTeX with booktabs: numbers to three digits, names escaped.

    Parameters
    ----------
    table
        Any frame; its index is left out.
    caption
        Caption; "" (the default) for none.
    """
    numeric = [pd.api.types.is_numeric_dtype(table[column]) for column in table.columns]
    lines = [r"\begin{table}", r"\centering"]
    lines += [rf"\caption{{{_escape(caption)}}}"] if caption else []
    lines += [rf"\begin{{tabular}}{{{''.join('r' if one else 'l' for one in numeric)}}}", r"\toprule"]
    rows = [[_escape(str(column).replace("_", " ")) for column in table.columns]]
    rows += [[_escape(_cell(value)) for value in row] for row in table.itertuples(index=False, name=None)]
    text = [" & ".join(row) + r" \\" for row in rows]
    lines += [text[0], r"\midrule", *text[1:], r"\bottomrule", r"\end{tabular}", r"\end{table}"]
    return "\n".join(lines) + "\n"


def markdown_table(table: pd.DataFrame, *, caption: str = "") -> str:
    """Format a table as Markdown: numbers to three digits and aligned to the right, names escaped."""
    heads = [_plain(str(column).replace("_", " ")) for column in table.columns]
    rule = ["---:" if pd.api.types.is_numeric_dtype(table[column]) else "---" for column in table.columns]
    rows = [[_plain(_cell(value)) for value in row] for row in table.itertuples(index=False, name=None)]
    lines = ["| " + " | ".join(row) + " |" for row in (heads, rule, *rows)]
    return "\n".join([*([_plain(caption), ""] if caption else []), *lines]) + "\n"


def gifti_overlay(values: pd.Series, side: str, path: Path, *, name: str = "value") -> None:
    """Write values of the Desikan-Killiany regions as an overlay on fsaverage5, NaN where there is none.

    Parameters
    ----------
    values
        Region to value.
    side
        "L" or "R".
    path
        The file, ``.func.gii`` by convention.
    name
        Name of the map in the file.

    Raises
    ------
    InputError
        Where nibabel is missing.
    """
    try:
        import nibabel
    except ImportError as fault:
        raise InputError("GIFTI overlays need nibabel; install it by: pip install 'pyro_neurovae[plots]'") from fault
    word, names = ("left", dk68_names()[:34]) if side == "L" else ("right", dk68_names()[34:])
    regions = vertex_regions(word)  # type: ignore[arg-type]
    placed = values.reindex(list(names)).to_numpy(dtype=np.float32)
    data = np.where(regions >= 0, placed[np.maximum(regions, 0)], np.nan).astype(np.float32)
    gifti = nibabel.gifti
    array = gifti.GiftiDataArray(
        data, intent="NIFTI_INTENT_SHAPE", datatype="NIFTI_TYPE_FLOAT32", meta=gifti.GiftiMetaData({"Name": name})
    )
    meta = gifti.GiftiMetaData({"AnatomicalStructurePrimary": f"Cortex{word.title()}"})
    image = gifti.GiftiImage(darrays=[array], meta=meta)
    path.write_bytes(image.to_bytes())


def _tables(fit: Fit, top: int) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The whole tables, and what of them is printed."""
    regions, variance = fit.regions(), fit.variance()
    whole = {"regions": regions, "variance": variance}
    short = {"regions": _worst_first(regions)[list(_REGION_COLUMNS)], "variance": variance}
    if fit.posterior.has_genes:
        genes = fit.genes()
        whole["genes"] = genes
        sure = (genes["weight"].abs() / genes["sd"].where(genes["sd"] > 0)).fillna(0).rename("sure")
        ranked = genes.assign(sure=sure).sort_values(["map", "sure"], ascending=[True, False], kind="stable")
        short["genes"] = ranked.groupby("map", sort=False).head(top)[list(_GENE_COLUMNS)]
    if len(fit.study.maps) == 1:
        short = {name: table.drop(columns="map") for name, table in short.items()}
    return whole, short


def _worst_first(regions: pd.DataFrame) -> pd.DataFrame:
    return largest_first(regions).sort_values("map", kind="stable")


def _caption(fit: Fit, name: str) -> str:
    maps = ", ".join(fit.study.maps)
    return {
        "regions": f"Posterior of each region's effect on cortical thickness ({maps}): mean, standard deviation, 95% "
        "interval and probability of a negative effect, and the posterior mean of its part that programs and fields "
        "give (predictable), the most affected region first.",
        "genes": f"Genes whose weight on thinning ({maps}) is surest: posterior mean, 90% interval and local false "
        "sign rate.",
        "variance": f"Shares of a map's variance ({maps}), sampling error among them: posterior mean and intervals.",
    }[name]


def _overlays(fit: Fit, folder: Path) -> list[str]:
    check_atlas(fit.study)
    names, regions = [], fit.regions()
    for one, stem in zip(fit.study.maps, file_names(fit.study.maps), strict=True):
        own = regions[regions["map"] == one].set_index("region")
        for quantity in QUANTITIES:
            for side in ("L", "R"):
                name = f"{stem}_{quantity}.{side}.func.gii"
                gifti_overlay(own[quantity].astype(float), side, folder / name, name=f"{one} {quantity}")
                names.append(name)
    return names


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
