"""Programs of all draws and chains turned towards one another, so that their means and sds mean something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from ..cards import Introduced, Part, Shown
from ..errors import SettingsError
from ..studies.study import Study
from ..wording import counted
from .intervals import normal_columns, summary_columns
from .program_draws import ProgramDraws
from .tables import tidy_programs

if TYPE_CHECKING:
    from .fits import Fit

__all__ = ["AlignedPrograms", "aligned_programs", "program_names", "varimax"]

# Draws that are aligned, and rounds of turning them to their mean and taking the mean anew.
_DRAWS, _ROUNDS = 500, 6


@dataclass(frozen=True, repr=False)
class AlignedPrograms(Introduced):
    """Programs that are the same from draw to draw.

    Attributes
    ----------
    table
        Tidy, as `Fit.programs` and programs.csv have it: ``program``, ``quantity``, ``name``, ``mean``, ``sd``,
        ``lower90``, ``upper90``. Quantities: ``strength``, the root mean square of the program over the regions, in
        standard deviations of expression; ``weight`` on each map, the effect of one standard deviation of the program
        in map units; ``score`` of each region, in standard deviations of the program; ``loading`` of each gene, the
        change of its expression with one standard deviation of the program, with the interval of a normal distribution.
    names
        One row a program, the strongest first: ``program``, ``name``, ``regions``, ``genes``; its ``share`` of what the
        programs explain of expression; ``stability``, from 0 to 1, the share of its draws' variance over regions that
        their mean keeps. A program of low stability is noise that differs from draw to draw.
    scores
        The aligned scores; (draw, region, program).
    """

    table: pd.DataFrame
    names: pd.DataFrame
    scores: np.ndarray

    def wide(self) -> pd.DataFrame:
        """One row a program, to read: name, share, stability, its weight on each map, regions and genes.

        The weight on a map stands in ``weight_MAP`` and its 90% interval in ``weight_MAP_lower90`` and ``_upper90``.
        """
        own = self.table[self.table["quantity"] == "weight"]
        columns: dict[str, np.ndarray] = {}
        for name in dict.fromkeys(own["name"]):
            rows = own[own["name"] == name].set_index("program").loc[self.names["program"]]
            ends = {"": "mean", "_lower90": "lower90", "_upper90": "upper90"}
            columns |= {f"weight_{name}{end}": rows[column].to_numpy() for end, column in ends.items()}
        first = self.names[["program", "name", "share", "stability"]].assign(**columns)
        return first.assign(regions=self.names["regions"], genes=self.names["genes"])

    def _title(self) -> str:
        return f"AlignedPrograms: {counted(len(self.names), 'program')}, the strongest first"

    def _parts(self) -> Iterator[Part]:
        columns = {"program": "{program}", "name": "{name}", "share": "{share:.0%}", "stability": "{stability:.2f}"}
        yield Shown.of("", self.names, columns, names=2)


def aligned_programs(fit: Fit, *, rotation: Literal["principal", "varimax"] = "principal") -> AlignedPrograms:
    r"""Align the programs of all chains and draws by orthogonal Procrustes rotation.

    The model knows the scaled programs :math:`\tilde Z` up to a rotation, :math:`\tilde Z Q` being as probable given
    expression, so that draws and chains differ by rotations, signs and order. Each draw is turned to a reference R by
    :math:`Q = U V'` of the singular value decomposition :math:`\tilde Z' R = U S V'`. R starts as the leading
    eigenvectors of the posterior mean of :math:`\tilde Z \tilde Z'`, which no rotation changes, and is the mean of the
    aligned draws from then on (generalised Procrustes). Loadings and weights turn along.

    Parameters
    ----------
    fit
        A fit with programs.
    rotation
        "principal" (the default): the posterior mean's principal axes, the strongest first. "varimax": these turned
        until each region's score is large on few programs.

    Raises
    ------
    NeurovaeError
        For a fit without programs.
    SettingsError
        For an unknown rotation.

    References
    ----------
    Schönemann (1966), Psychometrika 31; Kaiser (1958), Psychometrika 23; Aßmann, Boysen-Hogrefe & Pape (2016), Journal
    of Econometrics 192 (Procrustes for posterior draws of factor models).
    """
    if rotation not in ("principal", "varimax"):
        raise SettingsError(f"unknown rotation {rotation!r}: the known ones are principal, varimax.")
    draws = ProgramDraws.of(fit, _DRAWS)
    own = draws.scaled - draws.scaled[:, draws.measured].mean(1, keepdims=True)
    turned = _align(own)
    axes = _principal(turned.mean(0))
    if rotation == "varimax":
        axes = axes @ varimax(turned.mean(0) @ axes)
        axes = axes[:, np.argsort(-((turned.mean(0) @ axes) ** 2).sum(0), kind="stable")]
    axes = axes * _signs(turned.mean(0) @ axes)
    # One rotation a draw, from its own programs to the aligned ones.
    rotations = _procrustes(own, turned.mean(0)) @ axes
    aligned = replace(draws, scaled=own @ rotations, slope=draws.slope @ rotations)
    size = np.sqrt((aligned.scaled**2).mean((0, 1)))  # (program,)
    table = _tabulate(fit.study, aligned, size)
    spread = aligned.scaled.var(0).mean(0)
    extra = {"share": size**2 / (size**2).sum(), "stability": 1 - spread / size**2}
    names = program_names(table, fit.study).assign(**extra)
    return AlignedPrograms(table, names, aligned.scaled / size)


def program_names(table: pd.DataFrame, study: Study, *, top: int = 2) -> pd.DataFrame:
    """Name programs by the regions of largest score and the genes of largest loading, by their posterior means.

    Parameters
    ----------
    table
        Tidy programs: of `AlignedPrograms`, or `Fit.raw_programs`.
    study
        Whose regions and genes they are.
    top
        Regions and genes in a name.

    Returns
    -------
    DataFrame
        ``program``, ``name``, and the ten strongest ``regions`` and ``genes``, each with the sign of its mean.
    """
    leading = {}
    for quantity, labels in (("score", study.measured_in.names), ("loading", study.genes)):
        wide = table[table["quantity"] == quantity].pivot_table("mean", "program", "name", sort=False)[list(labels)]
        leading[quantity] = {program: _strongest(row) for program, row in wide.iterrows()}
    rows = [
        {"program": program, "name": f"{', '.join(regions[:top])}: {', '.join(leading['loading'][program][:top])}"}
        | {"regions": ", ".join(regions), "genes": ", ".join(leading["loading"][program])}
        for program, regions in leading["score"].items()
    ]
    return pd.DataFrame(rows)


def varimax(loadings: np.ndarray, *, steps: int = 200, tolerance: float = 1e-9) -> np.ndarray:
    """Rotation that maximises the variance of the squared entries in each column; (column, column).

    Of (row, column). Kaiser's criterion (1958) by repeated singular value decompositions.
    """
    rotation, reached = np.eye(loadings.shape[1]), 0.0
    for _ in range(steps):
        turned = loadings @ rotation
        gradient = loadings.T @ (turned**3 - turned * (turned**2).mean(0))
        left, values, right = np.linalg.svd(gradient)
        rotation = left @ right
        if values.sum() <= reached * (1 + tolerance):
            break
        reached = values.sum()
    return rotation


def _align(own: np.ndarray) -> np.ndarray:
    """Turn each draw's programs (draw, region, program) to their common mean."""
    values, vectors = np.linalg.eigh(np.einsum("drp,dsp->rs", own, own) / len(own))
    programs = own.shape[2]
    reference = vectors[:, ::-1][:, :programs] * np.sqrt(values[::-1][:programs].clip(min=0))
    for _ in range(_ROUNDS):
        turned = own @ _procrustes(own, reference)
        reference = turned.mean(0)
    return turned


