"""What a request takes of memory, told before anything starts: one estimate for fits, tables and workers."""

from __future__ import annotations

from collections.abc import Mapping

from ..readers.limits import check_memory

__all__ = ["check_draws", "check_rows", "check_workers", "memory_of"]

_NUMBER = 8  # bytes
# Numbers that a draw of one map takes while it is made, kept and tabled, for each region and each gene, and for each
# step of training; and those that a fit takes for each pair of regions, whatever its draws, and again for each map
# (measured as peaks of memory: tests/pyro_neurovae/studies/test_requests.py).
_OF_REGION, _OF_GENE, _OF_STEP = 100, 2, 4
_OF_PAIR, _OF_PAIR_AND_MAP = 200, 70
# What a worker takes before it does anything, and a row of a table, in bytes.
_WORKER, _ROW = 3e8, 200


def check_draws(
    sizes: Mapping[str, int], *, draws: int, replicates: int = 1, steps: int = 0, fitted: bool = False
) -> None:
    """Check that draws fit the memory; SettingsError otherwise. See `memory_of` for the parameters."""
    needed = memory_of(sizes, draws=draws, replicates=replicates, steps=steps, fitted=fitted)
    what = f"{replicates:,} x {draws:,} draws of {sizes['map']:,} x {sizes['region']:,} values"
    what += f" after {steps:,} steps" if steps > draws else ""
    check_memory(needed, what, "ask for less")


def memory_of(
    sizes: Mapping[str, int], *, draws: int, replicates: int = 1, steps: int = 0, fitted: bool = False
) -> float:
    """Bytes that draws take.

    Parameters
    ----------
    sizes
        Numbers of "region", "gene" and "map".
    draws, replicates
        Draws of each of so many chains.
    steps
        Steps of training, each of which leaves its loss.
    fitted
        Whether a model is fitted, whose matrices hold a number for each pair of regions.
    """
    each = sizes["map"] * (_OF_REGION * sizes["region"] + _OF_GENE * sizes["gene"])
    pairs = (_OF_PAIR + _OF_PAIR_AND_MAP * sizes["map"]) * float(sizes["region"]) ** 2 if fitted else 0.0
    return _NUMBER * float(replicates) * (float(draws) * each + _OF_STEP * float(steps) + pairs)


def check_rows(rows: float, what: str) -> None:
    """Check that tables of so many rows fit the memory; SettingsError otherwise."""
    check_memory(_ROW * float(rows), what, "ask for less")


def check_workers(workers: int) -> None:
    """Check that so many processes fit the memory; SettingsError otherwise."""
    if workers > 1:
        check_memory(_WORKER * float(workers), f"{workers:,} workers", "use fewer")
