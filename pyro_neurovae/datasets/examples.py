"""Studies of public data for lessons, which run without a network too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import warn
from ..studies.simulated import simulate
from ..studies.study import Study
from .catalogue import MissingDataError, fetch, find

__all__ = ["example"]


def example(name: str, *, expression: str = "ahba_dk68_stable0.6", **options: Any) -> Study:
    """Return a study of a public map and public expression; a simulated one where these can't be had.

    For lessons, which should run anywhere: an analysis names its files. What was simulated is called so by the map's
    name ("simulated"), the notices and the provenance, and a warning says which file to put where to have the data.

    Parameters
    ----------
    name, expression
        Of the map and the expression, two of `names`.
    options
        As `Study.from_files` has them; of a simulated study ``normalise`` alone is heeded.

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
        kept = {key: value for key, value in options.items() if key == "normalise"}
        return replace(drawn, notices=(told, *drawn.notices), **kept)
    return Study.from_files(*files, **options)
