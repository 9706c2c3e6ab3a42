"""The options that name a study's files and say how they are read."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .app import choice

if TYPE_CHECKING:
    from ..studies.files import StudyFiles
    from ..studies.study import Study

__all__ = ["NormalisedStudyOptions", "StudyOptions"]


@dataclass(frozen=True)
class StudyOptions:
    """A study's files and how they are read, as the command line has them."""

    expression: Annotated[
        Path, typer.Option(metavar="FILE", help="Table of regions by genes, either way round (CSV, TSV; .gz).")
    ]
    thinning: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE [FILE ...]",
            help="Thinning maps, one file per map: regions with an effect, negative where cases are thinner, and its "
            "standard error, its interval or group sizes; or a value for each vertex of fsaverage, fsaverage6, 5, 4 or "
            "3 (.npz, .mgh, .gii, .nii, or a table).",
        ),
    ]
    graph: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="dk68 (Desikan-Killiany regions, joined where they touch), dk68-boundary or dk68-distance (weighted), "
            "schaefer100 or schaefer400, cortex200 or cortex400 (patches of about one size, for maps of vertices, with "
            "--expression-graph), or a labelled table of connections.",
        ),
    ] = "dk68"
    expression_graph: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Parcels that expression was measured in, if not the maps' regions; named as for --graph.",
        ),
    ] = None
    regions: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="For another atlas: table of region, x, y, z (hemisphere, lobe or network, homologue); with "
            "--graph none regions are joined with the nearest.",
        ),
    ] = None
    graph_kind: Annotated[
        str,
        typer.Option(
            metavar="weights|distance",
            help="What the numbers of --graph's file are: weights, the larger the nearer; or distances, of which each "
            "region's nearest are taken.",
        ),
    ] = "weights"
    se: Annotated[
        str,
        typer.Option(
            metavar="file|sizes|none",
            help="Standard errors: the file's; those of Cohen's d that group sizes imply, whatever column there is; or "
            "none where they are unknown: the noise is estimated.",
        ),
    ] = "file"
    kind: Annotated[
        str,
        typer.Option(
            metavar="auto|d|mm|percent|rate|t|z|b",
            help="What the effects are: auto, by the names of the columns; d (Cohen's d), mm, percent, rate, t or z "
            "(whose error is 1), or b (another difference or coefficient).",
        ),
    ] = "auto"
    flip: Annotated[
        bool,
        typer.Option(
            "--flip",
            metavar="",
            help="The files have positive numbers for thinner: turn the signs, so that negative means thinner.",
        ),
    ] = False
    se_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the standard errors.")] = None
    value_column: Annotated[str | None, typer.Option(metavar="NAME", help="Column of the effect.")] = None
    covariance: Annotated[
        list[str],
        typer.Option(
            metavar="auto|none|FILE [FILE ...]",
            help="Sampling covariance across regions; auto takes MAP_covariance.csv beside MAP.csv where there is one.",
        ),
    ] = field(default_factory=lambda: ["auto"])
    sampling_correlation: Annotated[
        str,
        typer.Option(
            metavar="auto|independent|exchangeable|FILE",
            help="How sampling errors go together across regions: auto, as the covariance has it, else as thickness "
            "does across people; independent; exchangeable, one correlation for all; or as a labelled table has it.",
        ),
    ] = "auto"
    structure: Annotated[
        str,
        typer.Option(
            metavar="auto|none|FILE",
            help="Correlation of thickness across people, along whose axes a map may go: auto, as far as known; none; "
            "or a labelled table.",
        ),
    ] = "auto"
    genes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Genes to keep, a symbol a line or a column called gene.")
    ] = None
    gene_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Weight of each gene (columns gene, weight): its precision among the others."
        ),
    ] = None

    def files(self) -> StudyFiles:
        """Record of the files; SettingsError for a choice that is none."""
        from ..readers.column_names import KINDS
        from ..studies.files import StudyFiles

        standard_error: Any = choice("--se", self.se, ("file", "sizes", "none"))
        graph_kind: Any = choice("--graph-kind", self.graph_kind, ("weights", "distance"))
        said = self.covariance in (["auto"], ["none"])
        return StudyFiles(
            expression=self.expression,
            thinning=self.thinning,
            graph=None if self.graph == "none" else self.graph,
            expression_graph=self.expression_graph,
            regions=self.regions,
            graph_kind=graph_kind,
            value_column=self.value_column,
            se_column=self.se_column,
            standard_error=standard_error,
            kind=choice("--kind", self.kind, ("auto", *filter(None, KINDS))),
            flip=self.flip,
            covariance=self.covariance[0] if said else [Path(one) for one in self.covariance],
            sampling_correlation=self.sampling_correlation,
            structure=self.structure,
            genes=self.genes,
            gene_weights=self.gene_weights,
        )

    def read(self) -> Study:
        """Read the study."""
        return self.files().read()


@dataclass(frozen=True)
class NormalisedStudyOptions(StudyOptions):
    """The same, for commands that leave it to the user how expression is normalised."""

    normalise: Annotated[
        str, typer.Option(metavar="gene|region|none", help="What of the expression gets mean 0 and variance 1.")
    ] = "region"

    def files(self) -> StudyFiles:
        """Record of the files; SettingsError for a choice that is none."""
        normalise: Any = choice("--normalise", self.normalise, ("gene", "region", "none"))
        return replace(super().files(), normalise=normalise)
