"""Outdated gene symbols brought up to date by a user's table, such as HGNC's."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import pandas as pd

from ..errors import InputError
from ..readers.gene_columns import is_date
from ..readers.text_table import read_table
from ..wording import first_names
from .donor_expression import DonorExpression

__all__ = ["update_symbols"]

Expression = TypeVar("Expression", pd.DataFrame, DonorExpression)

# Columns (outdated, current) of the tables that are known, and whether the current ones are a list of all approved
# symbols: such a symbol is then never outdated, although it may be an old name of another gene.
_FORMS = (
    (("old", "new"), False),
    (("alias", "symbol"), True),
    (("previous symbols", "approved symbol"), True),
    (("previous symbol", "approved symbol"), True),
    (("prev_symbol", "symbol"), True),
)


@dataclass(frozen=True)
class _Renaming:
    """Outdated symbol to its current one, and the outdated ones that stand for several genes."""

    current: Mapping[str, str]
    ambiguous: frozenset[str]


def update_symbols(expression: Expression, table: str | os.PathLike[str] | pd.DataFrame) -> Expression:
    """Rename outdated gene symbols; where two genes then have one symbol, keep one of them.

    Parameters
    ----------
    expression
        Regions by genes, or a `DonorExpression`.
    table
        A frame or file with the columns ``old`` and ``new``, ``alias`` and ``symbol``, or HGNC's ``Previous symbols``
        (several, separated by commas or ``|``) and ``Approved symbol``. In all but the first form a symbol that is a
        current one itself is left alone, even if it is an old name of another gene.

    Returns
    -------
    DataFrame or DonorExpression
        What was given, renamed. Of genes that come to share a symbol the first column stays in a frame, the most
        reliable one (see `DonorExpression.reliability`) in a `DonorExpression` that has a reliability. What was
        renamed, left because its old symbol has several new ones, or dropped is told in ``notices``, of a frame in
        ``frame.attrs["notices"]``.

    Raises
    ------
    InputError
        When the table can't be read, has none of these pairs of columns, or a current symbol is a date.
    """
    renaming = _read_renaming(table)
    if isinstance(expression, DonorExpression):
        return _in_donors(expression, renaming)
    return _in_frame(expression, renaming)


def _in_donors(expression: DonorExpression, renaming: _Renaming) -> DonorExpression:
    try:
        score: np.ndarray | None = expression.reliability().fillna(-2.0).to_numpy()
    except InputError:  # one donor, or donors without a common region
        score = None
    symbols, kept, notices = _renamed(expression.genes, renaming, score)
    return replace(
        expression,
        genes=tuple(symbols[kept]),
        values=expression.values[:, :, kept],
        notices=(*expression.notices, *notices),
    )


def _in_frame(expression: pd.DataFrame, renaming: _Renaming) -> pd.DataFrame:
    symbols, kept, notices = _renamed([str(gene) for gene in expression.columns], renaming)
    renamed = expression.set_axis(pd.Index(symbols, name=expression.columns.name), axis=1).iloc[:, kept]
    renamed.attrs = {**expression.attrs, "notices": (*expression.attrs.get("notices", ()), *notices)}
    return renamed


def _renamed(
    genes: Sequence[str], renaming: _Renaming, score: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Symbols (gene,), the positions of those to keep, and notices; of equal symbols the best score is kept."""
    symbols = np.array([renaming.current.get(gene, gene) for gene in genes], dtype=object)
    order = np.arange(len(symbols)) if score is None else np.argsort(-score, kind="stable")
    _, best = np.unique(symbols[order].astype(str), return_index=True)
    kept = np.sort(order[best])
    return symbols, kept, _notices(genes, symbols, kept, renaming, "first" if score is None else "most reliable")


def _read_renaming(table: str | os.PathLike[str] | pd.DataFrame) -> _Renaming:
    if isinstance(table, pd.DataFrame):
        source, frame = "table of symbols", table.astype(object).where(table.notna(), "").astype(str)
    else:
        read = read_table(table)
        source, frame = read.source, read.frame()
    frame = frame.set_axis([str(column).strip().lower() for column in frame.columns], axis=1)
    for (old, new), approved in _FORMS:
        if {old, new} <= set(frame.columns):
            dates = [symbol for symbol in frame[new] if is_date(symbol)]
            if dates:
                raise InputError(
                    f"{source}, column {new}: {first_names(dates)} are dates that a spreadsheet made of gene symbols; "
                    "correct them, MARCHF1 and SEPTIN2 are among those it happens to."
                )
            return _renaming(frame[old].tolist(), frame[new].tolist(), approved=approved)
    raise InputError(
        f"{source}: its columns ({first_names(list(frame.columns))}) tell no outdated and current symbols; "
        "name them old and new, alias and symbol, or Previous symbols and Approved symbol."
    )


def _renaming(outdated: Sequence[str], current: Sequence[str], *, approved: bool) -> _Renaming:
    pairs = [
        (old.strip(' "'), new.strip())
        for olds, new in zip(outdated, current, strict=True)
        for old in re.split(r"[,|]", olds)
        if old.strip(' "') and new.strip() and not new.strip().endswith("~withdrawn")
    ]
    fixed = {new.strip() for new in current} if approved else {old for old, new in pairs if old == new}
    targets: dict[str, set[str]] = {}
    for old, new in pairs:
        if old not in fixed:
            targets.setdefault(old, set()).add(new)
    return _Renaming(
        {old: min(new) for old, new in targets.items() if len(new) == 1},
        frozenset(old for old, new in targets.items() if len(new) > 1),
    )


def _notices(
    genes: Sequence[str], symbols: np.ndarray, kept: np.ndarray, renaming: _Renaming, which: str
) -> tuple[str, ...]:
    renamed = [f"{old} to {new}" for old, new in zip(genes, symbols, strict=True) if old != new]
    notices = [f"{len(renamed)} outdated gene symbol(s) renamed{': ' if renamed else ''}{first_names(renamed)}."]
    unclear = [gene for gene in genes if gene in renaming.ambiguous]
    if unclear:
        notices.append(
            f"{len(unclear)} outdated gene symbol(s) left as they are, with several new ones: {first_names(unclear)}."
        )
    dropped = np.delete(np.arange(len(genes)), kept).tolist()
    if dropped:
        lost = [f"{genes[one]} (now {symbols[one]})" if genes[one] != symbols[one] else genes[one] for one in dropped]
        notices.append(
            f"{len(lost)} gene(s) dropped, the {which} of those with the same symbol is kept: {first_names(lost)}."
        )
    return tuple(notices)
