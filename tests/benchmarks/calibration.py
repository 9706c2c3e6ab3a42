"""Simulation-based calibration of `cross-scale`, and coverage where the model is wrong; writes calibration.md.

    python tests/benchmarks/calibration.py [--studies 300] [--wrong 40] [--workers 2]
    python tests/benchmarks/calibration.py --graph schaefer100 --expression-graph dk68 --wrong 0 --out PAGE

Study and fit i have seed i. Studies of the first table are drawn from the model's own prior (68 regions with homologue
edges unless another graph is named, 910 genes, 14 programs, the simulated cohort's standard errors; the map's unit,
which the priors of its scales count in, fixed at 0.2 d): the rank of the truth among the draws is then uniform if, and
only if, the posterior is right on average (Talts et al. 2018). Programs and genes may be of another graph than
thinning, which then sees them by position. Those of the second are `nv.simulate(i)` with one assumption broken, on 68
regions; `--wrong 0` leaves it out.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from scipy import stats

import pyro_neurovae as nv
from pyro_neurovae.graphs.registry import GRAPHS
from pyro_neurovae.inference.engine import fit_model
from pyro_neurovae.inference.noise import isolated
from pyro_neurovae.inference.observation import observe
from pyro_neurovae.inference.summaries import gene_weights, variance_shares
from pyro_neurovae.inferencedata import pareto_k
from pyro_neurovae.models.algebra import AXIS_LEVEL, share_homologues
from pyro_neurovae.models.families import family_of
from pyro_neurovae.models.observations import Observations
from pyro_neurovae.models.options import fit_settings
from pyro_neurovae.models.smoothness import pc_scale
from pyro_neurovae.studies.places import Places

PAGE = Path(__file__).with_name("calibration.md")
LEVELS = (50, 90, 95)
UNIT, INTERCEPT = 0.2, 0.4  # sds, in Cohen's d
SCALES = ("transcriptomic_scale", "spatial_scale", "structural_scale", "unexplained_scale")
GRAPH, DRAWS = "dk68", 1000
FAMILY = family_of("cross-scale")

Ranks = dict[str, np.ndarray]


# Studies from the prior


@lru_cache(maxsize=1)
def template_of(graph: str = GRAPH, expression_graph: str = GRAPH) -> Observations:
    """What drawn studies have in common: graphs, the number of genes, and sampling errors."""
    study = nv.simulate(0, graph=GRAPHS[graph]())
    if expression_graph != graph:
        elsewhere = GRAPHS[expression_graph]()
        expression = np.random.default_rng(0).standard_normal((elsewhere.n_regions, len(study.genes)))
        study = replace(study, places=Places.of(study.graph, elsewhere, expression), truth=None)
    return observe(study)


def draw_study(template: Observations, seed: int) -> tuple[Observations, np.ndarray, dict[str, torch.Tensor]]:
    """Observations drawn from the prior as the docs' page on the model has it, genes (region, gene), and the truth."""
    rng = np.random.default_rng([seed, 7])
    settings = fit_settings("cross-scale").family
    fixed = {"unit": torch.full_like(template.unit, UNIT), "level": torch.full_like(template.level, INTERCEPT)}
    whole = replace(template, **fixed)
    model = FAMILY.build(whole, settings)
    places, d, n, genes = template.expression, settings.n_programs, template.regions, template.genes

    def exponential(prior: nv.PCPrior, unit: float, *shape: int) -> np.ndarray:
        return rng.exponential(unit / float(pc_scale(prior.upper, prior.alpha).rate), shape)

    strength, tau = exponential(settings.strength, 1.0, d), exponential(settings.expression_noise, 1.0)
    with isolated(seed):
        phi = model.smoothness_prior.sample((d,))
        c, t, v, sigma = (float(model.scale_prior(name).sample()) for name in SCALES)
    spectrum, h = places.spectrum, rng.random()
    eigenvalues = (phi[:, None] * spectrum.icar + 1 - phi[:, None]).sqrt().numpy()
    z = spectrum.unrotate(torch.as_tensor(rng.standard_normal((d, places.count)) * eigenvalues)).numpy()
    scaled = z * strength[:, None]
    x = scaled.T @ rng.standard_normal((d, genes)) + tau * rng.standard_normal((places.count, genes))
    x -= x.mean(0)
    scatter, elsewhere = torch.as_tensor(x @ x.T / genes), template.places
    if elsewhere is not None:
        elsewhere, x = replace(elsewhere, scatter=scatter), elsewhere.support.numpy() @ x
        x -= x.mean(0)
        scatter = torch.as_tensor(x @ x.T / genes)
    model = FAMILY.build(replace(whole, scatter=scatter, places=elsewhere), settings)
    programs = {"program_score": z, "strength": strength}
    roots = {name: one[0, 0].numpy() for name, one in model.fixed_roots().items()} | model.program_roots(programs)
    scales = dict(zip(SCALES, (c, t, v, sigma), strict=True))
    parts = {part: scales[f"{part}_scale"] * rng.standard_normal(len(root)) @ root for part, root in roots.items()}
    parts["transcriptomic"] = share_homologues(parts["transcriptomic"], places.homologue.numpy(), h)
    if places.support is not None:
        parts["transcriptomic"] = places.support.numpy() @ parts["transcriptomic"]
    level, along = np.array([INTERCEPT, AXIS_LEVEL * UNIT]) * rng.standard_normal(2)
    parts["structural"] += along * template.axis.numpy()
    parts["regional"] = sigma * rng.standard_normal(n)
    effect = level + sum(parts.values())
    error = template.sampling_root[0, 0].numpy() @ rng.standard_normal(n)
    data = replace(model.data, thinning=torch.as_tensor(effect + error)[None, None])
    truth = {"thinning": effect, "predictable": effect - parts["regional"], **parts, **scales, "homologue_sharing": h}
    named = {name: torch.as_tensor(value)[None, None, None] for name, value in truth.items()}
    others = {"strength": strength, "smoothness": phi.numpy(), "expression_noise": tau}
    return data, x, named | {name: torch.as_tensor(value)[None, None] for name, value in others.items()}


