"""Numbers that stand for a missing value, by column: ADNI's, those that the user names, and those that look like it.

One rule for all tables. Education, diagnosis and the other columns of ADNI that can't be negative have the codes -4 and
-1; thickness in millimetres has them in any table; elsewhere nothing is a code until the user says so, and what looks
like one is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..errors import InputError, SettingsError
from ..readers.magnitudes import LARGEST

__all__ = ["UNSAID", "CodesInput", "MissingCodes", "check_suspects", "read_codes"]

CodesInput = str | float | Sequence[float] | Mapping[str, float | Sequence[float]] | None

ADNI_CODES = (-4.0, -1.0)

_ADNI_COLUMN = re.compile(
    r"(?:PT(?!ID)[A-Z]+|DX[A-Z]*|DIAGNOSIS|AGE|APOE4|APGEN[12]|MMSE|MMSCORE|CDRSB|CDGLOBAL|ADAS(?:11|13|Q4)|TOTAL(?:11|13|MOD)"
    r"|FAQ(?:TOTAL)?|MOCA|GDTOTAL|HMSCORE|ICV|WholeBrain|Hippocampus|Ventricles|ST\d+(?:CV|SA|TA|TS|SV|HS))(?:_bl)?"
)
# Numbers that people write for "missing": one digit below zero, or sevens, eights and nines (77, 999, -99.9).
_LIKE_A_CODE = re.compile(r"-[1-9]|-?(?:7+|8+|9+|9+\.9+)")
_FAR, _VERY_FAR = 1.0, 5.0  # distance from the other values, in their sds: of a value of several rows, and of any


@dataclass(frozen=True)
class MissingCodes:
    """The user's word on codes.

    Attributes
    ----------
    everywhere
        Codes of every column that ``columns`` does not name; () where the user said that there are none, None where
        nothing was said.
    columns
        Codes of single columns, which are all the codes that these have.
    thickness
        Codes of every column of thickness besides: 0 (a region that FreeSurfer did not find), -4 and -1, unless it is
        on a scale where these are values.
    """

    everywhere: tuple[float, ...] | None = None
    columns: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    thickness: tuple[float, ...] = (0.0, *ADNI_CODES)

    def named(self, column: str) -> tuple[float, ...]:
        """Codes that the user gave a column, for itself or with all others."""
        return self.columns.get(column, self.everywhere or ())

    def settled(self, column: str) -> bool:
        """Whether the user has said that what is left of a column is no code."""
        return column in self.columns or self.everywhere == ()

    def emptied(self, name: str, cells: pd.Series) -> tuple[pd.Series, str]:
        """Return a column with its codes emptied, and a sentence on how many; empty where none was there."""
        numbers = pd.to_numeric(cells.map(lambda cell: str(cell).strip()), errors="coerce").to_numpy(dtype=float)
        codes = self.named(name)
        others = numbers[~np.isin(numbers, (*ADNI_CODES, *codes))]
        if name not in self.columns and _ADNI_COLUMN.fullmatch(name) and not (others < 0).any():
            codes = (*codes, *ADNI_CODES)
        coded = np.isin(numbers, codes)
        if not coded.any():
            return cells, ""
        shown = " or ".join(f"{code:g}" for code in sorted(set(numbers[coded])))
        return cells.astype(object).mask(coded, None), f"{int(coded.sum())} values {shown} of {name} count as missing."

    def without(self, numbers: np.ndarray, columns: Sequence[str], source: str) -> tuple[np.ndarray, list[str]]:
        """Return thickness (row, column) with its codes NaN, and sentences that count them."""
        coded = np.stack(
            [
                np.isin(numbers[:, place], (*self.thickness, *self.named(column)))
                for place, column in enumerate(columns)
            ],
            axis=1,
        )
        found, absent = sorted(set(numbers[coded]) - {0.0}), int((coded & (numbers == 0)).sum())
        told = [f"{source}: {absent} thicknesses of 0 (region absent) are missing."] if absent else []
        if found:
            shown, number = " or ".join(f"{code:g}" for code in found), int(coded.sum()) - absent
            told.append(f"{source}: {number} thicknesses coded {shown} are missing.")
        return np.where(coded, np.nan, numbers), told


UNSAID = MissingCodes()


def read_codes(given: CodesInput, *, millimetres: bool = True) -> MissingCodes:
    """Read what the user says of codes.

    Parameters
    ----------
    given
        None for nothing; numbers, codes of all columns; a mapping from column to its numbers; or a text such as
        "-9,999", "AGE=999,educ=-9" or "none", alone or of a column ("MMSE=none").
    millimetres
        Whether thickness is in millimetres, so that 0, -4 and -1 are no values of it.

    Raises
    ------
    SettingsError
        For what is none of these.
    """
    everywhere, columns = _read(given)
    return MissingCodes(everywhere, columns, MissingCodes.thickness if millimetres else ())


def check_suspects(source: str, name: str, numbers: np.ndarray, *, values_are: str = "none") -> None:
    """Refuse a number that several rows share, or that looks like a code, far outside the column's other numbers.

    ``values_are`` is what --missing-codes takes to say that the column's numbers are all values.

    Raises
    ------
    InputError
        Naming the number, how many rows have it, and what to say.
    """
    seen = numbers[np.abs(numbers) <= LARGEST]  # NaN and numbers that are refused for their size stay out
    values, counts = np.unique(seen, return_counts=True)
    times = dict(zip(values.tolist(), counts.tolist(), strict=True))
    looks = {value for value in times if _LIKE_A_CODE.fullmatch(f"{value:g}")}
    inside = [value for value in times if value not in looks]
    if len(inside) < 2:
        return
    many = max(3, 0.02 * len(seen))
    edges = {value: _VERY_FAR for value in (min(inside), max(inside)) if times[value] >= many}
    # Nearest first: 9 years of school belong to those from 10 to 20, and then 8 to those from 9.
    edges |= {
        value: _FAR if times[value] > 1 else _VERY_FAR
        for value in sorted(looks, key=lambda value: max(min(inside) - value, value - max(inside)))
    }
    for value, far in edges.items():
        others = sorted(one for one in inside if one != value)
        step = max(np.diff(others), default=0)
        spread = float(np.std(np.repeat(others, [times[one] for one in others])))
        gap = max(others[0] - value, value - others[-1])
        if gap > max(far * spread, 2 * step) and len(others) > (1 if value in looks else 2):
            raise InputError(
                f"{source}: {name} is {value:g} for {times[value]} of {len(seen)}, far from the others "
                f"({others[0]:g} to {others[-1]:g}); where that stands for a missing value say --missing-codes "
                f"{value:g} (missing_codes=[{value:g}]), else --missing-codes {values_are}."
            )
        inside = [*others, value]


def _read(given: CodesInput) -> tuple[tuple[float, ...] | None, dict[str, tuple[float, ...]]]:
    """Codes of all columns, None where nothing was said, and of single ones."""
    if given is None:
        return None, {}
    if isinstance(given, Mapping):
        return None, {str(name): _numbers(codes) for name, codes in given.items()}
    if not isinstance(given, str):
        return _numbers(given), {}
    parts = [part.rpartition("=") for part in given.split(",") if part.strip()]
    if not parts:
        raise SettingsError(_WHAT.format(given))
    everywhere = [code for _, found, word in parts if not found for code in _numbers(word)]
    columns: dict[str, tuple[float, ...]] = {}
    for name, found, word in parts:
        if found:
            columns[name.strip()] = (*columns.get(name.strip(), ()), *_numbers(word))
    return None if len(columns) and all(found for _, found, _ in parts) else tuple(everywhere), columns


def _numbers(given: str | float | Sequence[float]) -> tuple[float, ...]:
    if isinstance(given, str) and given.strip().lower() == "none":
        return ()
    several = [given] if isinstance(given, str) or not isinstance(given, Sequence) else given
    return tuple(_number(one) for one in several)


def _number(word: object) -> float:
    try:
        return float(str(word))
    except ValueError:
        raise SettingsError(_WHAT.format(word)) from None


_WHAT = "missing codes {!r}: give numbers, as -9,999 or by column as AGE=999,educ=-9, or none."
