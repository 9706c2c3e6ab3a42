"""Genes that go together: modules of the expression that programs explain, and their weights on thinning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from ..cards import Introduced, Part, Shown
from ..errors import SettingsError, check_seed
from ..posterior.fits import Fit
from ..posterior.intervals import summary_columns
from ..posterior.program_draws import ProgramDraws, standard_expression
from ..studies.study import Study
from ..wording import counted
from . import partitions

__all__ = ["GeneModules", "gene_modules"]

# Draws whose genes are grouped; draws, and genes, that the number of modules is chosen by.
_DRAWS, _CHOOSING_DRAWS, _CHOOSING_GENES = 100, 15, 400
# Numbers that stand for a gene in a draw, at most; Lloyd's iterations of a draw, which starts at the mean's modules.
_RANK, _STEPS = 16, 5
# Starts of k-means at the posterior mean.
_STARTS = 10


@dataclass(frozen=True, repr=False)
class GeneModules(Introduced):
    """Modules of genes with what the posterior says of them.

    Attributes
    ----------
    membership
        One row a gene, in the study's order: ``module`` (from 1, the largest first), the most probable one; its
        ``probability`` over the draws; ``uncertainty``, the entropy over modules from 0 (certain) to 1.
    probabilities
        Probability of every module; (gene, module).
    weights
        One row a map and module: ``mean``, ``sd``, ``lower50``, ``upper50``, ``lower90``, ``upper90``, ``lower95``,
        ``upper95`` and ``p_positive`` of the module's weight on thinning, the mean over its genes of their weights
        (`tables.gene_table`: slope of the transcriptomic part on a gene, in map units per standard deviation).
    choice
        One row a number of modules ``k``: ``score``, the mean silhouette over genes and draws; ``reference``, the same
        of genes whose loadings are Gaussian with the same covariance, as the model's prior has them; their difference
        ``excess``. Excess about 0 says that genes lie along the programs without forming groups.
    summary
        One row a module: ``name``, by its strongest genes and regions; ``size``; mean ``probability``; ``genes`` and
        ``regions``, strongest first (the sign: whether the module's expression is high or low there).
    settings
        Number of modules, whether it was ``chosen``, seed and number of draws.
    """

    membership: pd.DataFrame
    probabilities: pd.DataFrame
    weights: pd.DataFrame
    choice: pd.DataFrame
    summary: pd.DataFrame
    settings: dict[str, Any]

    def _title(self) -> str:
        chosen = "chosen by silhouette" if self.settings["chosen"] else "as asked"
        return f"GeneModules: {counted(len(self.membership), 'gene')} in {len(self.summary)} modules ({chosen})"

    def _parts(self) -> Iterator[Part]:
        columns = {"name": "{name}", "genes": "{size}", "probability": "{probability:.2f}"}
        yield Shown.of("", self.summary, columns)


def gene_modules(fit: Fit, *, number: int | None = None, seed: int = 0, maximum: int = 10) -> GeneModules:
    r"""Group genes by the co-expression that programs explain, with membership probabilities over the posterior.

    In one draw the programs explain :math:`\tilde Z a_j` of gene j, with loadings :math:`a_j \sim N(B x_j, \tau^2 C)`
    drawn from their conditional (`ProgramDraws.loading_maps`). What no rotation of programs changes is that vector over
    the regions; it is kept as at most 16 numbers, :math:`U' \tilde Z a_j`, on the leading eigenvectors U of the
    posterior mean of :math:`\tilde Z \tilde Z'`, and brought to length one, so that distances are those of the cosine:
    genes of opposite patterns are in different modules. k-means groups the genes at their posterior means, and from
    there in every draw.

    Parameters
    ----------
    fit
        A fit with programs.
    number
        Number of modules; None (the default) takes the one of largest ``excess`` of the silhouette, on at most 400
        genes.
    seed
        Seed of drawn loadings, of k-means' starts and of the genes that choose the number.
    maximum
        Largest number that is tried.

    Raises
    ------
    NeurovaeError
        For a fit without programs.
    SettingsError
        For a number below 2, or too large for the genes.

    Notes
    -----
    A gene that no program explains has a pattern of noise, a probability near one over the number of modules and an
    uncertainty near 1.
    """
    check_seed(seed)
    tried = _numbers(number, maximum, len(fit.study.genes))
    draws = ProgramDraws.of(fit, _DRAWS)
    rng = np.random.default_rng([seed, *b"gene modules"])
    mean, patterns = _patterns(draws, fit.study, rng)
    choice = _choice(patterns, tried, rng)
    chosen = int(choice["k"].iloc[int(choice["excess"].argmax())]) if number is None else int(number)
    start = _mean_modules(mean, chosen, seed)
    labels = np.concatenate(
        [partitions.k_means(_unit(one)[None], start[None], chosen, steps=_STEPS) for one in patterns]
    )
    share = np.stack([(labels == module).mean(0) for module in range(chosen)], 1)  # (gene, module)
    share = share[:, np.argsort(-np.bincount(share.argmax(1), minlength=chosen), kind="stable")]
    final, names = share.argmax(1), [k + 1 for k in range(chosen)]
    columns = {"module": final + 1, "probability": share.max(1), "uncertainty": partitions.entropy(share)}
    membership = pd.DataFrame({"gene": fit.study.genes, **columns})
    return GeneModules(
        membership=membership,
        probabilities=pd.DataFrame(share, index=list(fit.study.genes), columns=names),
        weights=_weights(fit, final, chosen),
        choice=choice,
        summary=_summary(fit.study, mean, final, membership),
        settings={"number": chosen, "chosen": number is None, "seed": seed, "draws": len(patterns)},
    )


def _numbers(number: int | None, maximum: int, genes: int) -> range:
    for name, value in (("number", number), ("maximum", maximum)):
        if value is not None and (not isinstance(value, Integral) or value < 2):
            raise SettingsError(f"{name} is {value!r}; give a whole number of at least 2.")
    if (number or 2) > genes - 1:
        raise SettingsError(
            f"{genes} genes make at most {genes - 1} modules, not {number or 2}; give fewer, or more genes."
        )
    return range(2, min(max(maximum, number or 2), genes - 1) + 1)


def _patterns(draws: ProgramDraws, study: Study, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What programs explain of each gene: its posterior mean (gene, number) and in each draw (draw, gene, number)."""
    expression, centred = study.measured_expression(), draws.centred
    _, vectors = np.linalg.eigh(np.einsum("drp,dsp->rs", centred, centred))
    basis = vectors[:, ::-1][:, : min(_RANK, centred.shape[2])]
    inward = basis.T @ centred  # (draw, number, program)
    maps, inverse = draws.loading_maps()
    to_gene = inward @ maps  # (draw, number, region)
    root = inward @ np.linalg.cholesky(inverse) * draws.noise[:, None, None]
    white = rng.standard_normal((len(centred), centred.shape[2], expression.shape[1]), dtype=np.float32)
    drawn = to_gene.astype(np.float32) @ expression.astype(np.float32) + root.astype(np.float32) @ white
    return (to_gene.mean(0) @ expression).T, drawn.swapaxes(1, 2)


def _unit(points: np.ndarray) -> np.ndarray:
    """Rows of length one; a row of zeros stays."""
    size = np.linalg.norm(points, axis=-1, keepdims=True)
    return np.divide(points, size, out=np.zeros_like(points), where=size > 0)


def _choice(patterns: np.ndarray, numbers: range, rng: np.random.Generator) -> pd.DataFrame:
    """Silhouettes of each number of modules, in the draws and where loadings are Gaussian."""
    genes = patterns.shape[1]
    some = np.sort(rng.choice(genes, min(genes, _CHOOSING_GENES), replace=False))
    drawn = patterns[:: max(1, len(patterns) // _CHOOSING_DRAWS), some].astype(float)
    second = drawn.swapaxes(1, 2) @ drawn / len(some)
    values, vectors = np.linalg.eigh(second)
    root = vectors * np.sqrt(values.clip(min=0))[:, None]
    gaussian = rng.standard_normal(drawn.shape) @ root.swapaxes(1, 2)
    scores = {name: _scores(_unit(points), numbers) for name, points in (("score", drawn), ("reference", gaussian))}
    return pd.DataFrame({"k": list(numbers), **scores, "excess": scores["score"] - scores["reference"]})


def _scores(points: np.ndarray, numbers: range) -> np.ndarray:
    total = np.zeros(len(numbers))
    for one in points:  # a draw at a time: the distances of hundreds of genes fill memory
        distance = np.sqrt(partitions.squared_distances(one[None]))
        started = partitions.ward(one[None], numbers)
        for row, (labels, number) in enumerate(zip(started, numbers, strict=True)):
            total[row] += partitions.silhouettes(distance, partitions.k_means(one[None], labels, number), number)[0]
    return total / len(points)


def _mean_modules(mean: np.ndarray, number: int, seed: int) -> np.ndarray:
    """Best of some k-means of the posterior mean patterns, each started at k-means++; labels (gene,)."""
    from sklearn.cluster import kmeans_plusplus  # late: scikit-learn takes a second to import

    points, found = _unit(mean), []
    for start in range(_STARTS):
        centre, _ = kmeans_plusplus(points, number, random_state=(seed + start) % 2**32)
        labels = partitions.k_means(points[None], (points @ centre.T).argmax(1)[None], number, steps=100)
        member = np.eye(number)[labels[0]]
        # Of points of length one the within sum of squares falls as the lengths of the modules' sums rise.
        kept = (np.square(member.T @ points).sum(1) / np.maximum(member.sum(0), 1)).sum()
        found.append((kept, labels[0]))
    return max(found, key=lambda pair: pair[0])[1]


def _weights(fit: Fit, final: np.ndarray, number: int) -> pd.DataFrame:
    weights = fit.posterior.draws("gene_weight")  # (draw, map, gene)
    member = np.eye(number)[final]
    share = (member / np.maximum(member.sum(0), 1)).astype(weights.dtype)
    draws = (weights @ share).astype(float)  # (draw, map, module)
    maps = fit.study.maps
    table = pd.DataFrame({"map": np.repeat(maps, number), "module": np.tile(np.arange(1, number + 1), len(maps))})
    columns = summary_columns(draws, (50, 90, 95)) | {"p_positive": (draws > 0).mean(0)}
    return table.assign(**{name: column.ravel() for name, column in columns.items()})


def _summary(study: Study, mean: np.ndarray, final: np.ndarray, membership: pd.DataFrame) -> pd.DataFrame:
    """Name each module by the genes that lie farthest along its mean and the regions where it departs most."""
    expression, rows = standard_expression(study), []
    for module in range(int(final.max()) + 1):
        members = np.flatnonzero(final == module)
        along = mean[members] @ _unit(_unit(mean[members]).sum(0))
        genes = [study.genes[j] for j in members[np.argsort(-along, kind="stable")][:10]]
        profile = expression[:, members].sum(1)
        leading = np.argsort(-np.abs(profile), kind="stable")[:10]
        regions = [f"{'+' if profile[i] >= 0 else '-'}{study.regions[i]}" for i in leading]
        rows.append(
            {"module": module + 1, "name": f"{', '.join(genes[:2])}: {', '.join(regions[:2])}", "size": len(members)}
            | {"probability": membership["probability"].to_numpy()[members].mean()}
            | {"genes": ", ".join(genes), "regions": ", ".join(regions)}
        )
    return pd.DataFrame(rows)
