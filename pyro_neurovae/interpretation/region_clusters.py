"""Regions that go together: clusters of the posterior similarity of their programs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from ..cards import Introduced, Part, Shown
from ..errors import SettingsError, check_seed
from ..graphs.null_maps import moran_randomised
from ..posterior.fits import Fit
from ..posterior.program_draws import ProgramDraws, shared_programs, standard_expression
from ..studies.study import Study
from ..wording import counted
from . import partitions

__all__ = ["Clusters", "clusters"]

# Draws that are clustered: a co-clustering probability has a standard error of at most 0.035, a mean silhouette less.
_DRAWS, _CHOOSING_DRAWS = 200, 100


@dataclass(frozen=True, repr=False)
class Clusters(Introduced):
    """Clusters of regions with what the posterior says of them.

    Attributes
    ----------
    membership
        One row a region, in the study's order: ``cluster`` (from 1, the largest first); ``probability``, the mean
        co-clustering with the other members of that cluster (of a region by itself: of being by itself);
        ``uncertainty``, the entropy of its cluster over the draws, 0 where every draw says the same and 1 where all
        clusters are equally probable.
    coclustering
        Probability that two regions are in one cluster; (region, region).
    choice
        One row a number of clusters ``k``: ``score``, the mean silhouette over regions and draws; ``reference``, the
        same of programs as smooth over the cortex and otherwise random; their difference ``excess``. Excess about 0
        says that regions are no more in groups than smoothness makes them.
    summary
        One row a cluster: ``name``, by its strongest regions and genes, ``size``, mean ``probability``, ``regions``
        and ``genes``, strongest first (a gene's sign says whether its expression is high or low there).
    settings
        Number of clusters, whether it was ``chosen``, seed and number of draws.
    """

    membership: pd.DataFrame
    coclustering: pd.DataFrame
    choice: pd.DataFrame
    summary: pd.DataFrame
    settings: dict[str, Any]

    def _title(self) -> str:
        chosen = "chosen by silhouette" if self.settings["chosen"] else "as asked"
        return f"Clusters: {counted(len(self.membership), 'region')} in {len(self.summary)} clusters ({chosen})"

    def _parts(self) -> Iterator[Part]:
        columns = {"name": "{name}", "regions": "{size}", "probability": "{probability:.2f}"}
        yield Shown.of("", self.summary, columns)


def clusters(fit: Fit, *, number: int | None = None, seed: int = 0, maximum: int = 10) -> Clusters:
    r"""Cluster the regions by their programs, with co-clustering probabilities over the posterior.

    Programs of different draws rotate into each other, change sign and order. Distances between regions in one draw,
    of the scaled programs as thinning sees them (the rows of :math:`H Z \, \mathrm{diag}(s)`, homologues shared), do
    not: each draw is clustered by k-means by itself (started at Ward's tree), and only partitions are compared over
    draws. The final one minimises the posterior expected variation of information among the draws' own and the
    average-linkage tree of the co-clustering probabilities.

    Parameters
    ----------
    fit
        A fit with programs.
    number
        Number of clusters; None (the default) takes the one of largest ``excess``: the mean silhouette over regions
        and draws, less that of a reference as smooth (a gap statistic). The reference is each draw's programs under
        Moran spectral randomisation (`null_maps.moran_randomised`), one pattern of signs for all programs of a draw, so
        that their covariance stays.
    seed
        Seed of the reference; nothing else is random.
    maximum
        Largest number that is tried.

    Raises
    ------
    NeurovaeError
        For a fit without programs.
    SettingsError
        For a number below 2 or above what the regions allow.

    Notes
    -----
    k clusters are always found: whether there are any is what ``excess`` says. Regions without expression take the
    programs that their neighbours and homologues suggest, and the uncertainty of that.

    References
    ----------
    Wade & Ghahramani (2018), Bayesian Analysis 13; Tibshirani, Walther & Hastie (2001), JRSS B 63; Wagner & Dray
    (2015), Methods in Ecology and Evolution 6 (Moran spectral randomisation).
    """
    check_seed(seed)
    tried = _numbers(number, maximum, fit.study.n_regions)
    draws = ProgramDraws.of(fit, _DRAWS)
    points = shared_programs(draws, fit)
    points = points - points.mean(1, keepdims=True)
    choice = _choice(points[:: max(1, _DRAWS // _CHOOSING_DRAWS)], fit.study, tried, seed)
    chosen = int(choice["k"].iloc[int(choice["excess"].argmax())]) if number is None else int(number)
    labels = partitions.k_means(points, partitions.ward(points, range(chosen, chosen + 1))[0], chosen)
    final = _by_size(partitions.representative(labels, chosen))
    found = int(final.max()) + 1
    settings = {"number": found, "chosen": number is None, "seed": seed, "draws": len(points)}
    together = partitions.coclustering(labels)
    membership = _membership(fit.study, together, labels, final, chosen)
    return Clusters(
        membership=membership,
        coclustering=pd.DataFrame(together, index=list(fit.study.regions), columns=list(fit.study.regions)),
        choice=choice,
        summary=_summary(fit.study, points, final, membership),
        settings=settings,
    )


def _numbers(number: int | None, maximum: int, regions: int) -> range:
    for name, value in (("number", number), ("maximum", maximum)):
        if value is not None and (not isinstance(value, Integral) or value < 2):
            raise SettingsError(f"{name} is {value!r}; give a whole number of at least 2.")
    if (number or 2) > regions - 1:
        raise SettingsError(f"{regions} regions make at most {regions - 1} clusters, not {number or 2}; give fewer.")
    return range(2, min(max(maximum, number or 2), regions - 1) + 1)


def _choice(points: np.ndarray, study: Study, numbers: range, seed: int) -> pd.DataFrame:
    """Silhouettes of each number of clusters, of the draws and of the smooth reference."""
    reference = moran_randomised(points, study.graph, seed=seed)
    scores = {name: _scores(some, numbers) for name, some in (("score", points), ("reference", reference))}
    return pd.DataFrame({"k": list(numbers), **scores, "excess": scores["score"] - scores["reference"]})


def _scores(points: np.ndarray, numbers: range) -> np.ndarray:
    distance = np.sqrt(partitions.squared_distances(points))
    started = partitions.ward(points, numbers)
    means = [
        partitions.silhouettes(distance, partitions.k_means(points, labels, number), number).mean()
        for labels, number in zip(started, numbers, strict=True)
    ]
    return np.array(means)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Number clusters from 0, the largest first, of equal ones the one that comes first."""
    names, first, counts = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -counts))
    place = {int(names[old]): new for new, old in enumerate(order)}
    return np.array([place[int(label)] for label in labels])


