"""Requests to stop a command: which signals ask for it, and the moments at which none may come through."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["stoppable", "uninterrupted"]

# Ctrl-C, `kill` and a terminal that closes, as far as the system has them.
_REQUESTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextmanager
def stoppable() -> Iterator[None]:
    """Let every request to stop raise KeyboardInterrupt, unless the caller ignores or handles it already."""
    with _handling(_raise, only=signal.SIG_DFL):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignore requests to stop, for the few milliseconds in which files change place."""
    with _handling(signal.SIG_IGN):
        yield


@contextmanager
def _handling(handler: Any, *, only: Any = None) -> Iterator[None]:
    """Handle requests to stop, only those whose handler is ``only`` if that is given; main thread only."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in _REQUESTS}
        before = {number: found for number, found in before.items() if found is not None and only in (None, found)}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, found in before.items():
            signal.signal(number, found)


def _raise(*_: Any) -> None:
    raise KeyboardInterrupt
