"""A text table or workbook of thinning as one map, whether its rows are regions or vertices."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .text_table import file_stem, read_table
from .thinning_table import ThinningMap, map_from_table
from .vertex_files import is_morph
from .vertex_maps import map_of_vertices, read_vertex_map
from .vertex_tables import table_halves

__all__ = ["read_thinning"]

FilePath = str | os.PathLike[str]


def read_thinning(path: FilePath, names: Sequence[str], *, name: str | None = None, **options: Any) -> ThinningMap:
    """Read one map onto a graph's regions; see `map_from_table`, and for rows of vertices `map_of_vertices`.

    Options are as of `map_from_table`.

    Reads ENIGMA's summary statistics (``Structure``, ``d_icv``, ``se_icv``, ``n_controls``, ``n_patients``),
    text with blanks between columns (``Hem ROIThickness ... d ... NPD NHC``), what limma, R's lm, broom, emmeans, brms
    and statsmodels write, and any table of named columns.
    """
    if is_morph(path):
        return read_vertex_map(path, names, name=name, **options)
    table = read_table(path)
    frame, chosen = table.frame(), file_stem(path) if name is None else name
    halves = table_halves(frame, table.source)
    if halves is not None:
        return map_of_vertices(halves, names, name=chosen, source=table.source, **options)
    return map_from_table(frame, names, name=chosen, source=table.source, **options)
