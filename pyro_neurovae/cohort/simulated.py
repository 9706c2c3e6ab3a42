"""A cohort of controls and patients drawn with known effects, also dressed as ADNI's tables."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral

import numpy as np
import pandas as pd

from ..atlases.atlas import dk68_names
from ..cards import Introduced
from ..errors import SettingsError, check_seed
from ..readers.limits import check_memory
from .simulated_adni import adni_tables
from .subjects import Subjects

__all__ = ["SimulatedCohort", "simulate_cohort"]

CONTROL, CASE = "CN", "AD"

_COPIES = 6  # of the table of thickness, while it is drawn


@dataclass(frozen=True, eq=False, repr=False)
class SimulatedCohort(Introduced):
    """Subjects, and what they were drawn with.

    Attributes
    ----------
    subjects
        One scan each; table with diagnosis (CN, AD), age, sex, icv and site.
    truth
        One row a region: region, d (the effect given the covariates, in residual sds), mean and sd in mm, and the
        effects of age (sd a year), sex (female against male, sd) and icv (sd per sd).
    seed
        Seed of everything drawn.
    """

    subjects: Subjects
    truth: pd.DataFrame
    seed: int

    def _title(self) -> str:
        groups = ", ".join(
            f"{number:,} {name}" for name, number in self.subjects.table["diagnosis"].value_counts().items()
        )
        return f"SimulatedCohort: {groups}, seed {self.seed}"

    def tables(self) -> dict[str, pd.DataFrame]:
        """The cohort as ADNI would send it, UCSFFSX51 and ADNIMERGE, with what makes such tables hard to read.

        Rows in no order, several visits and scans, other diagnoses, failed QC, codes for missing.
        """
        return adni_tables(self.subjects, self.seed)


def simulate_cohort(
    seed: int = 0,
    *,
    effect: np.ndarray | None = None,
    n_control: int = 926,
    n_case: int = 426,
    error_correlation: float = 0.5,
    age_gap: float = 2.5,
    case_sd: float = 1.0,
) -> SimulatedCohort:
    r"""Draw a cohort of 68 regions; by default with the group sizes of arXiv:2606.05870.

    .. math:: y_{ir} = \mu_r + \sigma_r (d_r g_i + \alpha_r (age_i - 75) + \beta_r sex_i + \gamma_r icv_i + e_{ir}),
              \quad e_i \sim N(0, (1 - \rho) I + \rho 1 1')

    Parameters
    ----------
    seed
        Seed of every number drawn.
    effect
        Planted effect d of each region; (68,). None (the default) draws it around -0.2 with sd 0.15.
    n_control, n_case
        Group sizes.
    error_correlation
        Correlation rho of the errors of any two regions of one subject, from 0 to below 1.
    age_gap
        Years by which cases are older on average: what makes the unadjusted contrast wrong.
    case_sd
        Standard deviation of the errors of cases, controls having 1.

    Raises
    ------
    SettingsError
        For a group under 5, a correlation outside its range, or an effect of another shape.
    """
    check_seed(seed)
    names = dk68_names()
    for size in (n_control, n_case):
        if not isinstance(size, Integral):
            raise SettingsError(f"a group of {size!r}; give a whole number of subjects.")
    check_memory(_COPIES * 8.0 * len(names) * (n_control + n_case), f"{n_control + n_case:,} subjects", "ask for fewer")
    if min(n_control, n_case) < 5 or not 0 <= error_correlation < 1 or case_sd <= 0:
        raise SettingsError("give groups of at least 5, an error correlation of 0 to below 1 and a case_sd above 0.")
    rng = np.random.default_rng([seed, *b"cohort"])
    d = rng.normal(-0.2, 0.15, len(names)) if effect is None else np.asarray(effect, dtype=float)
    if d.shape == (len(names),) and not np.isfinite(d).all():
        raise SettingsError(
            f"effect of {names[int(np.argmin(np.isfinite(d)))]} is no number; give one for each region."
        )
    if d.shape != (len(names),):
        raise SettingsError(f"effect has shape {d.shape}; give one number for each of the {len(names)} regions.")
    truth = pd.DataFrame(
        {
            "region": names,
            "d": d,
            "mean": rng.normal(2.5, 0.25, len(names)).clip(1.6, 3.4),
            "sd": rng.uniform(0.1, 0.22, len(names)),
            "age": rng.normal(-0.035, 0.01, len(names)),
            "sex": rng.normal(0.05, 0.1, len(names)),
            "icv": rng.normal(0.05, 0.05, len(names)),
        }
    )
    n = n_control + n_case
    case = np.arange(n) >= n_control
    age = rng.normal(np.where(case, 73.5 + age_gap, 73.5), np.where(case, 7.5, 6.0)).clip(55, 95).round(1)
    female = rng.random(n) < np.where(case, 0.45, 0.55)
    icv = rng.normal(np.where(female, -0.6, 0.6), 0.8).round(4)
    errors = np.sqrt(1 - error_correlation) * rng.standard_normal((n, len(names)))
    errors = (errors + np.sqrt(error_correlation) * rng.standard_normal((n, 1))) * np.where(case, case_sd, 1.0)[:, None]
    standard = (
        np.outer(case, d)
        + np.outer(age - 75, truth["age"])
        + np.outer(female, truth["sex"])
        + np.outer(icv, truth["icv"])
    )
    thickness = truth["mean"].to_numpy() + truth["sd"].to_numpy() * (standard + errors)
    table = pd.DataFrame(
        {
            "diagnosis": np.where(case, CASE, CONTROL),
            "age": age,
            "sex": np.where(female, "Female", "Male"),
            "icv": icv,
            "site": [f"site{number:02d}" for number in rng.integers(1, 31, n)],
        }
    )
    subjects = Subjects(
        names=tuple(str(number) for number in rng.permutation(7000)[:n] + 1),
        visits=("bl",) * n,
        regions=names,
        # FreeSurfer writes thousandths of a millimetre.
        thickness=thickness.clip(0.6, 5.9).round(3),
        table=table,
        source="simulated cohort",
    )
    return SimulatedCohort(subjects, truth, seed)
