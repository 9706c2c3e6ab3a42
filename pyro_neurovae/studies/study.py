"""Study: expression, thinning maps and the graph they lie on, aligned by name and checked once."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..cards import Introduced, Part
from ..graphs.parts import Value, parts_of, put, same_parts, selected, settle
from ..graphs.region_graph import RegionGraph
from ..graphs.registry import GraphKind, as_graph
from ..readers.arrays import with_labels
from ..readers.covariance_table import covariance_files, covariance_from_frames
from ..readers.expression_table import align_expression
from ..readers.frames import ErrorInput, MapInput, maps_from_frames, study_fields
from ..readers.placement import positions_of
from ..readers.registry import read, read_if_file
from ..readers.reliability import place_reliability
from ..readers.thinning_table import FlipInput, flips, map_names
from ..readers.vertex_files import check_halves
from .checks import check_parts
from .correlations import CorrelationInput, check_together, correlation_words, is_word, joint_errors, structure_of
from .places import Places, places_of
from .provenance import facts_of, facts_of_maps, known_sources, map_source, records_of, selected_sources, told_sources
from .sampling import spread_apart
from .summary import ceiling_alarms, map_table, sizes, summarise
from .vertex_errors import means_errors, with_errors_of_means
from .vertices import Vertices, vertices_of

__all__ = ["Study"]

Path = str | os.PathLike[str]

# Dimensions of what a simulated study was drawn from; of what is not named here, those of a map.
TRUTH: Mapping[str | None, tuple[str, ...]] = {
    "program_score": ("region", "truth_program"),
    "strength": ("truth_program",),
    "smoothness": ("truth_program",),
    "gene_weight": ("map", "gene"),
    None: ("map", "region"),
}

# Weights whose mean is that near to 1 are left as they are, so that a copy of a study has the same to the last bit.
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False, repr=False)
class Study(Introduced):
    """What a fit sees: read-only copies of arrays, regions in the order of ``graph.names``.

    Attributes
    ----------
    graph
        The graph of the regions.
    genes, maps
        Names of the genes and of the thinning maps, each unique.
    expression
        Expression (region, gene) as given; a whole row is NaN where a region is not measured. With ``places`` it is
        what the regions see of theirs, whatever is given here.
    thinning
        Effect (map, region) in each map's own units (Cohen's d: negative is thinner), NaN where missing.
    standard_error
        Standard error (map, region) of the effect, NaN where thinning is missing; all 0 for a map whose
        sampling error is not known.
    covariance
        Sampling covariance (map, region, region), NaN where thinning is missing, used in place of the squared
        standard errors; None (the default) where it is not known.
    sampling_correlation
        What the covariance of each map comes from: "own" (given with the map), "normative", "interpolated" (see
        `atlases.normative`), "exchangeable" (one correlation for all pairs), the name of a file, or "independent".
        It says what the covariance is, and nothing is computed from it.
    spread_share
        Share (map, region) of each squared standard error that comes from estimating the standard deviation that an
        effect is divided by (`readers.standard_errors.spread_share`, of Cohen's d), 0 to 1; None (the default) for 0.
    structure
        Correlation of regional thickness across people (region, region), along whose axes diseases may go; None (the
        default) where none is known. No expression enters it.
    normalise
        "region" (the default): each region has mean 0 and variance 1 over the genes, as arXiv:2606.05870 has it,
        which predicts held-out thinning best; "gene": each gene over the measured regions, for genes on scales that
        don't compare; "none". Gene means are taken off in each case.
    gene_weights
        Reliability (gene,), each gene's precision among the others, over the mean; None (the default) for equal ones.
    notices
        What was computed, dropped or assumed on the way, one sentence each.
    sources
        Records of where it came from, texts that `provenance` reads.
    truth
        What a simulated study was drawn from; None for data.
    places
        Where expression was measured, if not in these regions; None (the default) where it was.
    vertices
        What maps have at the vertices that their regions are means of; None (the default) for maps of regions. No fit
        sees them: `Fit.vertices` tells them from its effects.

    Raises
    ------
    InputError
        If shapes, names or numbers can't be used; the sentence names map, region or gene.
    """

    graph: RegionGraph = field(metadata={"record": RegionGraph})
    genes: tuple[str, ...] = field(metadata={"dims": ("gene",), "kind": "texts", "stored": "gene"})
    maps: tuple[str, ...] = field(metadata={"dims": ("map",), "kind": "texts", "stored": "map"})
    expression: np.ndarray = field(metadata={"dims": ("region", "gene")})
    thinning: np.ndarray = field(metadata={"dims": ("map", "region")})
    standard_error: np.ndarray = field(metadata={"dims": ("map", "region")})
    covariance: np.ndarray | None = field(default=None, metadata={"dims": ("map", "region", "region")})
    sampling_correlation: tuple[str, ...] = field(
        default=(), metadata={"dims": ("map",), "kind": "texts", "decides": False}
    )
    spread_share: np.ndarray | None = field(default=None, metadata={"dims": ("map", "region")})
    structure: np.ndarray | None = field(default=None, metadata={"dims": ("region", "region")})
    normalise: Literal["gene", "region", "none"] = "region"
    gene_weights: np.ndarray | None = field(default=None, metadata={"dims": ("gene",), "stored": "expression_weight"})
    notices: tuple[str, ...] = field(
        default=(), metadata={"kind": "texts", "stored": "study_notices", "decides": False}
    )
    sources: tuple[str, ...] = field(
        default=(), metadata={"kind": "texts", "stored": "study_sources", "decides": False}
    )
    truth: Mapping[str, np.ndarray] | None = field(
        default=None, metadata={"dims": TRUTH, "stored": "truth_", "decides": False}
    )
    places: Places | None = field(default=None, metadata={"record": Places})
    vertices: Vertices | None = field(default=None, metadata={"record": Vertices, "prefix": "vertex_"})

    def __post_init__(self) -> None:
        settle(self)
        if self.places is not None:
            seen = self.places.seen(self.places.expression)
            put(self, expression=np.where(self.places.seeing[:, None], seen, np.nan))
        words = correlation_words(self.sampling_correlation, self.maps, self.covariance)
        object.__setattr__(self, "sampling_correlation", words)
        check_parts(parts_of(self))
        missing = np.isnan(self.thinning)
        put(self, standard_error=np.where(missing, np.nan, self.standard_error))
        if self.spread_share is not None:
            put(self, spread_share=np.where(missing, np.nan, self.spread_share))
        if self.covariance is not None:
            apart = missing[:, :, None] | missing[:, None, :]
            put(self, covariance=np.where(apart, np.nan, self.covariance))
        if self.gene_weights is not None and abs(self.gene_weights.mean() - 1) > ROUNDING:
            put(self, gene_weights=self.gene_weights / self.gene_weights.mean())

    def _title(self) -> str:
        return f"Study: {sizes(self)}"

    def _parts(self) -> Iterator[Part]:
        if self.places is None:
            yield f"Expression is measured in {int(self.expression_observed.sum())} of {self.n_regions} regions."
        else:
            yield self.places.told
        yield map_table(self)
        yield told_sources(self)
        yield (*self.notices, *ceiling_alarms(self))

    def parts(self) -> dict[str, Value]:
        """All that the study holds: name to array, texts or text; what is not there is left out.

        The graph's are called "graph.weights" and so on, what a simulated study was drawn from "truth.thinning". They
        are the fields of the class as their metadata declares them (see `graphs.parts`), so that a field that is added
        is checked for its shape, kept in files, told apart by `same_as` and by fingerprints, and selected.
        """
        return {name: part.value for name, part in parts_of(self).items()}

    def same_as(self, other: Study, *, without: Collection[str] = ()) -> bool:
        """Whether all that decides a result is the same, notices and truth apart.

        Parameters
        ----------
        without
            Dimensions and names of parts that are left out: ``("map", "structure")`` compares the regions, the graph
            and the expression.
        """
        mine, theirs = (
            {
                name: part
                for name, part in parts_of(one).items()
                if part.decides and not {name, *part.dims} & set(without)
            }
            for one in (self, other)
        )
        return same_parts(mine, theirs)

    @classmethod
    def from_files(
        cls,
        expression: Path,
        thinning: Path | Sequence[Path],
        *,
        graph: RegionGraph | Path | None = "dk68",
        expression_graph: RegionGraph | Path | None = None,
        regions: pd.DataFrame | Path | None = None,
        graph_kind: GraphKind = "weights",
        value_column: str | None = None,
        se_column: str | None = None,
        standard_error: Literal["file", "sizes", "none"] = "file",
        kind: str = "auto",
        flip: FlipInput = False,
        covariance: Path | Sequence[Path] = "auto",
        sampling_correlation: CorrelationInput = "auto",
        structure: CorrelationInput = "auto",
        normalise: Literal["gene", "region", "none"] = "region",
        genes: Sequence[str] | Path | None = None,
        gene_weights: pd.Series | Path | None = None,
    ) -> Study:
        """Read a study from text files (CSV, TSV or blanks; gzipped or not), or whatever a reader is registered for.

        Parameters
        ----------
        expression
            Regions by genes or genes by regions.
        thinning
            One file a map, which gives the map its name: a column of regions, one of the effect, negative where cases
            are thinner, and one of its standard error, or what that is computed from: the effect's interval, the sizes
            of the groups (for Cohen's d) or its test statistic; or a value for each vertex of fsaverage
            (`readers.vertex_maps.read_vertex_map`). What was read is told in ``notices``.
        graph
            "dk68" (the default), "dk68-boundary" or "dk68-distance" (see `RegionGraph.dk68`), "schaefer100" or
            "schaefer400" (`RegionGraph.schaefer`), a `RegionGraph`, or a file with a labelled square table or a list of
            edges.
        expression_graph
            Graph of the parcels in which expression was measured, as for ``graph``, where these are not the regions of
            the maps: programs live on them, and the maps' regions see them by position (`graphs.supports`). None (the
            default): expression is of the maps' regions.
        regions
            For another atlas: a table of its regions with region, x, y, z and, where known, hemisphere, lobe or network
            and homologue. With ``graph=None`` regions are joined with the nearest of their hemisphere. None (the
            default) for what the graph itself says.
        graph_kind
            What the numbers of the graph's table are: "weights" (the default), the larger the nearer, or "distance":
            each region is then joined with the nearest. Distances that are not called so are refused.
        value_column, se_column
            Columns to read from every thinning file; None (the default) looks for the usual names.
        standard_error
            "file" (the default); "sizes" to compute them from group sizes, as of Cohen's d, even where the file has a
            column of them (which may belong to another effect, be negative or be far off); or "none" where the noise
            is to be estimated. A sampling covariance is read with "file" alone.
        kind
            What the effects are: "d" (Cohen's d), "mm", "percent", "rate", "t", "z" or "b" (another difference or
            coefficient); "auto" (the default) goes by the names of the columns. t and z values have the error 1.
        flip
            Whether positive means thinner, so that signs are turned round: False (the default), True for all maps, or
            the names of those maps.
        covariance
            "auto" (the default) takes the sampling covariance from ``MAP_covariance.csv`` beside ``MAP.csv`` where
            there is one, as `contrast` writes it; "none" takes none; or one labelled square table for each map,
            ``MAP_covariance.csv`` where there are several maps.
        sampling_correlation
            How sampling errors go together across regions, which were all measured in the same people. "auto" (the
            default): a map's own covariance where there is one; else the normative correlation of thickness on the
            68 Desikan-Killiany regions, or interpolated from it for another atlas whose regions have positions and
            hemispheres, in both cases mixed with an equal one (`studies.sampling`); else one equal correlation. Means
            over the vertices of a map err less than these do (`studies.vertex_errors`).
            "exchangeable": one equal correlation; "independent": none; a labelled square table of correlations or
            its file. Other than "auto" it is for each map, and no covariance is looked for beside the maps. What
            estimating the standard deviation adds to the error of Cohen's d stays out of it.
        structure
            Correlation of thickness across people, for what of a map goes along the axes of healthy variation. "auto"
            (the default): the normative or interpolated one, none where neither is known; "none"; a labelled square
            table or its file.
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
        check_halves(paths)
        labels, (ground, notices) = map_names(paths), as_graph(graph, regions, kind=graph_kind)
        check_together(standard_error, covariance, sampling_correlation)
        elsewhere, further = (None, ()) if expression_graph is None else as_graph(expression_graph)
        table = read("expression", expression, (elsewhere or ground).names, genes=read_if_file("genes", genes))
        columns: dict[str, Any] = {"value_column": value_column, "se_column": se_column}
        # What is not asked for is not passed, as a reader of the user's own need not know it.
        columns |= {} if kind == "auto" else {"kind": kind}
        turned = {one: {"flip": True} if turn else {} for one, turn in flips(flip, labels).items()}
        maps = [
            read("thinning", path, ground.names, name=one, standard_error=standard_error, **columns, **turned[one])
            for path, one in zip(paths, labels, strict=True)
        ]
        asked = not is_word(covariance, "auto") or is_word(sampling_correlation, "auto")
        files = covariance_files(covariance if asked and standard_error == "file" else "none", paths, labels)
        frames = {label: read("covariance", file) for label, file in files.items()}
        own = covariance_from_frames(frames, maps, ground.names, files=files)
        fine = means_errors(maps, ground.names, without=own) if is_word(sampling_correlation, "auto") else {}
        maps = [with_errors_of_means(one, fine[one.name]) if one.name in fine else one for one in maps]
        told = (f"{label}: errors correlate across regions as {file.name} says." for label, file in files.items())
        joint, words, together = joint_errors(sampling_correlation, maps, own, ground, fine)
        given = {one: facts_of(path) for path, one in zip(paths, labels, strict=True)}
        return cls(
            graph=ground,
            normalise=normalise,
            covariance=joint,
            sampling_correlation=words,
            structure=structure_of(structure, ground),
            gene_weights=place_reliability(read_if_file("reliability", gene_weights), table.genes),
            places=places_of(ground, elsewhere, table.values),
            vertices=vertices_of(maps, ground),
            sources=records_of(table, maps, ground, facts_of(expression), facts_of(graph), given),
            **study_fields(table, maps, (*notices, *further, *told, *together)),
        )

    @classmethod
    def from_frames(
        cls,
        expression: pd.DataFrame | np.ndarray,
        thinning: MapInput | Mapping[str, MapInput],
        *,
        standard_error: ErrorInput = None,
        kind: str = "auto",
        flip: FlipInput = False,
        covariance: pd.DataFrame | Mapping[str, pd.DataFrame] | None = None,
        sampling_correlation: CorrelationInput = "auto",
        structure: CorrelationInput = "auto",
        graph: RegionGraph | Path | pd.DataFrame | None = "dk68",
        expression_graph: RegionGraph | Path | pd.DataFrame | None = None,
        regions: pd.DataFrame | Path | None = None,
        graph_kind: GraphKind = "weights",
        normalise: Literal["gene", "region", "none"] = "region",
        genes: Sequence[str] | Path | None = None,
        gene_weights: pd.Series | Path | None = None,
        names: Sequence[str] | None = None,
    ) -> Study:
        """Build a study from labelled tables in memory; every table is aligned by its own labels.

        Parameters
        ----------
        expression
            Regions by genes, the regions as the index.
        thinning
            A series (region); a frame with columns of effect and standard error or group sizes, named as in a
            file; a frame regions by maps; or a mapping from map name to a series or to a frame of columns. A column
            or single series called d, cohens_d or the like is known to be Cohen's d; of a frame regions by maps each
            column is a map whatever its name.
        standard_error
            A series for one map, a frame regions by maps, a mapping from map name to series, "sizes" to compute them
            from the frames' group sizes whatever other column they have, or "none" where the noise is to be
            estimated. None (the default) takes them from the frames' columns, or from the diagonal of the covariance.
        kind, flip
            As in `from_files`; a single series' name tells its kind too.
        covariance
            Sampling covariance as a labelled square frame, for a single map, or a mapping from map name.
        sampling_correlation
            As in `from_files`, for the maps without a covariance of their own.
        structure, graph, expression_graph, regions, graph_kind, normalise, genes, gene_weights
            As in `from_files`; the graph may also be a labelled adjacency table.
        names
            Regions in the order of the rows, for what comes as arrays: expression (region, gene), whose genes are then
            named by ``genes``, maps and errors (region,) or (region, map), covariances and adjacency (region, region).

        Raises
        ------
        InputError
            Naming the argument, the row or label, and the remedy.
        """
        listed: Sequence[str] | None = read_if_file("genes", genes)
        origin = expression
        rows: pd.DataFrame = with_labels(expression, names, source="expression", columns=listed or ())
        thinning = with_labels(thinning, names, source="thinning")
        standard_error = with_labels(standard_error, names, source="standard_error")
        covariance = with_labels(covariance, names, source="covariance", square=True)
        graph = with_labels(graph, names, source="graph", square=True)
        ground, notices = as_graph(graph, regions, kind=graph_kind)
        elsewhere, further = (None, ()) if expression_graph is None else as_graph(expression_graph)
        table = align_expression(rows, (elsewhere or ground).names, genes=listed)
        check_together(standard_error, covariance, sampling_correlation)
        maps = maps_from_frames(thinning, standard_error, covariance, ground.names, kind=kind, flip=flip)
        own = covariance_from_frames(covariance, maps, ground.names)
        joint, words, together = joint_errors(sampling_correlation, maps, own, ground)
        return cls(
            graph=ground,
            normalise=normalise,
            covariance=joint,
            sampling_correlation=words,
            structure=structure_of(structure, ground),
            gene_weights=place_reliability(read_if_file("reliability", gene_weights), table.genes),
            places=places_of(ground, elsewhere, table.values),
            sources=records_of(table, maps, ground, facts_of(origin), facts_of(graph), facts_of_maps(thinning, maps)),
            **study_fields(table, maps, (*notices, *further, *together)),
        )

    @property
    def provenance(self) -> dict[str, dict[str, Any]]:
        """What is known of where the "expression", the "graph" and each "map NAME" came from; see `provenance`.

        A file has its name and sha256, a data set of `datasets` its name, a simulated one its seed, expression by
        abagen its settings, a map by `contrast` its groups, covariates and who was left out. What was changed since it
        was read has no entry.
        """
        return known_sources(self)

    @property
    def unit(self) -> str:
        """Unit that all maps are known to have, "Cohen's d" or "mm" for example; "" where it is not known."""
        known = known_sources(self)
        units = {known.get(map_source(name), {}).get("unit", "") for name in self.maps}
        return units.pop() if len(units) == 1 else ""

    @property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions, in the graph's order."""
        return self.graph.names

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.graph.names)

    @property
    def by_vertices(self) -> tuple[str, ...]:
        """Names of the maps that were given by vertices."""
        if self.vertices is None:
            return ()
        return tuple(name for name, own in zip(self.maps, self.vertices.given, strict=True) if own)

    @property
    def expression_observed(self) -> np.ndarray:
        """Whether a region's expression is measured, or seen from it: bool (region,)."""
        return ~np.isnan(self.expression).any(axis=1)

    @property
    def measured_in(self) -> RegionGraph:
        """Graph of the parcels that expression was measured in: the study's own, or that of its places."""
        return self.graph if self.places is None else self.places.graph

    @property
    def measured(self) -> np.ndarray:
        """Whether expression is measured in each parcel of `measured_in`; bool (place,)."""
        return self.expression_observed if self.places is None else self.places.observed

    @property
    def thinning_observed(self) -> np.ndarray:
        """Whether a map has a value in a region: bool (map, region)."""
        return ~np.isnan(self.thinning)

    def sampling_covariance(self) -> np.ndarray:
        r"""Sampling covariance (map, region, region) as models take it, what estimating the sd adds at its mean.

        .. math:: V = D C D + \bar v I, \quad v_r = f_r \, \mathrm{se}_r^2

        v is d^2 / 2N of Cohen's d. Taken with each region's own d it makes the regions that came out large by chance
        the least precise, and every effect too small; its mean over the map's regions is as large and does not.
        """
        means, spread = self.sampling_parts()
        return means + spread.mean(1, where=self.thinning_observed)[:, None, None] * np.eye(self.n_regions)

    def sampling_parts(self) -> tuple[np.ndarray, np.ndarray]:
        """Covariance D C D of the errors of means (map, region, region), and the spread v beside it (map, region).

        Squared standard errors alone where no covariance is known. A region that a map misses gets the square of the
        map's median, for predictions only.
        """
        observed, square = self.thinning_observed, self.standard_error**2
        share = np.zeros_like(square) if self.spread_share is None else self.spread_share
        spread = np.where(observed, share * square, 0.0)
        means = []
        for m, variance in enumerate(square):
            joint = np.diag(variance) if self.covariance is None else self.covariance[m]
            block = np.ix_(observed[m], observed[m])
            within, spread[m, observed[m]] = spread_apart(joint[block], spread[m, observed[m]])
            whole = np.diag(np.full(self.n_regions, np.nanmedian(np.sqrt(variance * (1 - share[m]))) ** 2))
            whole[block] = within
            means.append(whole)
        return np.stack(means), spread

    def normalised_expression(self) -> np.ndarray:
        """Return the expression (region, gene) that the models see, rows of 0 where it is not measured."""
        return self._normalised() if self.places is None else self.places.seen(self._normalised())

    def centred_expression(self) -> np.ndarray:
        """Return it with each gene's mean over the measured regions taken off; (region, gene)."""
        return _centred(self.normalised_expression(), self.expression_observed)

    def measured_expression(self) -> np.ndarray:
        """Return the same of the parcels that it was measured in, those of `measured_in`; (place, gene)."""
        return _centred(self._normalised(), self.measured)

    def _normalised(self) -> np.ndarray:
        """Expression where it was measured, as `normalise` says, rows of 0 where it was not; (place, gene)."""
        given, measured = self.expression if self.places is None else self.places.expression, self.measured
        shown = given[measured]
        if self.normalise != "none":
            axis = 0 if self.normalise == "gene" else 1
            shown = (shown - shown.mean(axis, keepdims=True)) / shown.std(axis, keepdims=True)
        if self.gene_weights is not None:
            shown = shown * np.sqrt(self.gene_weights)
        normalised = np.zeros_like(given)
        normalised[measured] = shown
        return normalised

    def summary(self) -> str:
        """Return a readable account: sizes, one line a map, what is missing, notices."""
        return summarise(self)

    def select(
        self,
        *,
        regions: Sequence[str] | None = None,
        maps: Sequence[str] | None = None,
        genes: Sequence[str] | None = None,
    ) -> Study:
        """Keep some regions, maps or genes, in the order given; the truth of a simulated study is not carried over.

        Raises
        ------
        InputError
            For a name that the study lacks.
        """
        known = {"region": (self.regions, regions), "map": (self.maps, maps), "gene": (self.genes, genes)}
        kept = {kind: positions_of(kind, own, wanted) for kind, (own, wanted) in known.items() if wanted is not None}
        graph = self.graph if regions is None else self.graph.subset(regions)
        places = None if self.places is None else replace(self.places, **selected(self.places, kept))
        vertices = None if self.vertices is None else self.vertices.select(kept)
        own = selected(self, kept)
        part = replace(self, graph=graph, places=places, vertices=vertices, truth=None, **own)
        return replace(part, sources=selected_sources(self, part))

    def with_expression(self, expression: np.ndarray) -> Study:
        """Return a study with other expression (place, gene) of the same genes in the parcels of `measured_in`."""
        if self.places is None:
            return replace(self, expression=expression, truth=None)
        return replace(self, places=Places.of(self.graph, self.places.graph, expression), truth=None)

    def with_thinning(
        self,
        thinning: np.ndarray,
        standard_error: np.ndarray,
        *,
        maps: Sequence[str] | None = None,
        covariance: np.ndarray | None = None,
    ) -> Study:
        """Return a study with the same expression, structure and graph and other maps: folds, null maps, replicates.

        Parameters
        ----------
        thinning, standard_error
            Arrays (map, region), or (region,) for a single map; regions in the order of this study.
        maps
            Names of the maps; None (the default) keeps the present ones.
        covariance
            Sampling covariance (map, region, region); None (the default) leaves the standard errors alone to
            speak, even where this study has a covariance: errors are then independent. Give this study's own for maps
            whose errors go together as its own do.
        """
        changes: dict[str, Any] = {
            "maps": self.maps if maps is None else tuple(maps),
            "thinning": np.atleast_2d(thinning),
            "standard_error": np.atleast_2d(standard_error),
            "covariance": covariance,
            "vertices": None,
            "truth": None,
        }
        # What else is said of the maps is not true of others.
        if covariance is not None and len(changes["maps"]) == len(self.maps):
            changes["sampling_correlation"] = self.sampling_correlation
        others = [one for one in fields(self) if "map" in one.metadata.get("dims", ()) and one.name not in changes]
        changes |= {one.name: one.default for one in others if one.default is not MISSING}
        return replace(self, **changes)


def _centred(expression: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Expression (region, gene) with each gene's mean over the measured regions taken off, 0 elsewhere."""
    return np.where(measured[:, None], expression - expression[measured].mean(0), 0.0)
