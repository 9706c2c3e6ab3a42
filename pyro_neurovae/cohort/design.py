"""Group and covariates as a design matrix, checked for what would spoil the contrast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..readers.magnitudes import constant
from ..wording import first_names
from .covariates import covariate_columns
from .sheet import cell_text
from .subjects import Subjects

__all__ = ["Design", "make_design"]


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of a regional linear model.

    Attributes
    ----------
    names
        Name of each column: intercept, group, then the covariates.
    matrix
        Design (row, column): ones; 0 for a control and 1 for a case; covariates centred, a factor as one column for
        each level but its first.
    centres
        What was taken off each column; (column,).
    """

    names: tuple[str, ...]
    matrix: np.ndarray
    centres: np.ndarray

    @property
    def case(self) -> np.ndarray:
        """Whether a row is a case; (row,) bool."""
        return self.matrix[:, 1] == 1

    @property
    def without_group(self) -> np.ndarray:
        """Columns but the group's; (row, column)."""
        return np.delete(self.matrix, 1, axis=1)


def make_design(subjects: Subjects, group: str, case: object, covariates: Sequence[str] = ()) -> Design:
    """Build the design matrix of `two_groups`' rows.

    A covariate is linear where all its values are numbers; else, or written ``C(name)``, it is a factor.

    Raises
    ------
    InputError
        For a covariate that is constant, or that the others and the group determine.
    """
    members = (subjects.table[group].map(cell_text) == cell_text(case)).to_numpy(dtype=float)
    names, columns = ["intercept", "group"], [np.ones(subjects.n_rows), members]
    centres = [0.0, 0.0]
    for covariate in dict.fromkeys(covariates):
        for name, column in covariate_columns(subjects, covariate):
            if constant(column):
                raise InputError(
                    f"{subjects.source}: covariate {name} is the same for all {subjects.n_rows} subjects; leave it out."
                )
            names.append(name)
            columns.append(column - column.mean())
            centres.append(float(column.mean()))
            _check_new(columns, names, subjects)
    if subjects.n_rows < len(names) + 2:
        raise InputError(f"{subjects.n_rows} subjects for {len(names)} columns of the model; leave covariates out.")
    return Design(tuple(names), np.stack(columns, axis=1), np.array(centres))


def _check_new(columns: list[np.ndarray], names: list[str], subjects: Subjects) -> None:
    """Whether the last column is more than a mixture of those before it."""
    scaled = np.stack([column / np.linalg.norm(column) for column in columns], axis=1)
    before, new = scaled[:, :-1], scaled[:, -1]
    left = new - before @ np.linalg.lstsq(before, new, rcond=None)[0]
    if np.linalg.norm(left) < 1e-6:
        raise InputError(
            f"{subjects.source}: covariate {names[-1]} is collinear with {first_names(names[1:-1], limit=6)}, so their "
            "effects can't be told apart; leave it out."
        )