def quantities(drawn: dict[str, torch.Tensor], data: Observations, genes: torch.Tensor) -> Ranks:
    """What is compared with the truth, (draw, ...): nothing that depends on the order or sign of programs."""
    shares = variance_shares(drawn, data, FAMILY)[0, :, 0]
    found = {name: drawn[name][0, :, 0] for name in ("thinning", "predictable", *SCALES, "homologue_sharing")}
    found |= {f"share {source}": shares[:, i] for i, source in enumerate(FAMILY.sources)}
    found["gene weight"] = gene_weights(drawn["transcriptomic"], genes, data.expressed)[0, :, 0]
    found["expression noise"] = drawn["expression_noise"][0].reshape(-1)
    found["total strength"] = drawn["strength"][0].norm(dim=-1)
    found["mean smoothness"] = drawn["smoothness"][0].mean(-1)
    return {name: values.numpy() for name, values in found.items()}


def prior_ranks(seed: int, graph: str = GRAPH, expression_graph: str = GRAPH, draws: int = DRAWS) -> Ranks:
    """Share of draws below the truth, of every quantity of one study drawn from the prior."""
    quiet()
    data, x, truth = draw_study(template_of(graph, expression_graph), seed)
    drawn = fit_model(data, fit_settings("cross-scale", draws=draws), (seed,)).sampler.draw(draws)
    genes = torch.as_tensor(x)
    true, found = quantities(truth, data, genes), quantities(drawn, data, genes)
    below = {name: (values < true[name]).mean(0) for name, values in found.items()}
    shapes = [float(drawn["programs_k"].max()), float(drawn["programs_ess"].min()), scales_k(drawn)]
    return below | {"k": np.array(shapes)}


def scales_k(drawn: dict[str, torch.Tensor]) -> float:
    """Pareto k of the importance ratios of the map's scales."""
    return float(pareto_k(drawn["log_weight"][0].flatten(0, 1)[:, 0].numpy()))


# Studies that break an assumption


def as_it_is(study: nv.Study, rng: np.random.Generator) -> nv.Study:
    """Everything as the model says."""
    return study


def heavy_tails(study: nv.Study, rng: np.random.Generator) -> nv.Study:
    """Noise of Student's t with 3 degrees of freedom, of the same standard deviation."""
    sd = np.sqrt(study.standard_error**2 + study.truth["unexplained_scale"][:, None] ** 2)
    noise = sd * rng.standard_t(3, sd.shape) / np.sqrt(3)
    return study.with_thinning(study.truth["predictable"] + noise, study.standard_error)


def wrong_graph(study: nv.Study, rng: np.random.Generator) -> nv.Study:
    """A graph whose labels are shuffled."""
    order = rng.permutation(study.n_regions)
    return replace(study, graph=replace(study.graph, weights=study.graph.weights[np.ix_(order, order)]))


def noisy_genes(study: nv.Study, rng: np.random.Generator) -> nv.Study:
    """Expression noise that differs by gene: further noise of sd 0 to 1.5, uniformly over the genes."""
    further = rng.uniform(0, 1.5, len(study.genes)) * rng.standard_normal(study.expression.shape)
    return replace(study, expression=study.expression + further)


