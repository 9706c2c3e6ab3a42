"""Fit: a study's posterior with its tables, and the function that computes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from .. import inferencedata
from ..cards import Introduced, Part, pictures
from ..errors import SettingsError
from ..inference.methods import method_of, methods_that
from ..models.families import family_of
from ..models.options import FitSettings, fit_settings
from ..studies.fingerprints import versions
from ..studies.requests import check_draws
from ..studies.study import Study
from ..studies.summary import ceiling_alarms, sizes
from . import store, tables
from .descriptions import NOTES, UNTOLD, described
from .posterior import Posterior
from .summary import describe_fit, map_sentences, summarise_fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..inference.programs.trained import TrainedPrograms
    from .groups import NamedFit
    from .program_alignment import AlignedPrograms

__all__ = ["Fit", "check_device", "fit", "load"]

Progress = Callable[[str, int, int, float], None]


@dataclass(frozen=True, eq=False, repr=False)
class Fit(Introduced):
    """Posterior of one study under one model.

    Attributes
    ----------
    idata
        ArviZ InferenceData (a DataTree under ArviZ 1.x), dimensions chain, draw, map, region, program, gene. Regions
        that no map observed are left out of the groups that ArviZ compares value by value (``observed_data``,
        ``log_likelihood`` and both predictive ones); ``posterior`` and ``predictions`` have all.
    study
        What was fitted.
    settings
        All that decided the numbers, the seed among them.
    """

    idata: Any
    study: Study
    settings: FitSettings

    def _title(self) -> str:
        how = f"{self.settings.restarts} x {self.settings.draws:,} draws, seed {self.settings.seed}"
        return f"Fit of {self.settings.model}: {sizes(self.study)}; {how}"

    def _parts(self) -> Iterator[Part]:
        yield from map_sentences(self.posterior, self.study)
        yield self.notices
        yield "Next: fit.check(), whether to trust it; fit.regions(), fit.genes(), fit.plot(); nv.report(fit, PATH)."

    @cached_property
    def posterior(self) -> Posterior:
        """The draws and what goes with them, by name."""
        return Posterior(self.idata)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the study and of the training, one sentence each."""
        return (*self.study.notices, *ceiling_alarms(self.study), *self.posterior.notices)

    def summary(self) -> str:
        """Return a readable account: what was fitted, the most affected regions, variance shares, notices."""
        return describe_fit(summarise_fit(self.posterior, self.study))

    def regions(self, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
        """Table of regions, their effects and the predictable part of each; see `tables.region_table`.

        Parameters
        ----------
        prob
            Probability of a further interval of the effect: 0.89 adds lower89 and upper89. None (the default) adds
            none to those of 50, 90 and 95%.
        hdi
            Add the shortest interval in place of the equal-tailed one, as hdi_lower89 and hdi_upper89; of 90% where no
            ``prob`` is given.
        """
        return tables.region_table(self.posterior, self.study, prob=prob, hdi=hdi)

    def vertices(
        self, maps: str | Sequence[str] | None = None, *, prob: float | None = None, hdi: bool = False
    ) -> pd.DataFrame:
        """Table of the vertices of maps that were given by them; see `vertex_draws.vertex_table`.

        Parameters
        ----------
        maps
            Name of a map, or names of several; None (the default) for all that were given by vertices.
        prob, hdi
            A further interval, as in `regions`.

        Raises
        ------
        NeurovaeError
            For a map that was given by regions, and where all were.
        """
        named = [maps] if isinstance(maps, str) else maps
        wanted = list(named) if named is not None else self.study.by_vertices or self.study.maps
        return pd.concat([self._vertex_table(one, prob, hdi) for one in wanted], ignore_index=True)

    def vertex_draws(self, name: str | None = None) -> np.ndarray:
        """Joint draws (draw, vertex) of a map's effect at its vertices, left hemisphere first, NaN where not measured.

        Their means over a region's vertices are the region's draws. None (the default) is the first map; see
        `vertex_draws.draw_vertices`. Those of the map that was asked for last are kept, 80 MB of a thousand draws.

        Raises
        ------
        NeurovaeError
            For a map that was given by regions.
        SettingsError
            When the fit has no such map.
        """
        chosen = self.study.maps[0] if name is None else name
        if chosen not in self.study.maps:
            raise SettingsError(f"the fit has no map {chosen!r}: it has {', '.join(self.study.maps)}.")
        if chosen not in self._vertex_draws:
            from .vertex_draws import check_vertices, draw_vertices  # late: SciPy's sparse algebra takes a while

            vertices, number = check_vertices(self.study, chosen), self.study.maps.index(chosen)
            effect = self.posterior.draws("thinning")[:, number]
            self._vertex_draws.clear()
            self._vertex_draws[chosen] = draw_vertices(vertices, number, effect, seed=self.settings.seed)
        return self._vertex_draws[chosen]

    @cached_property
    def _vertex_draws(self) -> dict[str, np.ndarray]:
        """Draws at the vertices of one map."""
        return {}

    def _vertex_table(self, name: str, prob: float | None, hdi: bool) -> pd.DataFrame:
        """Table of one map's vertices, kept since a report asks for it several times."""
        from .vertex_draws import vertex_table

        key = name, prob, hdi
        if key not in self._vertex_tables:
            self._vertex_tables[key] = vertex_table(name, self.vertex_draws(name), self.study, prob=prob, hdi=hdi)
        return self._vertex_tables[key]

    @cached_property
    def _vertex_tables(self) -> dict[tuple[str, float | None, bool], pd.DataFrame]:
        return {}

    def genes(self, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
        """Table of genes, with a further interval as `regions` has it; see `tables.gene_table`.

        NeurovaeError for a model without genes.
        """
        return tables.gene_table(self.posterior, self.study, prob=prob, hdi=hdi)

    def programs(self, *, wide: bool = False) -> pd.DataFrame:
        """Table of the programs P1, P2 and so on, turned so that they are the same from draw to draw, strongest first.

        They are those of the report and of programs.csv; NeurovaeError for a model without programs.

        Parameters
        ----------
        wide
            One row a program to read, as `program_alignment.AlignedPrograms.wide` and programs_wide.csv have it; False
            (the default) for the tidy `program_alignment.AlignedPrograms.table`.
        """
        return self.aligned.wide() if wide else self.aligned.table.copy()

    @cached_property
    def aligned(self) -> AlignedPrograms:
        """What `programs` are taken from; see `program_alignment.aligned_programs`."""
        from .program_alignment import aligned_programs

        return aligned_programs(self)

    def raw_programs(self) -> pd.DataFrame:
        """Tidy table of the programs as they were drawn, raw1 and so on; see `tables.raw_program_table`."""
        return tables.raw_program_table(self.posterior, self.study)

    def variance(self, *, prob: float | None = None, hdi: bool = False) -> pd.DataFrame:
        """Shares of each map's variance, with a further interval as `regions` has it; see `tables.variance_table`."""
        return tables.variance_table(self.posterior, prob=prob, hdi=hdi)

    def predict(self) -> pd.DataFrame:
        """Predict every region's value observed anew, all noise included; see `tables.prediction_table`."""
        return tables.prediction_table(self.posterior, self.study)

    def check(self) -> pd.DataFrame:
        """Check whether the posterior can be trusted: one row a check and map; see `check.check_table`."""
        from .checks import check_table  # late: SciPy's statistics take half a second to import

        return check_table(self.posterior, self.study, self.settings)

    def plot(self, kind: str = "forest", **options: Any) -> Figure:
        """Draw the fit: a function of `plots` by its name, "forest" (the default), "surface", "variance" and so on.

        Parameters
        ----------
        kind
            Name of the function.
        **options
            What it takes: ``map``, ``top``, ``unit`` and others.

        Raises
        ------
        SettingsError
            For a picture that there is not, or that needs more than a fit.
        """
        drawn = pictures()
        if kind not in drawn:
            raise SettingsError(f"there is no picture {kind!r} of a fit; give one of {', '.join(drawn)}.")
        return drawn[kind](self, **options)

    def map_idata(self, name: str) -> Any:
        """Take one map out of ``idata``, with the regions it observed where ArviZ compares value by value.

        For ``loo``, ``compare``, ``plot_loo_pit`` and the like where there are several maps and each misses regions of
        its own; with one map they take ``idata`` itself.

        Raises
        ------
        SettingsError
            When the fit has no such map.
        """
        if name not in self.study.maps:
            raise SettingsError(f"the fit has no map {name!r}: it has {', '.join(self.study.maps)}.")
        return inferencedata.select_map(self.idata, name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fit, its study and settings to one netCDF file, whole or not at all."""
        store.write_fit(self.idata, path)


def load(path: str | os.PathLike[str]) -> Fit:
    """Read a fit that `Fit.save` wrote.

    Raises
    ------
    InputError
        When the file is missing or holds no fit.
    """
    return Fit(*store.read_fit(path))


def fit(
    study: Study,
    model: str = "cross-scale",
    *,
    method: str = "svi",
    seed: int = 0,
    draws: int = 1000,
    restarts: int | None = None,
    device: str = "auto",
    programs: Fit | None = None,
    progress: bool | Progress | None = None,
    **options: Any,
) -> Fit:
    """Fit a model to a study.

    Parameters
    ----------
    study
        Expression, thinning maps and graph.
    model
        "cross-scale" (the default), one of the baselines "expression", "structural" and "spatial", "stacked" (the first
        three, mixed by how well each predicts held-out regions), or "paper".
    method
        "svi" (the default) trains a guide by stochastic variational inference; "nuts" samples with NumPyro's
        No-U-Turn sampler (extra ``nuts``), a reference that takes minutes; "exact" solves the baselines on a grid.
    seed
        Seed of every random number, at least 0; the same seed gives the same numbers. The caller's random
        state is neither used nor changed.
    draws
        Posterior draws a chain.
    restarts
        Independent trainings, or chains of NUTS, run as one batch; each is a chain of the result. None (the default)
        is 1, and 4 for NUTS.
    device
        "auto" (the default: CUDA where there is one), or a device of PyTorch such as "cpu" or "cuda".
    programs
        An earlier cross-scale fit of the same expression: its programs are kept and only the maps' own scales
        are trained, which makes a further map cost little.
    progress
        None (the default) shows how far it is once two seconds have passed, on a terminal and in a notebook; True shows
        a bar with the ELBO from the start, False nothing; a callable gets (label, step, steps, elbo).
    **options
        Any field of the model's settings or of its training's (`TrainingSettings`, `PaperTraining`), for example
        ``n_programs=8``, ``spatial_prior="iid"`` or ``steps=500``.

    Raises
    ------
    SettingsError
        For an unknown model or option, a number out of range, or ``programs`` of another expression.
    """
    settings = fit_settings(model, method=method, seed=seed, draws=draws, device=device, **options)
    way = method_of(settings.training)
    settings = replace(settings, restarts=way.chains if restarts is None else restarts)
    sizes = {"region": study.n_regions, "gene": len(study.genes), "map": len(study.maps)}
    steps = max(getattr(settings.training, name, 0) for name in ("steps", "map_steps", "warm_up"))
    check_draws(sizes, draws=settings.draws, replicates=settings.restarts, steps=steps, fitted=True)
    lent: TrainedPrograms | None = None
    notices: tuple[str, ...] = ()
    if programs is not None:
        if not way.keeps_programs:
            raise SettingsError(f"programs= goes with method {methods_that(keeps_programs=True)} only.")
        lent, settings = _lent_programs(programs, study, settings)
        notices = (f"the programs are those of an earlier fit (seed {programs.settings.seed}).",)
    from ..inference.progress import training_progress
    from .groups import fit_groups  # late: torch and Pyro take two seconds to import

    check_device(device)
    with training_progress(progress) as report:
        result = fit_groups(study, settings, programs=lent, progress=report)
    result = replace(result, notices=(*notices, *result.notices))
    return Fit(_inference_data(study, settings, result), study, settings)


def check_device(device: str) -> None:
    """Check that a device can be computed on; SettingsError otherwise."""
    if device == "auto":
        return
    import torch  # late: it takes a second

    try:
        torch.ones(1, device=device).item()  # a device that keeps no numbers fails here
    except (RuntimeError, AssertionError, TypeError) as error:
        raise SettingsError(f"device {device!r} is not to be had here; give auto or cpu.") from error


def _inference_data(study: Study, settings: FitSettings, result: NamedFit) -> Any:
    groups = {**result.groups, **store.study_groups(study)}
    strength = result.groups["posterior"].get("strength")
    attrs = store.study_attributes(study) | {
        "format": store.FORMAT,
        "settings": settings.to_json(),
        "versions": json.dumps(versions()),
        "seed": settings.seed,
        "elapsed_s": round(result.elapsed_s, 3),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "notices": json.dumps(result.notices),
    }
    programs = 0 if strength is None else strength[1].shape[-1]
    labels = store.coordinates(study, programs) | {"source": list(family_of(settings.model).sources)}
    unit = study.unit or UNTOLD
    idata = inferencedata.build(
        groups, labels, attrs, about=lambda group, name: described(group, name, unit), notes=NOTES
    )
    return inferencedata.restrict(idata, np.flatnonzero(study.thinning_observed.any(0)))


def _lent_programs(fitted: Fit, study: Study, settings: FitSettings) -> tuple[TrainedPrograms, FitSettings]:
    """Take the trained programs that a fit keeps, once they are seen to belong to the study's expression.

    The settings given back have the priors that the programs were trained under.
    """
    kept = fitted.posterior.trained_programs
    wanted = settings.family.of_programs
    if kept is None or not wanted or not fitted.study.same_as(study, without=("map", "structure")):
        raise SettingsError(
            "programs= takes a cross-scale fit of the same expression, regions and graph; fit this study without it."
        )
    from ..inference.observation import pick_device
    from ..inference.programs.trained import TrainedPrograms

    own = {name: getattr(fitted.settings.family, name) for name in wanted}
    programs = TrainedPrograms.from_arrays(kept, pick_device(settings.device))
    return programs, settings.with_options(own)
