"""Settings of the families: one frozen record each, checked where it is made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal

from pyro_neurovae.errors import SettingsError

from .noise import GaussianNoise, Noise
from .setting_checks import check_flag, check_known, check_most, check_number, check_whole

__all__ = [
    "CrossScaleSettings",
    "ExpressionSettings",
    "FamilySettings",
    "PCPrior",
    "PaperSettings",
    "ScalePrior",
    "SpatialSettings",
    "SpikedPrior",
    "StackedSettings",
    "StructuralSettings",
    "prior_of",
]

# Name of a choice to the settings that it changes.
Choices = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class PCPrior:
    """Penalised-complexity prior: the probability ``alpha`` that the parameter is beyond ``upper``.

    For a standard deviation it says P(sd > upper) = alpha; for a smoothness (``phi``, ``rho``) it says
    P(smoothness < upper) = alpha, as Riebler et al. (2016) state theirs.
    """

    upper: float
    alpha: float

    def __post_init__(self) -> None:
        if not 0 < self.upper < math.inf or not 0 < self.alpha < 1:
            raise SettingsError(
                f"prior PCPrior(upper={self.upper}, alpha={self.alpha}) is out of range: "
                "give upper > 0 and 0 < alpha < 1."
            )

    def scaled(self, factor: float) -> PCPrior:
        """Return the same prior of a parameter ``factor`` times as large."""
        return PCPrior(factor * self.upper, self.alpha)


@dataclass(frozen=True)
class SpikedPrior:
    """Prior of a standard deviation that may be practically nought: whether a part is there at all is asked too.

    With probability ``absent`` it is exponential with mean ``tip``, too small for the part to be seen; else it is that
    of a normal variable's size, with standard deviation ``width``. Intervals of a share then reach down to nought
    unless the data say that the part is there.
    """

    absent: float = 0.5
    tip: float = 0.03
    width: float = 1.2

    def __post_init__(self) -> None:
        if not (0 < self.absent < 1 and 0 < self.tip < self.width < math.inf):
            raise SettingsError(
                f"prior SpikedPrior(absent={self.absent}, tip={self.tip}, width={self.width}) is out of range: give "
                "0 < absent < 1 and 0 < tip < width."
            )

    def scaled(self, factor: float) -> SpikedPrior:
        """Return the same prior of a part ``factor`` times as large where it is there."""
        return SpikedPrior(self.absent, self.tip, factor * self.width)


ScalePrior = PCPrior | SpikedPrior


def prior_of(record: Mapping[str, float]) -> ScalePrior:
    """Make a prior of what it is written as: upper and alpha, or absent, tip and width.

    Raises
    ------
    SettingsError
        For other names.
    """
    for kind in (PCPrior, SpikedPrior):
        if set(record) == {entry.name for entry in fields(kind)}:
            return kind(**record)
    raise SettingsError(f"{dict(record)} is no prior; write upper and alpha, or absent, tip and width.")


@dataclass(frozen=True)
class FamilySettings:
    """What the settings of every family can be asked."""

    # Settings that the posterior of the programs given the expression depends on; a family without programs has none.
    of_programs: ClassVar[tuple[str, ...]] = ()

    # What lies between an observed value and the noise-free thinning; a prior of each of its scales is a setting.
    noise: ClassVar[Noise] = GaussianNoise()

    # Values of settings that files written before there was such a setting stand for.
    of_old: ClassVar[Mapping[str, Any]] = {}

    @property
    def counts_sampling_error(self) -> bool:
        """Whether the known standard errors are part of the noise."""
        return True

    def carried(self, measured: int, genes: int) -> tuple[FamilySettings, tuple[str, ...]]:
        """Settings that so many measured regions and genes can carry, and notices of what was lowered."""
        del measured, genes
        return self, ()

    def alternatives(self, *, paired: bool) -> Choices:
        """Settings that another analyst might have chosen: here the priors of the scales, wider and narrower.

        ``paired`` says whether regions have homologues.
        """
        del paired
        own: dict[str, Any] = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        priors = {k: v for k, v in own.items() if k.endswith("_scale") and isinstance(v, ScalePrior)}
        if not priors:
            return {}
        return {
            f"scale priors {label}": {name: one.scaled(factor) for name, one in priors.items()}
            for label, factor in (("three times as wide", 3.0), ("a third as wide", 1 / 3))
        }


# A tenth of the prior's mass has the spatial part, the structural one, or what is a region's own beyond so many
# standard deviations of the map. Three parts that are each as wide as the map would together outweigh expression a
# priori, whose share then comes out too small (tests/benchmarks/shares.py).
_SPATIAL, _STRUCTURAL, _OWN = 1 / 3, 1 / 2, 1 / 3


@dataclass(frozen=True)
class CrossScaleSettings(FamilySettings):
    """Settings of the family ``cross-scale``; scales are in units of each map's standard deviation.

    Attributes
    ----------
    n_programs
        Number of programs d.
    program_prior, spatial_prior
        GMRF of the programs and of the spatial part.
    homologue_sharing
        How far thinning sees a program's mean over two homologues in place of each one's own score: from 0, each its
        own, to 1, the mean alone; None (the default) integrates over all of these. Expression of the right hemisphere
        comes from few donors.
    beyond_programs
        Thinning depends on what the programs leave of the expression too (the default), in proportion to its variance:
        genes act by their whole expression. Programs alone span nine tenths of a map that genes make.
    smoothness, strength, expression_noise
        Priors of the programs' smoothness and strengths and of the noise about them.
    transcriptomic_scale, spatial_scale, structural_scale, unexplained_scale
        Priors of each map's scales.
    """

    n_programs: int = 14
    program_prior: Literal["bym2", "leroux"] = "bym2"
    spatial_prior: Literal["icar", "iid"] = "icar"
    homologue_sharing: float | None = None
    beyond_programs: bool = True
    smoothness: PCPrior = PCPrior(0.5, 0.5)
    strength: PCPrior = PCPrior(1.0, 0.05)
    expression_noise: PCPrior = PCPrior(1.0, 0.05)
    transcriptomic_scale: ScalePrior = SpikedPrior()
    spatial_scale: ScalePrior = PCPrior(_SPATIAL, 0.1)
    structural_scale: ScalePrior = PCPrior(_STRUCTURAL, 0.1)
    unexplained_scale: ScalePrior = PCPrior(_OWN, 0.1)

    def __post_init__(self) -> None:
        check_whole(self, "n_programs")
        check_most(self, n_programs=10_000)
        _check_priors(self)
        if self.homologue_sharing is not None:
            check_number(self, "homologue_sharing", least=0.0)
            if self.homologue_sharing > 1:
                raise SettingsError(f"homologue_sharing is {self.homologue_sharing}; give a number from 0 to 1.")
            object.__setattr__(self, "homologue_sharing", float(self.homologue_sharing))
        check_flag(self, "beyond_programs")
        check_known("program_prior", self.program_prior, ("bym2", "leroux"))
        check_known("spatial_prior", self.spatial_prior, ("icar", "iid"))

    of_old: ClassVar[Mapping[str, Any]] = {"beyond_programs": False}

    # What the posterior of the programs given the expression depends on: the rest is the maps' own.
    of_programs: ClassVar[tuple[str, ...]] = (
        *("n_programs", "program_prior", "smoothness", "strength", "expression_noise"),
    )

    def carried(self, measured: int, genes: int) -> tuple[CrossScaleSettings, tuple[str, ...]]:
        """Ask for no more programs than a third of the measured regions, or than genes, can carry."""
        most = max(1, min(measured // 3, genes))
        if self.n_programs <= most:
            return self, ()
        limit = f"a third of the {measured} regions with expression" if most < genes else "the number of genes"
        notice = f"n_programs lowered from {self.n_programs} to {most}, {limit}: more could not be told from noise."
        return replace(self, n_programs=most), (notice,)

    def alternatives(self, *, paired: bool) -> Choices:
        """Other numbers and priors of the programs, other sharing of homologues, other scales, and no field."""
        numbers = sorted({max(1, self.n_programs // 2), self.n_programs + self.n_programs // 2} - {self.n_programs})
        found: Choices = {f"{number} programs": {"n_programs": number} for number in numbers}
        found["programs alone"] = {"beyond_programs": False}
        found["Leroux programs (rho)"] = {"program_prior": "leroux"}
        # Programs that hardly know of each other's regions, and noise in place of the field.
        found["no graph"] = {"spatial_prior": "iid", "smoothness": PCPrior(0.01, 0.99)}
        if paired:
            others = (value for value in (0.0, 1.0) if value != self.homologue_sharing)
            found |= {f"homologue sharing {value:g}": {"homologue_sharing": value} for value in others}
        return found | super().alternatives(paired=paired) | {"no spatial smoothness": {"spatial_prior": "iid"}}


@dataclass(frozen=True)
class ExpressionSettings(FamilySettings):
    """Settings of the baseline ``expression`` (Bayesian ridge on every gene)."""

    transcriptomic_scale: ScalePrior = SpikedPrior()
    structural_scale: ScalePrior = PCPrior(_STRUCTURAL, 0.1)
    unexplained_scale: ScalePrior = PCPrior(_OWN, 0.1)

    def __post_init__(self) -> None:
        _check_priors(self)


@dataclass(frozen=True)
class SpatialSettings(FamilySettings):
    """Settings of the baseline ``spatial`` (a smooth field and nothing else)."""

    spatial_prior: Literal["icar", "iid"] = "icar"
    spatial_scale: ScalePrior = PCPrior(_SPATIAL, 0.1)
    unexplained_scale: ScalePrior = PCPrior(_OWN, 0.1)

    def __post_init__(self) -> None:
        _check_priors(self)
        check_known("spatial_prior", self.spatial_prior, ("icar", "iid"))

    def alternatives(self, *, paired: bool) -> Choices:
        """Other priors of the scales, and no smoothness."""
        return super().alternatives(paired=paired) | {"no spatial smoothness": {"spatial_prior": "iid"}}


@dataclass(frozen=True)
class StructuralSettings(SpatialSettings):
    """Settings of the baseline ``structural`` (how healthy people differ, and a smooth field; no expression)."""

    structural_scale: ScalePrior = PCPrior(_STRUCTURAL, 0.1)


@dataclass(frozen=True)
class PaperSettings(FamilySettings):
    """Settings of the family ``paper``, with the values of arXiv:2606.05870 where it gives them.

    Attributes
    ----------
    n_latent
        Dimensions of the latent field z.
    lam
        Weight lambda of the smoothness penalty, at least 0; or a `PCPrior`, P(lambda < upper) = alpha, under which
        it is learned.
    layers, width
        Graph convolutions of the encoder, and hidden units of encoder and decoder.
    unexplained_scale
        Sigma in units of each map's standard deviation; or a `PCPrior`, P(sigma > upper) = alpha, under which it is
        learned (the default). The paper does not say how it weighs its losses, which is to choose sigma: fixed at
        0.2, 4% of the map's variance, the fit comes near to what the paper reports.
    standard_errors
        Add the known standard errors to sigma. The paper does not (False).
    """

    n_latent: int = 64
    lam: float | PCPrior = 0.1
    layers: int = 2
    width: int = 64
    unexplained_scale: float | PCPrior = PCPrior(1.0, 0.1)
    standard_errors: bool = True

    def __post_init__(self) -> None:
        check_whole(self, "n_latent", "layers", "width")
        check_most(self, n_latent=10_000, layers=100, width=10_000)
        _check_number_or_prior(self, "lam", least=0.0)
        _check_number_or_prior(self, "unexplained_scale", above=0.0)
        check_flag(self, "standard_errors")

    @property
    def counts_sampling_error(self) -> bool:
        """Whether the known standard errors are part of the noise."""
        return self.standard_errors

    def alternatives(self, *, paired: bool) -> Choices:
        """Other priors of the scales, and other weights of the smoothness penalty."""
        return super().alternatives(paired=paired) | {f"lambda {v:g}": {"lam": v} for v in (0.0, 0.01, 1.0)}


# Families that a stack can mix: those whose predictions of regions have a closed form.
_STACKABLE = ("cross-scale", "expression", "spatial", "structural")


@dataclass(frozen=True)
class StackedSettings(FamilySettings):
    """Settings of ``stacked``: families mixed by how well each predicts regions it has not seen.

    Attributes
    ----------
    members
        The families, each with its own default settings.
    folds
        Folds of homologue pairs that the weights are learned from.
    """

    members: tuple[str, ...] = ("cross-scale", "expression", "structural")
    folds: int = 10

    def __post_init__(self) -> None:
        if isinstance(self.members, str):
            raise SettingsError(f'members is {self.members!r}; give several, as in members=["cross-scale","spatial"].')
        object.__setattr__(self, "members", tuple(self.members))
        for member in self.members:
            check_known("member", member, _STACKABLE)
        if len(self.members) < 2 or len(set(self.members)) < len(self.members):
            raise SettingsError(f"members is {list(self.members)}; give two or more different ones.")
        check_whole(self, "folds")
        check_most(self, folds=1_000)
        if self.folds < 2:
            raise SettingsError(f"folds is {self.folds}; give at least 2.")


def _check_priors(record: Any) -> None:
    """Check that what defaults to a prior is one."""
    for entry in fields(record):
        value = getattr(record, entry.name)
        if isinstance(entry.default, ScalePrior) and not isinstance(value, _known_priors(entry.name)):
            spiked = ", or SpikedPrior(absent=..., tip=..., width=...)" if entry.name.endswith("_scale") else ""
            raise SettingsError(f"{entry.name} is {value!r}; give PCPrior(upper=..., alpha=...){spiked}.")


def _known_priors(name: str) -> tuple[type, ...]:
    """Kinds of prior that a setting may have."""
    return (PCPrior, SpikedPrior) if name.endswith("_scale") else (PCPrior,)


def _check_number_or_prior(record: Any, name: str, *, least: float = -math.inf, above: float = -math.inf) -> None:
    if not isinstance(getattr(record, name), PCPrior):
        check_number(record, name, least=least, above=above)
