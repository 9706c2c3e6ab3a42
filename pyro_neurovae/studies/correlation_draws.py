r"""Correlations of regions as uncertain as they are: sampling covariances and structures that may be the true ones.

No correlation of regions is known exactly. That of a sample of n people differs from the truth as Wishart's
distribution has it; and people of another study go together in their own way besides.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..atlases.normative import normative_people
from .correlations import EXCHANGEABLE, INDEPENDENT, OWN, known_correlation, structure_word
from .sampling import covariance_root, mixed_correlation
from .study import Study

__all__ = ["CorrelationDraws", "sample_correlation"]

# Data sets in which the normative correlation was measured; people of a further one are like either.
_SOURCES = ("abide", "adhd200")
_NORMATIVE = ("normative", "interpolated")
# A correlation that comes from elsewhere is as far from that of a map's people as the one of so many people is from
# the truth: the root mean square difference between ABIDE and ADHD-200, .083, is that of 115 people.
_ELSEWHERE = 115
# Fewer people than that make no map of Cohen's d: effects are then in other units, and say nothing of numbers.
_FEWEST = 20


def sample_correlation(root: np.ndarray, people: int, rng: np.random.Generator) -> np.ndarray:
    """Correlation (region, region) of so many people drawn from a normal distribution with covariance B B'.

    ``root`` is B (region, any); there may be fewer people than regions.
    """
    drawn = root @ rng.standard_normal((root.shape[1], people))
    drawn -= drawn.mean(1, keepdims=True)
    size = np.linalg.norm(drawn, axis=1, keepdims=True)
    unit = np.divide(drawn, size, out=np.zeros_like(drawn), where=size > 0)
    found: np.ndarray = unit @ unit.T
    np.fill_diagonal(found, 1.0)
    return found


@dataclass(frozen=True)
class CorrelationDraws:
    """Draws of what a study takes for known: how errors go together, and how thickness does across people.

    Where either is the normative correlation, R of ABIDE or of ADHD-200 is taken at random and drawn anew as of as
    many people as were measured there; errors get it mixed with an equal one, as the study's have it. A correlation
    from a file or table is drawn as if of 115 people, which is as far as the two data sets are from each other. A
    map's own covariance is drawn as if of as many people as its standard errors imply where effects are Cohen's d, the
    median of 4 / se^2; where that is below 20 they are not, and it is left as it is. So are independent errors and
    equal correlations. Standard errors stay what they are.

    Attributes
    ----------
    study
        The study.
    """

    study: Study

    def draws(self, number: int, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """Yield sampling covariances (map, region, region) and the structure (region, region), None without one."""
        study, known = self.study, self.study.sampling_covariance()
        word = structure_word(study.structure, study.graph)
        normative = word in _NORMATIVE or bool({*study.sampling_correlation} & {*_NORMATIVE})
        roots = {source: covariance_root(_normative(study, source)) for source in _SOURCES if normative}
        given = None if study.structure is None or word in _NORMATIVE else covariance_root(study.structure)
        own = [self._own(m, known[m]) for m in range(len(known))]
        for _ in range(number):
            drawn = None
            if normative:
                source = _SOURCES[int(rng.integers(len(_SOURCES)))]
                drawn = sample_correlation(roots[source], normative_people(source), rng)
            covariance = np.stack([one.drawn(drawn, rng) for one in own])
            yield covariance, drawn if given is None else sample_correlation(given, _ELSEWHERE, rng)

    def _own(self, m: int, known: np.ndarray) -> _ErrorDraws:
        """What draws the covariance of one map."""
        word, se = self.study.sampling_correlation[m], np.sqrt(known.diagonal())
        if word in (INDEPENDENT, EXCHANGEABLE):
            return _ErrorDraws(known)
        if word in _NORMATIVE:
            mixed = mixed_correlation(_normative(self.study))
            means = np.divide(known, mixed, out=np.zeros_like(known), where=np.abs(mixed) > np.finfo(float).eps)
            np.fill_diagonal(means, 0.0)
            return _ErrorDraws(known, means=means)
        people = int(np.nanmedian(4 / self.study.standard_error[m] ** 2)) if word == OWN else _ELSEWHERE
        if people < _FEWEST:
            return _ErrorDraws(known)
        return _ErrorDraws(known, root=covariance_root(known / np.outer(se, se)), people=people)


@dataclass(frozen=True)
class _ErrorDraws:
    """Draws of a map's sampling covariance: around a root of its own, by a normative correlation, or always the same.

    Attributes
    ----------
    known
        The study's covariance (region, region).
    means
        Products of the standard errors that go together, for a normative correlation; (region, region).
    root, people
        Root of the map's own correlation, and the number of people that it is drawn for.
    """

    known: np.ndarray
    means: np.ndarray | None = None
    root: np.ndarray | None = None
    people: int = 0

    def drawn(self, normative: np.ndarray | None, rng: np.random.Generator) -> np.ndarray:
        """One covariance; (region, region)."""
        variance = self.known.diagonal()
        if self.means is not None and normative is not None:
            covariance = self.means * mixed_correlation(normative)
        elif self.root is not None:
            covariance = np.sqrt(np.outer(variance, variance)) * sample_correlation(self.root, self.people, rng)
        else:
            return self.known
        np.fill_diagonal(covariance, variance)
        return covariance


def _normative(study: Study, source: str = "pooled") -> np.ndarray:
    """The normative correlation on a study's regions; (region, region)."""
    known = known_correlation(study.graph, source)[1]
    assert known is not None  # a study that goes by the normative correlation has one
    return known