def correlated_errors(study: nv.Study, rng: np.random.Generator) -> nv.Study:
    """Half of the sampling variance smooth over the cortex (ICAR), which the fit is not told."""
    covariance = nv.GMRF(study.graph, "icar").covariance().numpy()
    values, vectors = np.linalg.eigh(covariance)
    smooth = (vectors * np.sqrt(values.clip(min=0))) @ rng.standard_normal(len(values))
    own = np.sqrt(0.5) * (smooth + rng.standard_normal(len(values)))
    return study.with_thinning(study.truth["thinning"] + study.standard_error * own, study.standard_error)


WRONG: dict[str, Callable[[nv.Study, np.random.Generator], nv.Study]] = {
    "none": as_it_is,
    "heavier tails (t, 3 df)": heavy_tails,
    "wrong graph (labels shuffled)": wrong_graph,
    "expression noise that differs by gene": noisy_genes,
    "sampling errors correlated over the cortex": correlated_errors,
}


def wrong_ranks(task: tuple[str, int], draws: int = DRAWS) -> Ranks:
    """Share of draws below the truth where an assumption is broken."""
    quiet()
    name, seed = task
    simulated = nv.simulate(seed)
    study, truth = WRONG[name](simulated, np.random.default_rng([seed, 8])), simulated.truth
    fit = nv.fit(study, seed=seed, draws=draws)
    posterior = fit.idata["posterior"]
    slopes = gene_slopes(study, truth["transcriptomic"][0])
    below = {
        "thinning": (posterior["thinning"].values[0, :, 0] < truth["thinning"][0]).mean(0),
        "gene weight": (posterior["gene_weight"].values[0, :, 0] < slopes).mean(0),
    }
    failing = fit.check()
    return below | {"failed": np.array(sorted(set(failing.loc[failing["status"] == "fail", "check"])), dtype=object)}


def gene_slopes(study: nv.Study, transcriptomic: np.ndarray) -> np.ndarray:
    """Slope of the true transcriptomic part on each normalised gene, as the study has it; (gene,)."""
    x = study.normalised_expression()
    x = x - x.mean(0)
    return np.asarray(transcriptomic @ x / (len(x) * x.std(0)))


# The page


def quiet() -> None:
    """Leave out notices of single fits."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)


def covered(below: np.ndarray, percent: int) -> np.ndarray:
    """Whether equal-tailed intervals hold the truth."""
    return np.abs(below - 0.5) <= percent / 200


def uniformity(below: np.ndarray) -> float:
    """P-value of uniform ranks (study, quantity): the largest departure of their distribution against chance.

    One rank a study: the smallest pointwise probability of the empirical distribution over a grid, against uniform
    ranks (Sailynoja et al. 2022). Many ranks a study, which hang together: the largest studentised departure of the
    studies' mean distribution, against studies with random signs (a wild bootstrap with the study as the unit; its grid
    leaves out the outer twentieths, where few studies decide).
    """
    rng, studies = np.random.default_rng(0), len(below)
    if below.shape[1] == 1:
        grid = np.arange(1, 100) / 100
        uniform = rng.random((4000, studies))
        return float((band_p(uniform, grid) <= band_p(below.T, grid)).mean())
    grid = np.arange(5, 96) / 100
    departure = (below[..., None] < grid).mean(1) - grid  # (study, grid)
    signs = rng.choice([-1.0, 1.0], (4000, studies))
    width = departure.std(0)
    return float((np.abs(signs @ departure / width).max(1) >= np.abs(departure.sum(0) / width).max()).mean())


def band_p(below: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Smallest two-sided pointwise probability of the empirical distribution of ranks (..., study)."""
    counts, n = np.stack([(below < point).sum(-1) for point in grid], -1), below.shape[-1]
    tails = np.minimum(stats.binom.cdf(counts, n, grid), stats.binom.sf(counts - 1, n, grid))
    return np.asarray(2 * tails.min(-1))


def prior_table(ranks: list[Ranks]) -> Iterator[str]:
    """Rows of the first table."""
    yield "| quantity | 50% | 90% | 95% | se of 90% | ranks: p of uniformity | within the 95% band |"
    yield "|---|---|---|---|---|---|---|"
    for name in [key for key in ranks[0] if key != "k"]:
        values = np.stack([one[name] for one in ranks]).reshape(len(ranks), -1)
        held = {percent: covered(values, percent).mean(1) for percent in LEVELS}
        shares = " | ".join(f"{100 * held[percent].mean():.1f}" for percent in LEVELS)
        se, p = 100 * held[90].std(ddof=1) / np.sqrt(len(values)), uniformity(values)
        yield f"| {name.replace('_', ' ')} | {shares} | {se:.1f} | {p:.3f} | {'yes' if p >= 0.05 else 'NO'} |"


