"""Result: named tables with one writer, one reader, and one way in which they are shown."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd

from ..cards import Introduced, Part, Shown
from ..errors import InputError
from ..readers.limits import check_regular
from ..readers.written_tables import read_written, write_table
from ..wording import first_names

__all__ = ["Result"]


@dataclass(frozen=True, repr=False)
class Result(Introduced):
    """What a comparison of many fits came to.

    A subclass is a frozen dataclass of tables. It says in `files` where each is kept and in `shown` what of it is
    printed; the rest is the same for all.
    """

    # Name of a table, or of a record that JSON can hold, to the file that keeps it; in the order of writing.
    files: ClassVar[Mapping[str, str]]

    # Names of the tables that may be empty.
    may_be_empty: ClassVar[tuple[str, ...]] = ()

    def shown(self) -> Iterator[Shown | str]:
        """What is printed: tables, and after them the sentences that say what they come to."""
        raise NotImplementedError

    def _title(self) -> str:
        maps = self.map_names()
        return f"{type(self).__name__}{f' of {first_names(maps)}' if maps else ''}"

    def _parts(self) -> Iterator[Part]:
        yield from self.shown()
        yield self.remarks()

    def map_names(self) -> tuple[str, ...]:
        """Names of the maps that it is about."""
        tables = (value for value in self.contents().values() if isinstance(value, pd.DataFrame) and "map" in value)
        return tuple(dict.fromkeys(str(name) for table in tables for name in table["map"]))

    def remarks(self) -> tuple[str, ...]:
        """What the user should know besides, one sentence each."""
        return ()

    def contents(self) -> dict[str, Any]:
        """What is kept, by the names of `files`."""
        return {name: getattr(self, name) for name in self.files}

    @classmethod
    def from_contents(cls, contents: Mapping[str, Any]) -> Self:
        """Rebuild from what `contents` gave."""
        return cls(**contents)

    def write(self, folder: str | os.PathLike[str]) -> list[str]:
        """Write every table to a folder; returns the names of the files."""
        for name, value in self.contents().items():
            path = Path(folder) / self.files[name]
            if isinstance(value, pd.DataFrame):
                write_table(value, path)
            else:
                path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
        return list(self.files.values())

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Self:
        """Read what `write` wrote.

        Raises
        ------
        InputError
            When a file is missing or holds no such table or record.
        """
        place = Path(folder)
        contents = {name: _read(place, file, empty=name in cls.may_be_empty) for name, file in cls.files.items()}
        try:
            return cls.from_contents(contents)
        except (LookupError, TypeError, AttributeError) as fault:
            files = ", ".join(cls.files.values())
            raise InputError(f"{place}: {files} are not what the command writes; run it again.") from fault


def _read(folder: Path, name: str, *, empty: bool) -> Any:
    path = folder / name
    if path.exists():
        check_regular(path)
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.suffix == ".json" else read_written(path)
    except FileNotFoundError as fault:
        raise InputError(f"{folder} holds no {name}; name the folder that the command wrote to.") from fault
    except (
        pd.errors.EmptyDataError,
        pd.errors.ParserError,
        json.JSONDecodeError,
        UnicodeDecodeError,
        RecursionError,
    ) as fault:
        if empty and isinstance(fault, pd.errors.EmptyDataError):
            return pd.DataFrame()
        what = "record" if path.suffix == ".json" else "table"
        raise InputError(f"{path} is no {what} that can be read; run the command that wrote it again.") from fault
    if isinstance(found, pd.DataFrame) and "map" not in found.columns and not empty:
        raise InputError(f"{path} has no column map; name the folder that the command wrote to.")
    return found
