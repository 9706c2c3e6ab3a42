"""DonorExpression: the expression of genes in regions, donor by donor, and how far the donors agree."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from ..readers.registry import read_if_file
from ..wording import first_names
from .donor_agreement import donor_mean, mean_correlation, present_regions, relative_noise
from .donor_archive import read_archive, write_archive

__all__ = ["DonorExpression"]

FilePath = str | os.PathLike[str]


@dataclass(frozen=True, eq=False, repr=False)
class DonorExpression:
    """Expression of the same genes in the same regions, one table a donor.

    Attributes
    ----------
    genes, regions, donors
        Names of the genes and the regions, and the donors' ids, each unique.
    values
        Expression (donor, region, gene) in the units of the source, float64, read-only; a whole row is NaN where a
        donor has no sample in a region.
    settings
        What the values were made with: versions and every setting, as text, numbers, booleans or None.
    notices
        What was dropped or assumed on the way, one sentence each.

    Raises
    ------
    InputError
        When shapes don't fit the names, a name stands twice, or a row is NaN or infinite in part.
    """

    genes: tuple[str, ...]
    regions: tuple[str, ...]
    donors: tuple[str, ...]
    values: np.ndarray
    settings: Mapping[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("genes", "regions", "donors", "notices"):
            object.__setattr__(self, name, tuple(str(one) for one in getattr(self, name)))
        object.__setattr__(self, "settings", dict(self.settings))
        object.__setattr__(self, "values", np.array(self.values, dtype=np.float64))
        _check(self)
        self.values.setflags(write=False)

    def __repr__(self) -> str:
        donors, regions, genes = self.values.shape
        return f"DonorExpression({donors} donors, {regions} regions, {genes} genes)"

    @property
    def present(self) -> np.ndarray:
        """Whether a donor has a region: bool (donor, region)."""
        return present_regions(self.values)

    def mean(self) -> pd.DataFrame:
        """Mean over the donors that have a region: regions by genes, NaN rows where none has.

        It is what `Study.from_frames` takes as expression.
        """
        table = pd.DataFrame(
            donor_mean(self.values), index=pd.Index(self.regions, name="region"), columns=list(self.genes)
        )
        if "abagen" in dict(self.settings.get("versions") or {}):
            table.attrs["abagen"] = {"settings": dict(self.settings), "donors": list(self.donors)}
        return table

    def reliability(self, method: Literal["spearman", "pearson"] = "spearman") -> pd.Series:
        """Differential stability of each gene: the mean, over pairs of donors, of their correlation across regions.

        Near 1, donors have the same regional pattern; near 0, a region's value says nothing of the region. Each
        pair is correlated over the regions that both have, at least three.

        Parameters
        ----------
        method
            "spearman" (the default, as in the reference) or "pearson".

        Returns
        -------
        pandas.Series
            One value a gene in [-1, 1]; NaN for a gene that is constant in every pair.

        Raises
        ------
        InputError
            When no two donors share three regions.

        References
        ----------
        Hawrylycz et al. (2015) Canonical genetic signatures of the adult human brain. Nature Neuroscience 18,
        1832-1844. doi:10.1038/nn.4171
        """
        return self._by_gene(mean_correlation(self.values, method), "reliability")

    def noise(self) -> pd.Series:
        """Relative noise of each gene's mean over donors: its standard deviation over that of the regional means.

        With z_dr a donor's gene standardised (mean 0, variance 1) over the regions the donor has, n_r the number of
        donors of region r out of D in all, z_r their mean::

            within^2 = sum_r sum_d (z_dr - z_r)^2 / (sum_r (n_r - 1) - (D - 1))
            noise    = sqrt(within^2 * mean_r(1 / n_r)) / sd_r(z_r)

        It is 0 where donors agree up to a shift and a scale each, near 1 where the differences between regions are
        no more than the donors' disagreement would make, and above 1 where donors contradict each other. 1 - noise^2
        estimates the share of the regional variance that is not noise; where every donor has every region it is
        Cronbach's alpha of the standardised donors; where they have not, that each is standardised over other regions
        counts as disagreement. It is not the noise of one donor, and it does not see errors that all donors share.

        Returns
        -------
        pandas.Series
            One value a gene, without unit; NaN for a gene that is constant for a donor.

        Raises
        ------
        InputError
            When donors share too few regions to disagree.

        References
        ----------
        Cronbach (1951) Coefficient alpha and the internal structure of tests. Psychometrika 16, 297-334.
        doi:10.1007/BF02310555
        """
        return self._by_gene(relative_noise(self.values), "noise")

    def select(self, genes: Sequence[str] | FilePath | None = None, stability: float | None = None) -> DonorExpression:
        """Keep some genes, in the present order; what was asked for and is absent leaves a notice.

        Parameters
        ----------
        genes
            Symbols, or the path of a file of them (see `read_genes`); None (the default) keeps all.
        stability
            Least `reliability` (Spearman) of a gene that is kept; None (the default) keeps all.

        Raises
        ------
        SettingsError
            For a stability outside [-1, 1].
        InputError
            When no gene is left.
        """
        chosen = self if genes is None else _listed(self, genes)
        return chosen if stability is None else _stable(chosen, stability)

    def save(self, path: FilePath) -> None:
        """Write all of it to one .npz, whole or not at all; see `load`.

        Raises
        ------
        InputError
            When the folder does not exist or can't be written.
        """
        write_archive(self, path)

    @classmethod
    def load(cls, path: FilePath) -> DonorExpression:
        """Read what `save` wrote; nothing in the file is executed.

        Raises
        ------
        InputError
            When the file is missing or is not one that `save` wrote.
        """
        return cls(**read_archive(path))

    def _by_gene(self, values: np.ndarray, name: str) -> pd.Series:
        return pd.Series(values, index=pd.Index(self.genes, name="gene"), name=name)


def _check(expression: DonorExpression) -> None:
    values, shape = expression.values, tuple(len(getattr(expression, n)) for n in ("donors", "regions", "genes"))
    if values.shape != shape or 0 in shape:
        raise InputError(
            f"values have the shape {values.shape} where the names of donors, regions and genes ask for {shape}; "
            "give at least one of each, in this order."
        )
    for name in ("donors", "regions", "genes"):
        names = getattr(expression, name)
        if len(set(names)) < len(names):
            twice = names[int(pd.Index(names).duplicated().argmax())]
            raise InputError(f"{name} hold {twice} more than once; give each a name of its own.")
    faulty = ~np.isfinite(values) & ~np.isnan(values).all(axis=2, keepdims=True)
    if faulty.any():
        donor, region, gene = (int(where[0]) for where in faulty.nonzero())
        raise InputError(
            f"donor {expression.donors[donor]}, region {expression.regions[region]}, gene {expression.genes[gene]}: "
            f"{values[donor, region, gene]} among values; drop the gene, or the whole row of a region not measured."
        )


def _keep(expression: DonorExpression, kept: np.ndarray, *notices: str) -> DonorExpression:
    return replace(
        expression,
        genes=tuple(np.array(expression.genes, dtype=object)[kept]),
        values=expression.values[:, :, kept],
        notices=(*expression.notices, *notices),
    )


def _listed(expression: DonorExpression, genes: Sequence[str] | FilePath) -> DonorExpression:
    path = isinstance(genes, str | os.PathLike)
    wanted = [str(gene) for gene in read_if_file("genes", genes)]
    known = set(expression.genes)
    absent = [gene for gene in wanted if gene not in known]
    if len(absent) == len(wanted):
        raise InputError(
            f"none of the {len(wanted)} gene(s) asked for{f' by {genes}' if path else ''} is among the "
            f"{len(known)} of the expression ({first_names(absent)}); check the kind of symbol, or update_symbols."
        )
    notices = [f"{len(absent)} gene(s) asked for that the expression lacks: {first_names(absent)}."] if absent else []
    return _keep(expression, np.isin(expression.genes, wanted), *notices)


def _stable(expression: DonorExpression, stability: float) -> DonorExpression:
    if not -1 <= stability <= 1:
        raise SettingsError(f"stability is {stability}; give a correlation from -1 to 1, such as 0.6.")
    reliability = expression.reliability().to_numpy()
    kept = reliability >= stability
    if not kept.any():
        highest = np.max(reliability, initial=-1.0, where=~np.isnan(reliability))
        raise InputError(
            f"no gene has a stability of {stability} across donors, the highest is {highest:.3f}; lower the threshold."
        )
    return _keep(
        expression, kept, f"{int(kept.sum())} of {len(kept)} genes kept, stable across donors at {stability} or above."
    )
