"""Posterior: what a fit's InferenceData holds, read by name, chains stacked once and every dimension named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import inferencedata
from ..cards import Introduced
from ..errors import SettingsError
from ..wording import counted
from .intervals import normal_columns, summary_columns

if TYPE_CHECKING:
    import xarray

__all__ = ["Posterior", "TrainingTrace"]


@dataclass(frozen=True, eq=False, repr=False)
class TrainingTrace(Introduced):
    """How the training of a fit went.

    Attributes
    ----------
    loss
        Negative ELBO at every step, in nats; (chain, step).
    drift, drift_se
        What the ELBO still gained over the last tenth of training, and its Monte Carlo standard error; (chain,), NaN
        where training was too short to tell.
    """

    loss: np.ndarray
    drift: np.ndarray
    drift_se: np.ndarray

    def _title(self) -> str:
        chains, steps = self.loss.shape
        return f"TrainingTrace: {counted(chains, 'chain')} of {counted(steps, 'step')}"


@dataclass(frozen=True, eq=False, repr=False)
class Posterior(Introduced):
    """View of one fit's InferenceData: the one place that knows where a quantity lies and how chains are stacked.

    Arrays are (draw, ...), the chains after one another, in the order of dimensions that `dims` tells. They may be the
    fit's own memory: copy them before changing them. ``group`` names another group of draws than the posterior:
    "predictions", "posterior_predictive", "log_likelihood", "log_prior", "prior" and "prior_predictive".

    Attributes
    ----------
    idata
        ArviZ InferenceData (a DataTree under ArviZ 1.x), of this version or of 0.1.
    """

    idata: Any

    def _title(self) -> str:
        chains, draws = self.chains("thinning").shape[:2]
        return f"Posterior: {chains} x {draws:,} draws of {', '.join(self.names())}"

    # Draws

    def has(self, name: str, *, group: str = "posterior") -> bool:
        """Whether a group holds a quantity of that name."""
        return group in inferencedata.group_names(self.idata) and name in inferencedata.group(self.idata, group)

    def names(self, *, group: str = "posterior") -> tuple[str, ...]:
        """Names of what a group holds."""
        return tuple(str(name) for name in inferencedata.group(self.idata, group).data_vars)

    @property
    def has_genes(self) -> bool:
        """Whether genes were weighed."""
        return self.has("gene_weight")

    @property
    def has_programs(self) -> bool:
        """Whether there are programs."""
        return self.has("program_score")

    def draws(self, name: str, map: str | int | None = None, *, group: str = "posterior") -> np.ndarray:
        """Draws of a quantity, chains after one another; (draw, ...).

        Parameters
        ----------
        name
            Of the quantity.
        map
            Name or number of a map, whose part is taken; None (the default) takes all. What is no map's own, such as a
            program's score, is the same for each.
        group
            Where it lies.

        Raises
        ------
        KeyError
            For a quantity that the group does not hold.
        SettingsError
            For a map that the fit does not have.
        """
        values: np.ndarray = self.chains(name, map, group=group).values
        return values.reshape(-1, *values.shape[2:])

    def predictable(self, map: str | int | None = None) -> np.ndarray:
        """Draws of what programs and fields give of an effect; (draw, [map,] region).

        Files of version 0.1 hold nothing else of the effect, under the name of thinning.
        """
        return self.draws("predictable" if self.has("predictable") else "thinning", map)

    def chains(self, name: str, map: str | int | None = None, *, group: str = "posterior") -> xarray.DataArray:
        """Draws of a quantity with their labels, as functions of ArviZ take them; (chain, draw, ...)."""
        array = self._of_map(inferencedata.group(self.idata, group)[name], map)
        return array.transpose("chain", "draw", ...)

    def dims(self, name: str, map: str | int | None = None, *, group: str = "posterior") -> tuple[str, ...]:
        """Dimensions of a quantity after the draw, in the order of `draws`."""
        return tuple(str(dim) for dim in self.chains(name, map, group=group).dims[2:])

    def labels(self, dim: str) -> tuple[str, ...]:
        """Labels along a dimension of the posterior: maps, regions, programs, genes, sources."""
        return tuple(str(label) for label in inferencedata.group(self.idata, "posterior")[dim].values)

    def summary(
        self, name: str, map: str | int | None = None, *, percents: Sequence[int] = (90,), group: str = "posterior"
    ) -> dict[str, np.ndarray]:
        """Posterior ``mean``, ``sd`` and the ends ``lowerXX``, ``upperXX`` of equal-tailed intervals, each `dims`."""
        return summary_columns(self.draws(name, map, group=group), percents)

    def loadings(self) -> dict[str, np.ndarray]:
        """Loadings of the genes on the programs, chains pooled; (gene, program).

        Each chain keeps a mean and an sd: ``mean``, ``sd``, ``lower90`` and ``upper90`` are of the normal distribution
        with the moments of their mixture.
        """
        kept = inferencedata.group(self.idata, "loadings").transpose("chain", "gene", "program")
        means, sds = kept["mean"].values, kept["sd"].values
        return normal_columns(means.mean(0), np.sqrt((sds**2).mean(0) + means.var(0)))

    # How they came about

    def stats(self, name: str, map: str | int | None = None) -> np.ndarray | None:
        """Statistic of the sampler, (chain, ...) as it was kept; None where the method has no such statistic."""
        if not self.has(name, group="sample_stats"):
            return None
        array = self._of_map(inferencedata.group(self.idata, "sample_stats")[name], map)
        values: np.ndarray = array.transpose("chain", ...).values
        return values

    @property
    def training(self) -> TrainingTrace | None:
        """How the training went; None for a method that trains nothing.

        Version 0.1 kept one step there, of 0 or of no number.
        """
        loss, drift, drift_se = (self.stats(name) for name in ("loss", "elbo_drift", "elbo_drift_se"))
        if loss is None or drift is None or drift_se is None or (loss.shape[1] == 1 and not np.nan_to_num(loss).any()):
            return None
        return TrainingTrace(loss, drift, drift_se)

    @property
    def guide(self) -> dict[str, np.ndarray]:
        """What was kept of the trained guide, name to array (chain, ...); empty where nothing was."""
        if "guide" not in inferencedata.group_names(self.idata):
            return {}
        kept = inferencedata.group(self.idata, "guide")
        return {str(name): array.values for name, array in kept.data_vars.items()}

    @property
    def kernels(self) -> dict[str, np.ndarray] | None:
        """Unit covariances (region, region) of the parts that no program makes; None in files of version 0.1."""
        if "kernels" not in inferencedata.group_names(self.idata):
            return None
        kept = inferencedata.group(self.idata, "kernels")
        return {str(name): array.values for name, array in kept.data_vars.items()}

    @property
    def trained_programs(self) -> dict[str, np.ndarray] | None:
        """Arrays of the programs as they were trained on expression, for a further map; None for a fit without them."""
        kept = self.guide
        return kept if {"loc", "elbo"} <= set(kept) else None

    @property
    def settings(self) -> dict[str, Any]:
        """Record of the settings, as `FitSettings.to_json` wrote it."""
        record: dict[str, Any] = json.loads(self.idata.attrs["settings"])
        return record

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what the numbers depend on, by the time of the fit."""
        record: dict[str, str] = json.loads(self.idata.attrs["versions"])
        return record

    @property
    def elapsed_s(self) -> float:
        """Seconds that the fit took."""
        return float(self.idata.attrs["elapsed_s"])

    @property
    def created(self) -> str:
        """When the fit was made, in UTC; "" in files that do not say it."""
        return str(self.idata.attrs.get("created", ""))

    @property
    def command(self) -> str:
        """Command line that made the fit; "" where it was made in Python."""
        return str(self.idata.attrs.get("command", ""))

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the training and the draws, one sentence each."""
        return tuple(json.loads(self.idata.attrs["notices"]))

    def _of_map(self, array: xarray.DataArray, map: str | int | None) -> xarray.DataArray:
        """Part of one map, by its name or number, of an array that may be the same for all maps."""
        if map is None:
            return array
        maps = self.labels("map")
        if map in maps:
            map = maps.index(str(map))
        if not isinstance(map, int | np.integer) or not 0 <= map < len(maps):
            raise SettingsError(f"the fit has no map {map!r}: it has {', '.join(maps)}.")
        return array.isel(map=int(map), missing_dims="ignore")
