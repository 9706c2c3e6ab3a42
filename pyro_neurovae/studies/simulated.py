"""Studies drawn from the cross-scale model, with what was drawn kept as their truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError, SettingsError, check_seed
from ..graphs.region_graph import RegionGraph
from ..models.algebra import structural_root, tied_programs
from ..readers.standard_errors import cohens_d_error, spread_share
from .correlations import CorrelationInput, error_correlation, structure_of
from .provenance import EXPRESSION, map_source, source_records
from .requests import check_draws, check_rows
from .sampling import sampling_covariance
from .study import Study

__all__ = ["simulate"]


def simulate(
    seed: int = 0,
    *,
    genes: int = 910,
    maps: int = 1,
    programs: int = 14,
    graph: RegionGraph | None = None,
    transcriptomic_scale: float = 0.12,
    spatial_scale: float = 0.06,
    structural_scale: float = 0.05,
    unexplained_scale: float = 0.03,
    intercept: float = -0.2,
    expression_noise: float = 0.6,
    homologue_sharing: float = 0.25,
    n_control: int = 926,
    n_case: int = 426,
    sampling_correlation: CorrelationInput = "auto",
    missing_expression: Sequence[str] = (),
) -> Study:
    r"""Draw a study from the generative process of the family ``cross-scale``.

    .. math:: z_k \sim \mathrm{BYM2}(\phi_k), \quad x_j = (Z s) a_j + \tau \epsilon_j, \quad
              \theta_m = a + c (H Z \bar s) b_m + t u_m + v w_m + \sigma e_m, \quad y_m \sim N(\theta_m, V_m)

    Parameters
    ----------
    seed
        Seed of every number drawn.
    genes, maps, programs
        Sizes g, M and d.
    graph
        Region graph; the 68 Desikan-Killiany regions with homologue edges by default.
    transcriptomic_scale, spatial_scale, structural_scale, unexplained_scale
        Standard deviations c, t, v and sigma over regions, in Cohen's d. The structural part w follows how thickness
        goes together across people, where that is known of the graph's regions; there is none elsewhere.
    intercept
        Mean thinning a, in Cohen's d (negative is thinner).
    expression_noise
        Standard deviation tau of what the programs leave of a gene, whose variance is about one.
    homologue_sharing
        How far thinning sees a program's mean over homologues: h of `models.cross_scale.CrossScale`, from 0 to 1.
    n_control, n_case
        Group sizes, from which the standard errors follow; those of arXiv:2606.05870 by default.
    sampling_correlation
        How sampling errors go together across regions; see `Study.from_files`.
    missing_expression
        Regions whose expression is left out of the study.

    Returns
    -------
    Study
        With ``truth``: ``thinning`` (the effect theta), its parts ``predictable``, ``transcriptomic``, ``spatial``,
        ``structural`` and ``regional`` (map, region), ``gene_weight`` (map, gene; defined as the fit defines it),
        ``program_score`` (region, program), ``strength``, ``smoothness`` (program,) and the scales.

    Raises
    ------
    SettingsError
        For a size below one, a negative scale or a seed that is none.
    InputError
        For a missing region that the graph doesn't have.
    """
    check_seed(seed)
    _check(genes=genes, maps=maps, programs=programs, n_control=n_control, n_case=n_case)
    scales = {
        "transcriptomic_scale": transcriptomic_scale,
        "spatial_scale": spatial_scale,
        "structural_scale": structural_scale,
        "unexplained_scale": unexplained_scale,
    }
    if not all(sd >= 0 for sd in (*scales.values(), expression_noise)):
        raise SettingsError(
            "a scale is negative or no number; scales are standard deviations: give numbers of at least 0."
        )
    if not 0 <= homologue_sharing <= 1:
        raise SettingsError(f"homologue_sharing is {homologue_sharing}; give a number from 0 to 1.")
    graph = RegionGraph.dk68() if graph is None else graph
    check_draws({"region": graph.n_regions, "gene": genes, "map": maps}, draws=1)
    check_rows(float(genes) * max(graph.n_regions, programs), f"{genes:,} genes of {programs:,} programs")
    rng = np.random.default_rng(np.random.SeedSequence([seed, 1]))
    smoothness = rng.uniform(0.5, 0.98, programs)
    score = _programs(graph, smoothness, rng)  # (region, program)
    strength = _strengths(programs, 1 - min(expression_noise, 0.95) ** 2)
    scaled = score * strength  # (region, program)
    tied = tied_programs(score.T, strength, graph.homologue, homologue_sharing)  # (program, region)
    expression = scaled @ rng.standard_normal((programs, genes))
    expression += expression_noise * rng.standard_normal(expression.shape)
    expression[_positions(graph, missing_expression)] = np.nan

    weight = rng.standard_normal((maps, programs))
    transcriptomic = transcriptomic_scale * weight @ tied
    spatial = spatial_scale * rng.standard_normal((maps, graph.n_regions)) @ _root(graph, "icar")
    structure = structure_of("auto", graph)
    known = np.zeros((graph.n_regions, graph.n_regions)) if structure is None else structure
    structural = (
        structural_scale * rng.standard_normal((maps, graph.n_regions)) @ structural_root(*np.linalg.eigh(known))
    )
    predictable = intercept + transcriptomic + spatial + structural
    regional = unexplained_scale * rng.standard_normal(predictable.shape)
    effect = predictable + regional
    standard_error = cohens_d_error(effect, n_control, n_case)
    word, correlation = error_correlation(sampling_correlation, graph)
    joint = np.eye(graph.n_regions) if correlation is None else correlation
    shares = spread_share(effect, n_control, n_case)
    covariance = np.stack(
        [sampling_covariance(se, share, joint) for se, share in zip(standard_error, shares, strict=True)]
    )
    error = np.stack([_symmetric_root(one) @ rng.standard_normal(graph.n_regions) for one in covariance])
    truth = {
        "thinning": effect,
        "predictable": predictable,
        "transcriptomic": transcriptomic,
        "spatial": spatial,
        "structural": structural,
        "regional": regional,
        "program_score": score,
        "strength": strength,
        "smoothness": smoothness,
        **{name: np.full(maps, value) for name, value in scales.items()},
        "gene_weight": _gene_weight(expression, transcriptomic),
    }
    names = ("simulated",) if maps == 1 else tuple(f"simulated{m + 1}" for m in range(maps))
    drawn: dict[str, Any] = {"simulated": True, "seed": seed}
    facts = {EXPRESSION: drawn, **{map_source(name): drawn | {"unit": "Cohen's d"} for name in names}}
    thinning = effect + error
    return Study(
        graph=graph,
        genes=tuple(f"gene{j + 1:04d}" for j in range(genes)),
        maps=names,
        expression=expression,
        thinning=thinning,
        standard_error=standard_error,
        covariance=None if correlation is None else covariance,
        structure=structure,
        sampling_correlation=(word,) * maps,
        normalise="gene",
        sources=source_records(expression, graph, dict(zip(names, thinning, strict=True)), facts),
        truth=truth,
    )


def _check(**sizes: int) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise SettingsError(f"{name} is {size}; give at least 1.")


def _strengths(programs: int, explained: float) -> np.ndarray:
    """Strengths that fall by a tenth from one program to the next and explain a share of a gene's variance."""
    falling = 0.9 ** np.arange(programs)
    return falling * np.sqrt(explained / (falling**2).sum())


