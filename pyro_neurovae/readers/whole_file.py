"""A file that is written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["write_whole"]


def write_whole(path: Path, content: bytes | memoryview) -> None:
    """Write beside ``path`` first, then move into place, so that no half file is ever there; OSError where it can't."""
    handle, stage = tempfile.mkstemp(suffix=".partial", dir=path.parent)
    os.close(handle)
    try:
        Path(stage).write_bytes(content)
        umask = os.umask(0)
        os.umask(umask)
        Path(stage).chmod(0o666 & ~umask)
        Path(stage).replace(path)
    finally:
        Path(stage).unlink(missing_ok=True)
