"""Study: expression, thinning maps and the graph they lie on, aligned by name and checked once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from ..graphs.registry import as_graph
from ..readers.expression_table import align_expression
from ..readers.frames import ErrorInput, MapInput, covariance_from_frames, maps_from_frames, study_fields
from ..readers.gene_weights import as_gene_weights, as_genes
from ..readers.placement import positions_of
from ..readers.study_tables import map_names, read_covariances, read_expression, read_thinning
from .checks import check_study
from .summary import summarise

if TYPE_CHECKING:
    from ..graphs.region_graph import RegionGraph

__all__ = ["Study"]

Path = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class Study:
    """What a fit sees: read-only copies of arrays, regions in the order of ``graph.names``.

    Attributes
    ----------
    graph
        The graph of the regions.
    genes, maps
        Names of the genes and of the thinning maps, each unique.
    expression
        Expression (region, gene) as given; a whole row is NaN where a region is not measured.
    thinning
        Effect (map, region) in each map's own units (Cohen's d: negative is thinner), NaN where missing.
    standard_error
        Standard error (map, region) of the effect, NaN where thinning is missing; all 0 for a map whose
        sampling error is not known.
    covariance
        Sampling covariance (map, region, region), NaN where thinning is missing, used in place of the squared
        standard errors; None (the default) where it is not known.
    normalise
        "region" (the default): each region has mean 0 and variance 1 over the genes, as arXiv:2606.05870 has it,
        which predicts held-out thinning best; "gene": each gene over the measured regions, for genes on scales that
        don't compare; "none". Gene means are taken off in each case.
    notices
        What was computed, dropped or assumed on the way, one sentence each.
    truth
        What a simulated study was drawn from; None for data.

    Raises
    ------
    InputError
        If shapes, names or numbers can't be used; the sentence names map, region or gene.
    """

    graph: RegionGraph
    genes: tuple[str, ...]
    maps: tuple[str, ...]
    expression: np.ndarray
    thinning: np.ndarray
    standard_error: np.ndarray
    covariance: np.ndarray | None = None
    normalise: Literal["gene", "region", "none"] = "region"
    gene_weights: np.ndarray | None = None
    notices: tuple[str, ...] = ()
    truth: Mapping[str, np.ndarray] | None = None

    def __post_init__(self) -> None:
        for name in ("genes", "maps", "notices"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("expression", "thinning", "standard_error", "covariance", "gene_weights"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.float64))
        check_study(self)
        missing = np.isnan(self.thinning)
        self.standard_error[missing] = np.nan
        if self.covariance is not None:
            self.covariance[missing[:, :, None] | missing[:, None, :]] = np.nan
            self.covariance.setflags(write=False)
        if self.gene_weights is not None:
            self.gene_weights[:] = self.gene_weights / self.gene_weights.mean()
            self.gene_weights.setflags(write=False)
        for array in (self.expression, self.thinning, self.standard_error):
            array.setflags(write=False)

    @classmethod
    def from_files(
        cls,
        expression: Path,
        thinning: Path | Sequence[Path],
        *,
        graph: RegionGraph | Path | None = "dk68",
        regions: pd.DataFrame | Path | None = None,
        value_column: str | None = None,
        se_column: str | None = None,
        standard_error: Literal["file", "none"] = "file",
        covariance: Path | Sequence[Path] = "auto",
        normalise: Literal["gene", "region", "none"] = "region",
        genes: Sequence[str] | Path | None = None,
        gene_weights: pd.Series | Path | None = None,
    ) -> Study:
        """Read a study from text files (CSV, TSV or blanks; gzipped or not).

        Parameters
        ----------
        expression
            Regions by genes or genes by regions.
        thinning
            One file a map, which gives the map its name: a column of regions, one of the effect, one of its
            standard error or two of the group sizes from which that is computed (as Cohen's d).
        graph
            "dk68" (the default), "dk68-boundary" or "dk68-distance" (see `RegionGraph.dk68`), a `RegionGraph`, or a
            file with a labelled square table or a list of edges.
        regions
            For another atlas: a table of its regions with region, x, y, z and, where known, hemisphere, lobe or network
            and homologue. With ``graph=None`` regions are joined with the nearest of their hemisphere. None (the
            default) for what the graph itself says.
        value_column, se_column
            Columns to read from every thinning file; None (the default) looks for the usual names.
        standard_error
            "file" (the default), or "none" where the noise is to be estimated.
        covariance
            "auto" (the default) takes the sampling covariance from ``MAP_covariance.csv`` beside ``MAP.csv`` where
            there is one, as `contrast` writes it; "none" takes none; or one labelled square table for each map,
            ``MAP_covariance.csv`` where there are several maps.
        normalise
            See `Study`.
        genes
            The genes to keep, or a file that lists them; None (the default) for all that can be used.
        gene_weights
            Weight of each gene (see `Study`), a series or a file with the columns gene and weight; None (the default)
            for equal ones.

        Raises
        ------
        InputError
            Naming the file, the row or label, and the remedy.
        """
        paths = [thinning] if isinstance(thinning, str | os.PathLike) else list(thinning)
        labels, (ground, notices) = map_names(paths), as_graph(graph, regions)
        table = read_expression(expression, ground.names, genes=as_genes(genes))
        read = partial(read_thinning, value_column=value_column, se_column=se_column, standard_error=standard_error)
        maps = [read(path, ground.names, name=label) for path, label in zip(paths, labels, strict=True)]
        frames, told = read_covariances(covariance if standard_error == "file" else "none", paths, labels)
        joint = covariance_from_frames(frames, maps, ground.names, matching=True)
        weights = as_gene_weights(gene_weights, table.genes)
        fields = study_fields(table, maps, notices + told)
        return cls(graph=ground, normalise=normalise, covariance=joint, gene_weights=weights, **fields)

    @classmethod
    def from_frames(
        cls,
        expression: pd.DataFrame,
        thinning: MapInput | Mapping[str, MapInput],
        *,
        standard_error: ErrorInput = None,
        covariance: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
        graph: RegionGraph | Path | pd.DataFrame | None = "dk68",
        regions: pd.DataFrame | Path | None = None,
        normalise: Literal["gene", "region", "none"] = "region",
        genes: Sequence[str] | Path | None = None,
        gene_weights: pd.Series | Path | None = None,
    ) -> Study:
        """Build a study from labelled tables in memory; every table is aligned by its own labels.

        Parameters
        ----------
        expression
            Regions by genes, the regions as the index.
        thinning
            A series (region); a frame with columns of effect and standard error or group sizes, named as in a
            file; a frame regions by maps; or a mapping from map name to a series or to a frame of columns.
        standard_error
            A series for one map, a frame regions by maps, a mapping from map name to series, or "none" where
            the noise is to be estimated. None (the default) takes them from the frames' columns, or from the
            diagonal of the covariance.
        covariance
            Sampling covariance as a labelled square frame, for a single map, or a mapping from map name.
        graph, regions, normalise, genes, gene_weights
            As in `from_files`; the graph may also be a labelled adjacency table.

        Raises
        ------
        InputError
            Naming the argument, the row or label, and the remedy.
        """
        ground, notices = as_graph(graph, regions)
        table = align_expression(expression, ground.names, genes=as_genes(genes))
        maps = maps_from_frames(thinning, standard_error, covariance, ground.names)
        joint = covariance_from_frames(covariance, maps, ground.names)
        weights = as_gene_weights(gene_weights, table.genes)
        fields = study_fields(table, maps, notices)
        return cls(graph=ground, normalise=normalise, covariance=joint, gene_weights=weights, **fields)

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions, in the graph's order."""
        return self.graph.names

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.graph.names)

    @property
    def expression_observed(self) -> np.ndarray:
        """Whether a region's expression is measured: bool (region,)."""
        return ~np.isnan(self.expression).any(axis=1)

    @property
    def thinning_observed(self) -> np.ndarray:
        """Whether a map has a value in a region: bool (map, region)."""
        return ~np.isnan(self.thinning)

    def normalised_expression(self) -> np.ndarray:
        """Return the expression (region, gene) that the models see, rows of 0 where it is not measured."""
        measured = self.expression_observed
        shown = self.expression[measured]
        if self.normalise != "none":
            axis = 0 if self.normalise == "gene" else 1
            shown = (shown - shown.mean(axis, keepdims=True)) / shown.std(axis, keepdims=True)
        if self.gene_weights is not None:
            shown = shown * np.sqrt(self.gene_weights)
        normalised = np.zeros_like(self.expression)
        normalised[measured] = shown
        return normalised

    def centred_expression(self) -> np.ndarray:
        """Return it with each gene's mean over the measured regions taken off; (region, gene)."""
        expression, measured = self.normalised_expression(), self.expression_observed
        return np.where(measured[:, None], expression - expression[measured].mean(0), 0.0)

    def summary(self) -> str:
        """Return a readable account: sizes, one line a map, what is missing, notices."""
        return summarise(self)

    def select(self, *, regions: Sequence[str] | None = None, maps: Sequence[str] | None = None) -> Study:
        """Keep some regions or maps, in the order given; the truth of a simulated study is not carried over.

        Raises
        ------
        InputError
            For a name that the study lacks.
        """
        rows = positions_of("region", self.regions, regions)
        kept = positions_of("map", self.maps, maps)
        joint = None if self.covariance is None else self.covariance[np.ix_(kept, rows, rows)]
        return replace(
            self,
            graph=self.graph if regions is None else self.graph.subset([self.regions[row] for row in rows]),
            maps=tuple(self.maps[one] for one in kept),
            expression=self.expression[rows],
            thinning=self.thinning[np.ix_(kept, rows)],
            standard_error=self.standard_error[np.ix_(kept, rows)],
            covariance=joint,
            truth=None,
        )

    def with_thinning(
        self,
        thinning: np.ndarray,
        standard_error: np.ndarray,
        *,
        maps: Sequence[str] | None = None,
        covariance: np.ndarray | None = None,
    ) -> Study:
        """Return a study with the same expression and other maps: folds, null maps, replicates.

        Parameters
        ----------
        thinning, standard_error
            Arrays (map, region), or (region,) for a single map; regions in the order of this study.
        maps
            Names of the maps; None (the default) keeps the present ones.
        covariance
            Sampling covariance (map, region, region); None (the default) leaves the standard errors alone to
            speak, even where this study has a covariance.
        """
        return replace(
            self,
            maps=self.maps if maps is None else tuple(maps),
            thinning=np.atleast_2d(thinning),
            standard_error=np.atleast_2d(standard_error),
            covariance=covariance,
            truth=None,
        )
