"""What a posterior says beyond its tables: aligned programs, clusters, modules, gene sets, joint statements."""

from __future__ import annotations

from ..posterior.program_alignment import AlignedPrograms, aligned_programs
from ..readers.gene_sets import read_gmt
from .aggregation import aggregate
from .donor_influence import donor_stability
from .gene_groups import GeneModules, gene_modules
from .region_clusters import Clusters, clusters
from .region_statements import region_report
from .set_enrichment import enrichment

__all__ = [
    "AlignedPrograms",
    "Clusters",
    "GeneModules",
    "aggregate",
    "aligned_programs",
    "clusters",
    "donor_stability",
    "enrichment",
    "gene_modules",
    "read_gmt",
    "region_report",
]
