"""What a posterior says beyond its tables: aligned programs, clusters, modules, gene sets, joint statements."""

from __future__ import annotations

from .aligned_programs import AlignedPrograms, aligned_programs
from .clusters import Clusters, clusters
from .donor_stability import donor_stability
from .enrichment import enrichment
from .gene_modules import GeneModules, gene_modules
from .gene_sets import read_gmt
from .region_report import region_report

__all__ = [
    "AlignedPrograms",
    "Clusters",
    "GeneModules",
    "aligned_programs",
    "clusters",
    "donor_stability",
    "enrichment",
    "gene_modules",
    "read_gmt",
    "region_report",
]
