"""Tests of genes against null maps: p-values of weights, false discovery rates, and which genes may be called."""

from __future__ import annotations

import numpy as np

__all__ = ["LEVEL", "gene_tests"]

# A p-value or a false discovery rate that counts as small.
LEVEL = 0.05

# A rate of 1 / 20 is not above .05 for the way that numbers are rounded.
_ROUNDING = 1e-12


def gene_tests(weight: np.ndarray, share_p: float) -> dict[str, np.ndarray]:
    r"""Test each gene's weight on a map against the weights on its null maps.

    The statistic is the weight's size over the gene's root mean square weight on the map and its null maps, so that
    genes are on one scale; the map is in it so that all maps are treated alike. Its p is the share of all genes' values
    on all maps, the map's own among them, that are as large. Pooled over genes it is finer than the 1 / (1 + n) of n
    null maps; it is valid because under the null the map and its null maps are exchangeable: its rank among all is then
    uniform for a gene taken at random. For a single gene it is so far as the standardised weights of all genes have one
    distribution. Since the map's own genes count among the values, q is never below 1 / (1 + n).

    Parameters
    ----------
    weight
        Posterior mean weights (1 + null, gene), those on the map first.
    share_p
        P of the map's transcriptomic share.

    Returns
    -------
    dict
        Each (gene,): ``p``, two-sided; ``q``, the false discovery rate of Benjamini & Hochberg (1995), which is proven
        for genes that are independent or go together positively, as these do in the main; ``null_sd``, the root mean
        square weight on null maps; ``p_family``, the share of maps, this one among them, on which any gene has so large
        a statistic: it controls the probability of a single false gene however genes go together (Westfall & Young
        1993); ``called``: q at most .05 where p of the share is at most .05. The latter bounds how often there is any
        list where expression tells nothing, however genes go together; and without a share that stands up a list says
        nothing, for it is the part of the map that all weights come from.
    """
    from scipy.stats import false_discovery_control  # late: SciPy's statistics take half a second to import

    weight = np.abs(np.asarray(weight, dtype=float))
    spread = np.sqrt((weight**2).mean(0))
    size = np.divide(weight, spread, out=np.zeros_like(weight), where=spread > 0)  # (1 + null, gene)
    p = _at_least(size.ravel(), size[0]) / size.size
    q = false_discovery_control(p)
    return {
        "p": p,
        "q": q,
        "null_sd": np.sqrt((weight[1:] ** 2).mean(0)),
        "p_family": _at_least(size.max(1), size[0]) / len(size),
        "called": (q <= LEVEL + _ROUNDING) & (share_p <= LEVEL + _ROUNDING),
    }


def _at_least(values: np.ndarray, observed: np.ndarray) -> np.ndarray:
    """How many of the values are at or above each observed one, itself among them."""
    found: np.ndarray = len(values) - np.searchsorted(np.sort(values), observed, side="left")
    return found