def _procrustes(own: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Rotation of each draw that brings it nearest to the reference; (draw, program, program)."""
    left, _, right = np.linalg.svd(own.swapaxes(1, 2) @ reference)
    rotation: np.ndarray = left @ right
    return rotation


def _principal(mean: np.ndarray) -> np.ndarray:
    """Rotation to the principal axes of a mean (region, program), the strongest first."""
    return np.linalg.eigh(mean.T @ mean)[1][:, ::-1]


def _signs(mean: np.ndarray) -> np.ndarray:
    """Signs that make each column's entry of largest size positive."""
    return np.where(np.take_along_axis(mean, np.abs(mean).argmax(0)[None], 0)[0] < 0, -1.0, 1.0)


def _strongest(row: pd.Series) -> list[str]:
    order = np.argsort(-np.abs(row.to_numpy()), kind="stable")[:10]
    return [f"{'+' if row.iloc[i] >= 0 else '-'}{row.index[i]}" for i in order]


def _tabulate(study: Study, aligned: ProgramDraws, size: np.ndarray) -> pd.DataFrame:
    drawn = {
        "strength": ([""], np.sqrt((aligned.scaled**2).mean(1))[:, None]),
        "weight": (list(study.maps), aligned.slope * size),
        "score": (list(study.measured_in.names), aligned.scaled / size),
    }
    parts = []
    for quantity, (names, draws) in drawn.items():  # (draw, name, program)
        parts.append(tidy_programs(quantity, names, summary_columns(draws)))
    parts.append(tidy_programs("loading", study.genes, normal_columns(*_loadings(study, aligned, size))))
    return pd.concat(parts, ignore_index=True)


def _loadings(study: Study, aligned: ProgramDraws, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and sd of each gene's loadings, by the law of total variance; each (gene, program).

    In the space of the regions, so that the number of genes hardly counts.
    """
    expression = study.measured_expression()
    maps, inverse = aligned.loading_maps()
    within = (aligned.noise[:, None] ** 2 * np.diagonal(inverse, axis1=1, axis2=2)).mean(0)
    mean = maps.mean(0)
    root = np.linalg.svd((maps - mean).swapaxes(0, 1) / np.sqrt(len(maps)), full_matrices=False)  # a program at a time
    factor = root[1][..., None] * root[2]  # (program, rank, region)
    between = np.stack([((one @ expression) ** 2).sum(0) for one in factor], 1)
    return (mean @ expression).T * size, np.sqrt(between + within) * size
