"""Studies of public data for lessons, which run without a network too."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import warn
from ..studies.simulated import simulate
from ..studies.simulated_vertices import simulate_vertices
from ..studies.study import Study
from .catalogue import MissingDataError, fetch, find

__all__ = ["example"]


def example(name: str, *, expression: str = "ahba_dk68_stable0.6", **options: Any) -> Study:
    """Return a study of a public map and public expression; a simulated one where these can't be had.

    For lessons, which should run anywhere: an analysis names its files. What was simulated is called so by the map's
    name ("simulated"), the notices and the provenance, and a warning says which file to put where to have the data.
    In place of a map of vertices one is simulated, too.

    Parameters
    ----------
    name, expression
        Of the map and the expression, two of `names`.
    options
        As `Study.from_files` has them; of a simulated study of regions ``normalise`` alone is heeded.

    Raises
    ------
    InputError
        For an unknown name, and a file that is not what it should be.

    Examples
    --------
    >>> import pyro_neurovae as nv
    >>> study = nv.datasets.example("enigma_pd")
    """
    find(name), find(expression)
    try:
        files = fetch(expression), fetch(name)
    except MissingDataError as missing:
        told = f"{missing} Until then this study is simulated: nothing in it was measured."
        warn(told)
        drawn = simulate(seed=0)
        if find(name).kind == "vertices":
            return _of_vertices(drawn, told, options)
        kept = {key: value for key, value in options.items() if key == "normalise"}
        return replace(drawn, notices=(told, *drawn.notices), **kept)
    return Study.from_files(*files, **options)


def _of_vertices(drawn: Study, told: str, options: Mapping[str, Any]) -> Study:
    """Study of a simulated map of vertices, and of expression in the regions that it was simulated on."""
    expression = pd.DataFrame(drawn.expression, index=list(drawn.regions), columns=list(drawn.genes))
    with tempfile.TemporaryDirectory() as folder:
        genes, thinning = (Path(folder) / f"{name}.csv" for name in ("expression", "simulated"))
        expression.to_csv(genes, index_label="region")
        simulate_vertices(drawn).drop(columns="effect").to_csv(thinning, index=False)
        study = Study.from_files(genes, thinning, **{"normalise": "gene", **options})
    return replace(study, notices=(told, *study.notices), sources=())
