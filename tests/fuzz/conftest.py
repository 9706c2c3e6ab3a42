"""The modules of this folder are found by their names, as they are where campaign.py runs by itself."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
