"""Draws that were made already: a further map, a fold and a batch of null maps ask for the very same ones."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from torch import Tensor

__all__ = ["DrawMemory", "digest"]

Drawn = dict[str, Tensor]


def digest(*parts: object) -> bytes:
    """Fingerprint of tensors, by their numbers, and of anything else, by how it is written."""
    found = hashlib.blake2b()
    for part in parts:
        if isinstance(part, Tensor):
            found.update(f"{tuple(part.shape)} {part.dtype} {part.device}".encode())
            found.update(part.detach().cpu().contiguous().numpy().tobytes())
        else:
            found.update(repr(part).encode())
        found.update(b"\n")
    return found.digest()


class DrawMemory:
    """The latest draws by their fingerprint, up to a number of bytes. Nobody may change what it gives in place.

    Parameters
    ----------
    most
        Bytes that it may hold; larger draws are made anew each time.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._held: OrderedDict[bytes, Drawn] = OrderedDict()
        self._lock = Lock()

    def clear(self) -> None:
        """Hold nothing."""
        with self._lock:
            self._held.clear()

    def get(self, key: bytes, make: Callable[[], Drawn]) -> Drawn:
        """What was made for the key, or what ``make`` makes of it now."""
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return self._held[key]
        made = make()
        with self._lock:
            self._held[key] = made
            while _bytes(self._held.values()) > self.most:
                self._held.popitem(last=False)
        return made


def _bytes(held: Iterable[Drawn]) -> int:
    return sum(values.element_size() * values.nelement() for drawn in held for values in drawn.values())
