"""StudyFiles: the files that make up a study and how they are read, as one record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from ..graphs.region_graph import RegionGraph
from ..graphs.registry import GraphKind
from ..readers.thinning_table import FlipInput
from .correlations import CorrelationInput
from .study import Study

__all__ = ["StudyFiles"]

Path = str | os.PathLike[str]


@dataclass(frozen=True, eq=False)
class StudyFiles:
    """What `Study.from_files` takes, each option as it is described there.

    Attributes
    ----------
    expression, thinning
        Table of expression, and one file a map or several.
    graph, expression_graph, regions, graph_kind
        Graph by its name or file, that of the parcels of expression where it has its own, the table of the regions of
        another atlas, and what the numbers of the file are.
    value_column, se_column, standard_error, covariance
        Columns of the effect and of its standard error, where that comes from, and the sampling covariance.
    kind, flip
        What the effects are, and whether positive means thinner.
    sampling_correlation, structure
        How sampling errors go together across regions, and the correlation of thickness across people.
    normalise, genes, gene_weights
        What becomes of the expression, which genes are kept, and how much each weighs.
    """

    expression: Path
    thinning: Path | Sequence[Path]
    graph: RegionGraph | Path | None = "dk68"
    expression_graph: RegionGraph | Path | None = None
    regions: pd.DataFrame | Path | None = None
    graph_kind: GraphKind = "weights"
    value_column: str | None = None
    se_column: str | None = None
    standard_error: Literal["file", "sizes", "none"] = "file"
    kind: str = "auto"
    flip: FlipInput = False
    covariance: Path | Sequence[Path] = "auto"
    sampling_correlation: CorrelationInput = "auto"
    structure: CorrelationInput = "auto"
    normalise: Literal["gene", "region", "none"] = "region"
    genes: Sequence[str] | Path | None = None
    gene_weights: pd.Series | Path | None = None

    def read(self) -> Study:
        """Read the study; InputError as `Study.from_files`."""
        return Study.from_files(**vars(self))