def _membership(study: Study, together: np.ndarray, labels: np.ndarray, final: np.ndarray, number: int) -> pd.DataFrame:
    others = (final[:, None] == final) & ~np.eye(len(final), dtype=bool)
    company = others.sum(1)
    shared = (together * others).sum(1) / np.maximum(company, 1)
    alone = ((labels[:, :, None] == labels[:, None]).sum(2) == 1).mean(0)
    matched = partitions.match_labels(labels, final, number)
    share = np.eye(number)[matched].mean(0)  # (region, cluster)
    return pd.DataFrame(
        {
            "region": study.regions,
            "cluster": final + 1,
            "probability": np.where(company > 0, shared, alone),
            "uncertainty": partitions.entropy(share),
        }
    )


def _summary(study: Study, points: np.ndarray, final: np.ndarray, membership: pd.DataFrame) -> pd.DataFrame:
    """Name each cluster by the regions that lie farthest along its mean and the genes that depart most in it."""
    expression, measured, rows = standard_expression(study), study.expression_observed, []
    for cluster in range(int(final.max()) + 1):
        members = np.flatnonzero(final == cluster)
        along = np.einsum("drp,dp->r", points[:, members], points[:, members].mean(1))
        regions = [study.regions[i] for i in members[np.argsort(-along, kind="stable")]]
        seen = members[measured[members]]
        departure = expression[seen].mean(0) if len(seen) else np.zeros(len(study.genes))
        leading = np.argsort(-np.abs(departure), kind="stable")[: 10 if len(seen) else 0]
        genes = [f"{'+' if departure[j] >= 0 else '-'}{study.genes[j]}" for j in leading]
        rows.append(
            {"cluster": cluster + 1, "name": _name(regions, genes, study), "size": len(members)}
            | {"probability": membership["probability"].to_numpy()[members].mean()}
            | {"regions": ", ".join(regions), "genes": ", ".join(genes)}
        )
    return pd.DataFrame(rows)


def _name(regions: list[str], genes: list[str], study: Study) -> str:
    """Two regions, of homologues the first only, and two genes."""
    across, named = study.graph.homologue, list[str]()
    for region in regions:
        homologue = study.regions[across[study.regions.index(region)]]
        if homologue == region or homologue not in named:
            named.append(region)
    return ", ".join(named[:2]) + (f": {', '.join(genes[:2])}" if genes else "")