def wrong_table(found: dict[str, list[Ranks]]) -> Iterator[str]:
    """Rows of the second table."""
    yield "| broken assumption | thinning 50 / 90 / 95% | gene weights 50 / 90 / 95% | fits that fail a check | by |"
    yield "|---|---|---|---|---|"
    for name, ranks in found.items():
        cells = []
        for quantity in ("thinning", "gene weight"):
            shares = [100 * np.mean([covered(one[quantity], percent).mean() for one in ranks]) for percent in LEVELS]
            cells.append(" / ".join(f"{share:.1f}" for share in shares))
        failed = [check for one in ranks for check in one["failed"]]
        counts = ", ".join(f"{check} {failed.count(check)}" for check in sorted(set(failed)))
        yield f"| {name} | {' | '.join(cells)} | {sum(len(one['failed']) > 0 for one in ranks)} | {counts} |"


def main() -> None:
    """Run both studies and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=300)
    parser.add_argument("--wrong", type=int, default=40)
    parser.add_argument("--graph", choices=sorted(GRAPHS), default=GRAPH, help="of thinning")
    parser.add_argument(
        "--expression-graph", choices=sorted(GRAPHS), help="of programs and genes; the same unless said"
    )
    parser.add_argument("--draws", type=int, default=DRAWS, help="of a fit")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0, help="of the first study; the others count on from it")
    parser.add_argument("--out", type=Path, default=PAGE)
    given = parser.parse_args()
    places, seeds = given.expression_graph or given.graph, range(given.seed, given.seed + given.studies)
    ranked = partial(prior_ranks, graph=given.graph, expression_graph=places, draws=given.draws)
    broken = partial(wrong_ranks, draws=given.draws)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.workers, mp_context=context) as pool:
        ranks = list(pool.map(ranked, seeds))
        tasks = [(name, given.seed + i) for name in WRONG for i in range(given.wrong)]
        wrong = list(pool.map(broken, tasks))
    options = {"graph": given.graph, "expression-graph": places, "draws": given.draws}
    usual = {"graph": GRAPH, "expression-graph": given.graph, "draws": DRAWS}
    told = "".join(f" --{name} {value}" for name, value in options.items() if value != usual[name])
    command = f"calibration.py --studies {given.studies} --wrong {given.wrong}{told} --seed {given.seed}"
    today = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        f"# Calibration of `cross-scale`{where(given.graph, places)}",
        "",
        f"`python tests/benchmarks/{command}`, {today}, version {nv.__version__}, {given.draws} draws a fit.",
        "",
        *prior_page(ranks, given.draws),
        "",
    ]
    if given.wrong:
        of = {name: [one for task, one in zip(tasks, wrong, strict=True) if task[0] == name] for name in WRONG}
        lines += [*wrong_page(of), ""]
    given.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


def where(graph: str, expression_graph: str) -> str:
    """What the title says of graphs other than the usual one."""
    if expression_graph != graph:
        return f", thinning on {graph} and expression on {expression_graph}"
    return "" if graph == GRAPH else f" on {graph}"


def prior_page(ranks: list[Ranks], draws: int) -> Iterator[str]:
    """Lines on the studies from the prior."""
    k = np.stack([one["k"] for one in ranks])
    yield f"## {len(ranks)} studies drawn from the prior"
    yield ""
    yield (
        "Coverage of equal-tailed intervals, in percent, and uniformity of the ranks: the p-value of the largest\n"
        "departure of their distribution (over all regions or genes where a study has many, which is then the unit),\n"
        "which is within the simultaneous 95% band where it is 0.05 or more. Programs enter by what does not depend\n"
        "on their order or sign."
    )
    yield ""
    yield from prior_table(ranks)
    yield ""
    yield (
        f"Resampling of the programs by the thinning: Pareto k above 0.7, so that it was left out, in "
        f"{int((k[:, 0] > 0.7).sum())} of {len(k)} studies; effective draws {np.median(k[:, 1]):.0f} of {draws} in the "
        f"median. Importance of the map's scales: k above 0.7 in {int((k[:, 2] > 0.7).sum())}, its 90% point "
        f"{np.quantile(k[:, 2], 0.9):.2f}."
    )


def wrong_page(found: dict[str, list[Ranks]]) -> Iterator[str]:
    """Lines on the studies that break an assumption."""
    yield f"## {len(next(iter(found.values())))} studies each with a broken assumption"
    yield ""
    yield "`nv.simulate(i)`, of fixed scales and programs of falling strength, which is not a draw from the prior."
    yield ""
    yield from wrong_table(found)


if __name__ == "__main__":
    main()
