"""The rows of a table of effects on a graph's regions, and what in them could be read in two ways."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..errors import InputError
from ..wording import first_names
from .column_names import column_roles
from .gene_columns import is_no_gene
from .placement import PlacedRows, place_rows
from .row_labels import label_rows
from .text_table import plain_name
from .thinning_columns import ThinningColumns, choose_columns

__all__ = ["contrast_of", "place_effects", "unread_columns"]


def place_effects(
    table: pd.DataFrame,
    names: Sequence[str],
    *,
    source: str,
    value_column: str | None = None,
    se_column: str | None = None,
    kind: str = "auto",
) -> tuple[PlacedRows, ThinningColumns]:
    """Place the rows of a table on a graph's regions, and choose the columns to read.

    Parameters
    ----------
    table, names, source, value_column, se_column, kind
        As `thinning_table.map_from_table` takes them.

    Raises
    ------
    InputError
        If a column is not found or several may be meant, a label can't be placed, or a region has several rows.
    """
    table = table.set_axis([str(column) for column in table.columns], axis=1)
    columns = choose_columns(
        list(table.columns), source=source, value_column=value_column, se_column=se_column, kind=kind
    )
    labelled = label_rows(table, names, source=source)
    if value_column is None:
        _check_alone(labelled, columns, source)
    return _placed(labelled, names, source), columns


def contrast_of(placed: PlacedRows) -> str | None:
    """The contrast that a column of this name gives for all rows alike; None for none."""
    named = [column for column in placed.frame.columns if plain_name(column) in ("contrast", "comparison")]
    values = {str(cell) for column in named[:1] for cell in placed.frame[column]}
    return next(iter(values)) if len(values) == 1 else None


def unread_columns(table: pd.DataFrame, columns: ThinningColumns) -> list[str]:
    """Columns of numbers that are not read and that no usual name accounts for: further maps, perhaps."""
    roles, sizes = column_roles(list(table.columns)), columns.sizes or ()
    return [
        column
        for column, other in zip(table.columns, is_no_gene(table.columns), strict=True)
        if roles[column].what == "other"
        and roles[column].tag != "df"
        and column not in (columns.value, columns.error, columns.statistic, columns.spread_share, *sizes)
        and not other
        and _numeric(table.loc[:, [column]].iloc[:, 0])
    ]


def _check_alone(table: pd.DataFrame, columns: ThinningColumns, source: str) -> None:
    """Refuse an effect of a single letter beside other numbers, where nothing else tells a table of effects."""
    roles = column_roles(list(table.columns))
    support = columns.sizes or {"error", "p", "lower", "interval"} & {role.what for role in roles.values()}
    if support or len(plain_name(columns.value)) > 1:
        return
    effects = [name for name, role in roles.items() if role.what == "effect" and name != columns.value]
    others = [*effects, *unread_columns(table, columns)]
    if others:
        raise InputError(
            f"{source}: {columns.value} may be an effect or the name of a map, as {first_names(others)} may be; name "
            "the one to read with --value-column (in Python give a mapping from map name to series for several)."
        )


def _numeric(cells: pd.Series) -> bool:
    return bool(pd.to_numeric(cells, errors="coerce").notna().mean() > 0.5)


def _placed(table: pd.DataFrame, names: Sequence[str], source: str) -> PlacedRows:
    """Place the rows; where a region has several, name the column that tells them apart."""
    try:
        return place_rows(table, names, source=source)
    except InputError:
        repeated = table.index[table.index.duplicated()]
        for column in table.columns if len(repeated) else ():
            cells = table.loc[:, [column]].iloc[:, 0].map(str)
            pairs = pd.MultiIndex.from_arrays([table.index, cells])
            if 1 < cells.nunique() < len(table) / 2 and not pairs.has_duplicates:
                raise InputError(
                    f"{source}: {repeated[0]} has {list(table.index).count(repeated[0])} rows, told apart by "
                    f"{column} ({first_names(list(cells.unique()))}); keep the rows of one of them."
                ) from None
        raise
