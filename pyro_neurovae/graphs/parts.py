"""Records of named arrays and texts: what each field holds is declared with it, and whatever goes over all asks here.

A field's metadata declares it: ``dims``, the names of its dimensions; ``kind``, "numbers" (the default, a float64
array), "positions" (whole numbers) or "texts"; ``record``, the class of a record within, with what its names on disk
begin with (``prefix``) and its dimensions are called there (``renamed``) where the record outside has one of the class
too; ``stored``, its name on disk where that is another; ``decides=False`` where no result depends on it. A text needs
no declaration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

import numpy as np

__all__ = ["Part", "Within", "misfit", "parts_of", "put", "same_parts", "selected", "settle"]

Value = np.ndarray | tuple[str, ...] | str
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """What one field of a record holds.

    Attributes
    ----------
    value
        A read-only array, texts or a text.
    dims
        Names of its dimensions; none for what belongs to the whole.
    stored
        Its name on disk. What has the name of its only dimension holds the labels of that.
    decides
        Whether a result depends on it.
    """

    value: Value
    dims: tuple[str, ...] = ()
    stored: str = ""
    decides: bool = True

    @property
    def labels(self) -> bool:
        """Whether it holds the labels of a dimension."""
        return self.dims == (self.stored,)


@dataclass(frozen=True)
class Within:
    """What a record within calls its parts and dimensions where the record outside has others of those names.

    Attributes
    ----------
    prefix
        What its names on disk begin with.
    renamed
        Dimensions to their other names.
    """

    prefix: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Within:
        """As the metadata of the record's field says it."""
        return cls(declared.get("prefix", ""), declared.get("renamed", {}))

    def dims(self, dims: Sequence[str]) -> tuple[str, ...]:
        """Names of dimensions."""
        return tuple(self.renamed.get(dim, dim) for dim in dims)

    def stored(self, name: str) -> str:
        """Name of a part on disk; that of a dimension's labels is the dimension's."""
        return self.renamed.get(name, f"{self.prefix}{name}")


def parts_of(record: Any) -> dict[str, Part]:
    """All that a record holds, by name: its fields, those of a record within as "graph.weights", entries of a mapping.

    What is not there (None, no positions) is left out.

    Raises
    ------
    TypeError
        For an array whose field declares no dimensions.
    """
    return dict(_parts(record))


def _parts(record: Any) -> Iterator[tuple[str, Part]]:
    for one in fields(record):
        value, declared = getattr(record, one.name), one.metadata
        stored, decides = declared.get("stored", one.name), declared.get("decides", True)
        if value is None or (_kind(one) == "positions" and not value):
            continue
        if "record" in declared:
            within = Within.of(declared)
            for name, part in _parts(value):
                dims, own = within.dims(part.dims), within.stored(part.stored)
                yield f"{one.name}.{name}", replace(part, dims=dims, stored=own)
        elif isinstance(value, Mapping):
            for key, entry in value.items():
                dims = declared["dims"].get(key, declared["dims"][None])[: np.ndim(entry)]
                yield f"{one.name}.{key}", Part(np.asarray(entry), dims, f"{stored}{key}", decides)
        elif isinstance(value, str) or _kind(one) == "texts":
            yield one.name, Part(value, declared.get("dims", ()), stored, decides)
        elif "dims" in declared:
            yield one.name, Part(_array(value, _kind(one)), declared["dims"], stored, decides)
        else:
            raise TypeError(f'{one.name} has no dimensions; declare them by field(metadata={{"dims": ...}})')


def _kind(one: Field[Any]) -> str:
    return str(one.metadata.get("kind", "numbers"))


def _array(value: Any, kind: str) -> np.ndarray:
    return np.array(value, dtype=int) if kind == "positions" else np.asarray(value)


def settle(record: Any) -> None:
    """Make each field of a frozen record what it is declared to be: read-only copies of arrays, tuples of texts."""
    for one in fields(record):
        value = getattr(record, one.name)
        if value is None and one.default == ():  # no texts, as a file may say it
            value = ()
        if value is None or isinstance(value, Mapping | str) or "record" in one.metadata:
            continue
        if _kind(one) == "texts":
            object.__setattr__(record, one.name, tuple(str(text) for text in value))
        elif _kind(one) == "positions":
            object.__setattr__(record, one.name, tuple(tuple(int(place) for place in row) for row in value))
        elif "dims" in one.metadata:
            put(record, **{one.name: value})


def put(record: Any, **arrays: Any) -> None:
    """Set fields of a frozen record to read-only float64 copies of arrays."""
    for name, values in arrays.items():
        array = np.array(values, dtype=np.float64)
        array.setflags(write=False)
        object.__setattr__(record, name, array)


def misfit(parts: Mapping[str, Part], sizes: Mapping[str, int]) -> tuple[str, Shape, Shape] | None:
    """Name, shape and expected shape of the first part that does not fit the sizes of its dimensions; None if all do.

    A dimension without a size may have any.
    """
    for name, part in parts.items():
        shape = part.value.shape if isinstance(part.value, np.ndarray) else (len(part.value),)
        lengths = (*shape, *[1] * len(part.dims))
        expected = tuple(sizes.get(dim, length) for dim, length in zip(part.dims, lengths, strict=False))
        if part.dims and shape != expected:
            return name, shape, expected
    return None


def selected(record: Any, kept: Mapping[str, Sequence[int]]) -> dict[str, Any]:
    """Fields of a record, without those of a record within, that lie along some dimensions, at the positions kept."""
    chosen: dict[str, Any] = {}
    for one in fields(record):
        value, dims = getattr(record, one.name), one.metadata.get("dims", ())
        if value is None or isinstance(dims, Mapping) or not set(dims) & set(kept):
            continue
        if _kind(one) == "texts":
            chosen[one.name] = tuple(value[place] for place in kept[dims[0]])
        else:
            chosen[one.name] = value[np.ix_(*(kept.get(dim, range(value.shape[k])) for k, dim in enumerate(dims)))]
    return chosen


def same_parts(first: Mapping[str, Part], second: Mapping[str, Part]) -> bool:
    """Whether two records have the same parts with the same values, NaN where the other has NaN."""
    return first.keys() == second.keys() and all(_same(part.value, second[name].value) for name, part in first.items())


def _same(first: Value, second: Value) -> bool:
    if isinstance(first, np.ndarray) and isinstance(second, np.ndarray):
        return np.array_equal(first, second, equal_nan=first.dtype.kind == "f")
    return type(first) is type(second) and bool(first == second)
