"""Which columns of a table of expression are genes, and which are known, or seen, to be something else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import InputError
from ..wording import first_names
from .table_headers import plain_name

__all__ = ["check_scales", "is_date", "is_no_gene"]

# What tables of regions and of genes carry beside the expression, letters and digits only. No gene has such a symbol.
_NO_GENES = frozenset(
    """
    id index key number no nr roi roiid roinumber roiname roilabel label labels labelid labelname name names
    fullname parcel parcelid parcelname region regions regionid regionname area structure structurename hemisphere
    hemi hem side lobe network system yeo yeo7 yeo17 class classname group cortex atlas colour color hex red green
    blue alpha
    xmni ymni zmni mnix mniy mniz xcoord ycoord zcoord coordx coordy coordz xcoordinate ycoordinate zcoordinate
    centroidx centroidy centroidz cogx cogy cogz mnixcoord mniycoord mnizcoord mnicoordx mnicoordy mnicoordz
    nvertices numvert vertices nvert vertexcount nvoxels nvox voxels voxelcount size volume vol volumemm3 volmm3
    surfarea surfacearea areamm2 grayvol greyvol grayvolume thickness thickavg thickstd meanthickness meancurv gauscurv
    foldind curvind nsamples nsample samplecount samples count counts ndonors donor donors donorid sampleid wellid
    mean average avg sum total median sd std stdev stddev meanexpression expressionmean differentialstability
    gene genes geneid geneids genesymbol symbol symbols genename entrez entrezid entrezgeneid ensembl ensemblid
    ensemblgeneid hgncid description chromosome chrom probe probeid probename biotype
    """.split()  # noqa: SIM905
)
_UNNAMED = re.compile(r"unnamed\d+|level\d+|x?")
# Single letters are no genes where they stand together.
_LETTERS = (frozenset("xyz"), frozenset("ras"), frozenset("rgb"))

_MONTH = (
    "(?:jan|feb|m[aä]r(?:s|z|ch)?|mrz|apr|avr|may|mai|jun|jul|aug|ago|sept?|set|oct|okt|ott|nov|dec|d[eé]c|dez|dic)"
)
_DATE = re.compile(
    rf"\d{{1,2}}[-. /]+{_MONTH}\.?|{_MONTH}\.?[-. /]+\d{{1,2}}(?:\d\d)?|\d{{1,2}}[-. /]+{_MONTH}\.?[-. /]+\d{{2,4}}|"
    r"\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T].*)?|\d{1,2}([-/.])\d{1,2}\1\d{2,4}(?: .*)?",
    re.IGNORECASE,
)

# A column is on another scale where it is that many times as far from the rest as the usual one is, and that many
# times as far as the next: counts of reads vary without such a gap.
_FURTHER, _GAP = 100.0, 10.0


def is_no_gene(names: Iterable[object]) -> np.ndarray:
    """Whether each name is known to be that of something else: a coordinate, a size, a label; bool (name,).

    x, y and z, R, A and S, or R, G and B are no genes where all three are there.
    """
    plain = [plain_name(name) for name in names]
    letters = frozenset().union(*(triple for triple in _LETTERS if triple <= set(plain)))
    return np.array([one in _NO_GENES or one in letters or bool(_UNNAMED.fullmatch(one)) for one in plain], dtype=bool)


def is_date(symbol: object) -> bool:
    """Whether a gene's name is a date that a spreadsheet made of it: 1-Mar, Sep-02, 2021-03-01."""
    return bool(_DATE.fullmatch(str(symbol).strip()))


def check_scales(values: np.ndarray, symbols: Sequence[str], source: str) -> None:
    """Check that no few columns (region, column) are on a scale of their own, beside which no gene would count.

    Raises
    ------
    InputError
        Naming these columns.
    """
    middle = np.nanmedian(values)
    size = np.sqrt(np.nanmean((values - middle) ** 2, axis=0))
    order = np.argsort(size)
    ranked = size[order]
    usual = np.median(ranked)
    gaps = (ranked[1:] > _GAP * ranked[:-1]) & (ranked[1:] > _FURTHER * usual)
    if not gaps.any():
        return
    odd = order[1 + int(np.argmax(gaps)) :]
    times = size[odd].min() / usual
    named = first_names([str(symbols[one]) for one in sorted(odd)])
    raise InputError(
        f"{source}: {'column' if len(odd) == 1 else 'columns'} {named} on another scale than the rest, {times:.2g} "
        "times as far from the median as is usual; remove what is no gene, or list the genes that are meant."
    )
