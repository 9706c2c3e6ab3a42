"""Gene expression donor by donor: from the Allen Human Brain Atlas or one's own tables, and how reliable it is.

Examples
--------
>>> import pyro_neurovae as nv
>>> donors = nv.expression.from_abagen(donors="all", right_hemisphere="missing")
>>> stable = donors.select(stability=0.6)
>>> study = nv.Study.from_frames(stable.mean(), thinning)
"""

from __future__ import annotations

from ..readers.gene_lists import read_genes
from .allen_expression import from_abagen
from .donor_expression import DonorExpression
from .donor_tables import from_donors
from .gene_symbols import update_symbols
from .tissue_samples import from_samples

__all__ = ["DonorExpression", "from_abagen", "from_donors", "from_samples", "read_genes", "update_symbols"]
