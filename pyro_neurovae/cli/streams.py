"""What the command line says: on any terminal, and without harm to the work where nobody can read it."""

from __future__ import annotations

import errno
import os
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

from ..wording import visible

__all__ = ["Stream", "patient_streams", "say"]

# What a terminal without these signs is shown in their place.
_PLAIN = {"±": "+-", "×": "x", "–": "-", "—": "-", "…": "...", "‘": "'", "’": "'", "“": '"', "”": '"', "ß": "ss"}


class Stream:
    """A text stream that takes all text, spells out what its encoding lacks, and keeps its first fault to itself.

    Attributes
    ----------
    fault
        Why nothing more can be written; None while it can.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.fault: Exception | None = None

    @property
    def encoding(self) -> str:
        """Encoding of the stream; that of texts where it is closed."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write a text, if that can be done."""
        self._try("write", _spelt(text, self.encoding))
        return len(text)

    def flush(self) -> None:
        """Write what is held back, if that can be done."""
        self._try("flush")

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._stream is not None and self._stream.isatty()

    @property
    def lost(self) -> str:
        """Why text was lost that somebody wanted; empty where none was: who closes a pipe has read enough."""
        fault = self.fault
        if fault is None or isinstance(fault, BrokenPipeError):
            return ""
        return getattr(fault, "strerror", None) or str(fault)

    def leave(self) -> None:
        """Flush; after a fault, let what is still held back go nowhere, so that the interpreter's own end succeeds."""
        self.flush()
        if self.fault is not None and self._stream in (sys.__stdout__, sys.__stderr__):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def _try(self, name: str, *arguments: str) -> None:
        if self.fault is not None or self._stream is None:
            return
        try:
            getattr(self._stream, name)(*arguments)
        except (OSError, ValueError) as fault:  # ValueError: closed
            known = isinstance(fault, OSError) and fault.errno in (errno.EPIPE, errno.EINVAL)
            self.fault = BrokenPipeError() if known else fault

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def patient_streams() -> Iterator[tuple[Stream, Stream]]:
    """Write through `Stream` to stdout and stderr for a block, at whose end both are flushed."""
    streams = Stream(sys.stdout), Stream(sys.stderr)
    with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
        try:
            yield streams
        finally:
            for stream in streams:
                stream.leave()


def say(text: str, *, aside: bool = False) -> None:
    """Print a text of whatever making as a line, ``aside`` on stderr."""
    print(visible(text), file=sys.stderr if aside else sys.stdout)


def _spelt(text: str, encoding: str) -> str:
    """The text in signs that an encoding has."""
    try:
        text.encode(encoding)
    except UnicodeError:
        return "".join(_sign(sign, encoding) for sign in text)
    return text


def _sign(sign: str, encoding: str) -> str:
    """A sign, or the nearest to it that an encoding has."""
    for near in (sign, _PLAIN.get(sign, ""), unicodedata.normalize("NFKD", sign)):
        shown = near.encode(encoding, "ignore").decode(encoding)
        if shown:
            return shown
    return sign.encode("ascii", "backslashreplace").decode("ascii")