def _root(graph: RegionGraph, kind: str, **smoothness: Any) -> np.ndarray:
    """Symmetric root of the unit-scale covariance of a GMRF; (region, region)."""
    from ..models.gmrf import GMRF  # late: torch takes a second to import

    return _symmetric_root(GMRF(graph, kind, **smoothness).covariance().numpy())


def _symmetric_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(min=0))) @ vectors.T


def _programs(graph: RegionGraph, smoothness: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    columns = [_root(graph, "bym2", phi=float(phi)) @ rng.standard_normal(graph.n_regions) for phi in smoothness]
    return np.stack(columns, 1)


def _positions(graph: RegionGraph, names: Sequence[str]) -> list[int]:
    unknown = [name for name in names if name not in graph.names]
    if unknown:
        raise InputError(f"missing_expression names {unknown[0]}, which the graph {graph.label} does not have.")
    return [graph.names.index(name) for name in names]


def _gene_weight(expression: np.ndarray, transcriptomic: np.ndarray) -> np.ndarray:
    """Slope of the transcriptomic part on each normalised gene, over the regions with expression."""
    measured = ~np.isnan(expression).any(1)
    standard = expression[measured] - expression[measured].mean(0)
    standard /= standard.std(0)
    return transcriptomic[:, measured] @ standard / measured.sum()
