"""What people and machines do to files: each mutation changes a draft, and says what may be expected of its reader."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import h5py
import numpy as np
from drafts import Draft

Mutation = Callable[[Draft], None]

# Numbers at the edge of what can be computed with, codes for missing values, and what is no number.
EDGES = ("1e308", "-1e308", "1e200", "5e-324", "1e-300", "inf", "-inf", "0", "-0.0", "1e15", "-99999", "123456789")
CODES = ("", "NA", "nan", "-9", "-4", "-1", "999", "-999", "9999", "#N/A", ".", "NULL")
JUNK = (
    "abc",
    "90+",
    "#REF!",
    "=1+1",
    "TRUE",
    "1;2",
    "1,5",
    "<0.001",
    "2021-03-01",
    "1_000",
    "0x1F",
    "½",
    "1e",
    "''",
    "\u202e1",
)
NAMES = (
    "x",
    "id",
    "region",
    "d",
    "SE",
    "p",
    "t",
    "value",
    "",
    "mean",
    "L_insula",
    "2",
    "n",
    "b",
    "se_d",
    "Age",
    "DX",
    "nan",
)
WORDS = ("note", "Table 1", "* p < 0.05", "Source: our own data", "Abbreviations: AD, dementia")


# Those that change nothing: the file must be read, and the numbers be the same


def shuffle_rows(draft: Draft) -> None:
    order = draft.pick.sample(range(1, len(draft.cells)), len(draft.cells) - 1)
    draft.cells[1:], draft.origin[1:] = [draft.cells[i] for i in order], [draft.origin[i] for i in order]


def shuffle_columns(draft: Draft) -> None:
    width = len(draft.cells[0])
    named = [k for k in range(1, width) if draft.cells[0][k]]
    order = [0, *draft.pick.sample(named, len(named)), *sorted(set(range(1, width)) - set(named))]
    draft.cells = [[row[i] for i in order] if len(row) == width else row for row in draft.cells]
    draft.columns = [draft.columns[i] for i in order]


def pad_cells(draft: Draft) -> None:
    blank = draft.pick.choice((" ", "  "))
    draft.cells = [[f"{blank}{cell}{blank}" if cell else cell for cell in row] for row in draft.cells]


def quote(draft: Draft) -> None:
    draft.quoted = True


def windows_lines(draft: Draft) -> None:
    draft.newline = "\r\n"


def mark_bytes(draft: Draft) -> None:
    draft.encoding = draft.pick.choice(("utf-8-sig", "utf-16"))


def pack(draft: Draft) -> None:
    draft.packed = True


def tabs(draft: Draft) -> None:
    draft.delimiter = "\t"


def semicolons(draft: Draft) -> None:
    draft.delimiter = ";"


def european(draft: Draft) -> None:
    draft.delimiter, draft.decimal = draft.pick.choice(";\t"), ","


def ends(draft: Draft) -> None:
    draft.cells = [[*row, ""] for row in draft.cells]
    draft.columns.append(-1)


def blank_lines(draft: Draft) -> None:
    for _ in range(3):
        at = draft.pick.randrange(1, len(draft.cells) + 1)
        draft.cells.insert(at, [""] * len(draft.cells[0]))
        draft.origin.insert(at, -1)


def rename_file(draft: Draft) -> None:
    stem, _, end = draft.name.rpartition(".")
    draft.name = draft.pick.choice(
        (f"a b.{end}", f"{stem}.é.{end}", f"[{stem}].{end}", f"{stem}.TXT", f"x%d{{0}}.{end}")
    )


# Those that touch some rows: the numbers of the others stay the same, if the file is read


def _cell(draft: Draft, values: tuple[str, ...]) -> None:
    row = draft.pick.randrange(1, len(draft.cells))
    column = draft.pick.randrange(len(draft.cells[row])) if draft.cells[row] else 0
    if column < len(draft.cells[row]):
        if column == 0 and draft.axis == "columns":
            draft.loosen()
        draft.touch(row, column)
        draft.cells[row][column] = draft.pick.choice(values)


def edge_cell(draft: Draft) -> None:
    _cell(draft, EDGES)


def code_cell(draft: Draft) -> None:
    _cell(draft, CODES)


def junk_cell(draft: Draft) -> None:
    _cell(draft, JUNK)


def drop_row(draft: Draft) -> None:
    if len(draft.cells) > 2:
        row = draft.pick.randrange(1, len(draft.cells))
        draft.touch(row)
        del draft.cells[row], draft.origin[row]


def double_row(draft: Draft) -> None:
    row = draft.pick.randrange(1, len(draft.cells))
    draft.touch(row)
    draft.cells.append(list(draft.cells[row]))
    draft.origin.append(draft.origin[row])


def swap_labels(draft: Draft) -> None:
    one, two = draft.pick.sample(range(1, len(draft.cells)), 2) if len(draft.cells) > 2 else (1, 1)
    draft.touch(one)
    draft.touch(two)
    draft.loosen(free=draft.axis != "rows")
    draft.cells[one][0], draft.cells[two][0] = draft.cells[two][0], draft.cells[one][0]


def strange_row(draft: Draft) -> None:
    row = list(draft.pick.choice(draft.cells[1:]))
    row[0] = draft.pick.choice(("nonsense", "total", "L_nowhere", "0", "total"))
    draft.loosen(free=draft.axis != "rows")
    draft.cells.append(row)
    draft.origin.append(-1)


def note(draft: Draft) -> None:
    at = draft.pick.choice((0, len(draft.cells)))
    draft.loosen(free=False)
    draft.whole = draft.whole and at > 0
    draft.cells.insert(at, [draft.pick.choice(WORDS)])
    draft.origin.insert(at, -1)


def short_row(draft: Draft) -> None:
    row = draft.pick.randrange(1, len(draft.cells))
    draft.touch(row)
    draft.cells[row] = draft.cells[row][: draft.pick.randrange(len(draft.cells[row]) + 1)]


# Those after which anything may be read that the file bears out


def rename_column(draft: Draft) -> None:
    draft.loosen()
    draft.cells[0][draft.pick.randrange(len(draft.cells[0]))] = draft.pick.choice(NAMES)


def swap_headers(draft: Draft) -> None:
    draft.loosen()
    header = draft.cells[0]
    one, two = draft.pick.randrange(len(header)), draft.pick.randrange(len(header))
    header[one], header[two] = header[two], header[one]


def drop_column(draft: Draft) -> None:
    draft.loosen()
    column = draft.pick.randrange(len(draft.cells[0]))
    draft.cells = [row[:column] + row[column + 1 :] for row in draft.cells]
    del draft.columns[column : column + 1]


def double_column(draft: Draft) -> None:
    draft.loosen()
    column = draft.pick.randrange(len(draft.cells[0]))
    draft.cells = [[*row, row[column]] if column < len(row) else row for row in draft.cells]
    draft.columns.append(-1)


def _column(draft: Draft, change: Callable[[str], str]) -> None:
    draft.loosen()
    column = draft.pick.randrange(len(draft.cells[0]))
    for row in draft.cells[1:]:
        if column < len(row):
            row[column] = change(row[column])


def fill_column(draft: Draft) -> None:
    value = draft.pick.choice((*EDGES, *CODES, *JUNK))
    _column(draft, lambda _: value)


def scale_column(draft: Draft) -> None:
    factor = draft.pick.choice((1e300, 1e-300, 1e6, -1.0, 1e-6, 1e150, 100.0))
    _column(draft, lambda cell: _times(cell, factor))


def code_column(draft: Draft) -> None:
    value = draft.pick.choice(CODES)
    _column(draft, lambda cell: value if draft.pick.random() < 0.4 else cell)


def drop_rows(draft: Draft) -> None:
    draft.loosen()
    kept = draft.pick.randrange(len(draft.cells))
    draft.cells, draft.origin = draft.cells[: kept + 1], draft.origin[: kept + 1]


def drop_header(draft: Draft) -> None:
    draft.loosen()
    draft.whole = False
    draft.cells, draft.origin = draft.cells[1:] or draft.cells, draft.origin[1:] or draft.origin


def repeat_header(draft: Draft) -> None:
    draft.loosen()
    at = draft.pick.randrange(1, len(draft.cells) + 1)
    draft.cells.insert(at, list(draft.cells[0]))
    draft.origin.insert(at, -1)


def drop_corner(draft: Draft) -> None:
    draft.loosen()
    draft.whole = False
    draft.cells[0] = draft.cells[0][1:]


def transpose(draft: Draft) -> None:
    draft.loosen()
    draft.whole = False
    width = max(map(len, draft.cells))
    full = [row + [""] * (width - len(row)) for row in draft.cells]
    draft.cells = [list(row) for row in zip(*full, strict=True)]
    draft.origin, draft.columns = [-1] * len(draft.cells), [-1] * len(draft.cells[0])


def one_column(draft: Draft) -> None:
    draft.loosen()
    draft.cells = [row[:1] for row in draft.cells]


# Those of the bytes


def _bytes(draft: Draft, change: Callable[[bytes], bytes]) -> None:
    draft.loosen()
    draft.whole = False
    draft.content = change(draft.settle())


def cut(draft: Draft) -> None:
    _bytes(draft, lambda content: content[: draft.pick.randrange(len(content) + 1)])


def empty(draft: Draft) -> None:
    _bytes(
        draft,
        lambda _: draft.pick.choice((b"", b"\n", b" \n\n", b"\xef\xbb\xbf", b"\x1f\x8b", b"PK\x03\x04", b",,,\n,,,")),
    )


def flip_bits(draft: Draft) -> None:
    def change(content: bytes) -> bytes:
        made = bytearray(content)
        for _ in range(draft.pick.choice((1, 3, 30)) if made else 0):
            made[draft.pick.randrange(len(made))] ^= 1 << draft.pick.randrange(8)
        return bytes(made)

    _bytes(draft, change)


def insert_junk(draft: Draft) -> None:
    def change(content: bytes) -> bytes:
        at = draft.pick.randrange(len(content) + 1)
        junk = draft.pick.choice(
            (b"\0", b'"', b"\xff\xfe", draft.pick.randbytes(20), b"\x1b[31m", b"\n\n", b",,,", b"\xe9")
        )
        return content[:at] + junk + content[at:]

    _bytes(draft, change)


def binary(draft: Draft) -> None:
    _bytes(draft, lambda _: draft.pick.randbytes(draft.pick.randrange(1, 400)))


def cut_packed(draft: Draft) -> None:
    _bytes(draft, lambda content: gzip.compress(content, 1)[: -draft.pick.randrange(1, 40)])


def shuffle_lines(draft: Draft) -> None:
    def change(content: bytes) -> bytes:
        lines = content.split(b"\n")
        one, two = draft.pick.randrange(len(lines)), draft.pick.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
        return b"\n".join(lines[: draft.pick.randrange(1, len(lines) + 1)] if draft.pick.random() < 0.3 else lines)

    _bytes(draft, change)


def swap_words(draft: Draft) -> None:
    def change(content: bytes) -> bytes:
        words = content.split(b" ") if b" " in content else content.split(b"\t")
        word = draft.pick.choice((*EDGES, *CODES, *JUNK, *NAMES)).encode()
        words[draft.pick.randrange(len(words))] = word
        return b" ".join(words)

    _bytes(draft, change)


def edit_store(draft: Draft) -> None:
    """Change one array or attribute of a netCDF file."""

    def change(content: bytes) -> bytes:
        made = io.BytesIO(content)
        try:
            file = h5py.File(made, "r+")
        except (OSError, KeyError, RuntimeError):
            return content
        with file, suppress(OSError, KeyError, RuntimeError, TypeError, ValueError, OverflowError):
            names: list[str] = []
            file.visit(names.append)
            _edit(draft, file, draft.pick.choice(names))
        return made.getvalue()

    _bytes(draft, change)


def _edit(draft: Draft, file: Any, name: str) -> None:
    how = draft.pick.choice(("delete", "fill", "one", "shape", "text", "attribute", "root"))
    if how in ("attribute", "root"):
        holder = file if how == "root" else file[name]
        key = draft.pick.choice(sorted(holder.attrs) or ["new"])
        holder.attrs[key] = draft.pick.choice(
            ("", "x", "[]", "{}", 7, -1.0, "null", str(holder.attrs.get(key))[:-3], np.zeros(3))
        )
    elif how == "delete":
        del file[name]
    elif how == "shape":
        values = file[name][()]
        del file[name]
        file[name] = np.zeros((3, 2)) if draft.pick.random() < 0.5 else values.ravel()
    elif how == "text":
        del file[name]
        file[name] = "text"
    else:
        values = file[name][()]
        value = draft.pick.choice((np.nan, np.inf, -1.0, 0.0, 1e308, 1e-308))
        if how == "fill":
            values[...] = value
        else:
            with np.errstate(over="ignore"):  # a number too large for single precision is infinite there
                values.flat[draft.pick.randrange(values.size)] = value
        file[name][...] = values


def _times(cell: str, factor: float) -> str:
    try:
        return repr(float(cell) * factor)
    except ValueError:
        return cell


KEEPING: tuple[Mutation, ...] = (
    *(shuffle_rows, shuffle_columns, pad_cells, quote, windows_lines, mark_bytes, pack, tabs, semicolons, european),
    *(ends, blank_lines, rename_file),
)
TOUCHING: tuple[Mutation, ...] = (
    *(edge_cell, code_cell, junk_cell, drop_row, double_row, swap_labels, strange_row, note, short_row),
)
CHANGING: tuple[Mutation, ...] = (
    *(rename_column, swap_headers, drop_column, double_column, fill_column, scale_column, code_column, drop_rows),
    *(drop_header, repeat_header, drop_corner, transpose, one_column),
)
BYTES: tuple[Mutation, ...] = (
    cut,
    empty,
    flip_bits,
    insert_junk,
    binary,
    cut_packed,
    shuffle_lines,
    swap_words,
    edit_store,
)
MUTATIONS: dict[str, Mutation] = {one.__name__: one for one in (*KEEPING, *TOUCHING, *CHANGING, *BYTES)}
OF_BYTES = tuple(one.__name__ for one in BYTES)
OF_TABLES = tuple(name for name in MUTATIONS if name != "edit_store")
OF_STORES = ("cut", "flip_bits", "insert_junk", *("edit_store",) * 5)


def mutate(draft: Draft, names: tuple[str, ...]) -> None:
    """Apply mutations one after the other, those of cells first."""
    for name in sorted(names, key=lambda one: one in OF_BYTES):
        if name in OF_BYTES or (len(draft.cells) > 1 and draft.cells[0]):
            MUTATIONS[name](draft)
