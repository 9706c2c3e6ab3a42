"""From subjects to a map of thinning: readers, the contrast of two groups, and simulated cohorts."""

from __future__ import annotations

from .contrasts import Contrast, contrast
from .simulated import SimulatedCohort, simulate_cohort
from .subjects import Subjects, read_subjects

__all__ = ["Contrast", "SimulatedCohort", "Subjects", "contrast", "read_subjects", "simulate_cohort"]
