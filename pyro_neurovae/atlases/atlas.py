"""Atlases that the package knows by name: their regions, hemispheres, lobes and positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd

from ..errors import SettingsError

__all__ = [
    "ATLASES",
    "CORTEX",
    "PARCELS",
    "SCHAEFER",
    "Atlas",
    "adni_thickness",
    "atlas_of",
    "coarser_parcels",
    "dk68_edges",
    "dk68_names",
    "dk68_table",
    "numbered_names",
    "parcel_edges",
    "parcel_table",
    "parcellations_with",
    "register_atlas",
]

_TABLES = Path(__file__).parent / "tables"

# Numbers of parcels of the Schaefer parcellations (7 networks) whose tables are here, and numbers of patches of about
# one size that the cortex is cut into.
SCHAEFER = (100, 400)
CORTEX = (200, 400)
# Names of all of these.
PARCELS = (*(f"schaefer{parcels}" for parcels in SCHAEFER), *(f"cortex{patches}" for patches in CORTEX))


@dataclass(frozen=True)
class Atlas:
    """A parcellation whose labels are known in every spelling in use.

    Attributes
    ----------
    name
        What users call it.
    names
        Canonical names of the regions, L_... and R_... with the same word behind for homologues, left first.
    """

    name: str
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        odd = next((name for name in self.names if name[:2] not in ("L_", "R_")), None)
        if odd is not None or len(set(self.names)) < len(self.names):
            raise SettingsError(
                f"the atlas {self.name} can't be used: {odd or 'a name that stands twice'}; give every region a name "
                "of its own that begins with L_ or R_."
            )


# Name to atlas; the first whose names hold those of a graph is the one that its labels are looked up in.
ATLASES: dict[str, Atlas] = {}


def register_atlas(atlas: Atlas) -> None:
    """Let tables be read onto an atlas in any spelling: ``lh_NAME_thickness``, ``ctx-rh-NAME``, ``NAME_left``, ...

    Raises
    ------
    SettingsError
        For a name that is taken.
    """
    if atlas.name in ATLASES:
        raise SettingsError(f"an atlas is called {atlas.name} already; choose another name.")
    ATLASES[atlas.name] = atlas


def atlas_of(names: Sequence[str]) -> Atlas | None:
    """Atlas that has all of the names; None where there is none."""
    wanted = set(names)
    return next((atlas for atlas in ATLASES.values() if wanted <= set(atlas.names)), None)


def dk68_table() -> pd.DataFrame:
    """Return the regions: region, hemisphere, lobe, x y z (mm), and sphere_x sphere_y sphere_z (unit)."""
    return _table("dk68_regions.csv").copy()


def dk68_edges() -> pd.DataFrame:
    """Return the 175 pairs within a hemisphere that touch on fsaverage5: first, second, boundary_mm."""
    return _table("dk68_edges.csv").copy()


def parcel_table(name: str) -> pd.DataFrame:
    """Return the parcels of "schaefer400", "cortex400" and the like, as `dk68_table`, and each one's homologue.

    Schaefer's parcels have their network as lobe; a homologue is "" where there is none.
    """
    return _table(f"{_known(name)}_regions.csv").fillna({"homologue": ""}).rename(columns={"network": "lobe"})


def parcel_edges(name: str) -> pd.DataFrame:
    """Return the pairs within a hemisphere that touch on fsaverage5: first, second, boundary_mm."""
    return _table(f"{_known(name)}_edges.csv").copy()


def numbered_names(names: Sequence[str]) -> tuple[str, ...] | None:
    """Names in the order by which their atlas numbers them from 1, of one that does and has all of these; else None.

    None too for some of the names that several such atlases give, each to another parcel.
    """
    wanted = set(names)
    having = [own for own in map(_schaefer_names, SCHAEFER) if wanted <= set(own)]
    exact = [own for own in having if wanted == set(own)]
    return exact[0] if exact else having[0] if len(having) == 1 else None


def parcellations_with(name: str) -> tuple[str, ...]:
    """Names of the Schaefer graphs that have a parcel of the name."""
    return tuple(f"schaefer{parcels}" for parcels in SCHAEFER if name in _schaefer_names(parcels))


def coarser_parcels(labels: Sequence[str], names: Sequence[str]) -> int | None:
    """Parcels of the coarser Schaefer parcellation that labels are of by all signs, where the graph has more; or None.

    Its names and numbers are among those of the finer ones too, and mean other parcels there.
    """
    for parcels in SCHAEFER:
        own = _schaefer_names(parcels)
        known = {*own, *map(str, range(1, parcels + 1))}
        if set(own) < set(names) and 2 * len(labels) > parcels and known.issuperset(labels):
            return parcels
    return None


@lru_cache(maxsize=len(SCHAEFER))
def _schaefer_names(parcels: int) -> tuple[str, ...]:
    return tuple(_table(f"schaefer{parcels}_regions.csv")["region"])


def _known(name: str) -> str:
    if name not in PARCELS:
        raise SettingsError(f"no parcellation {name} is here; give {', '.join(PARCELS)}.")
    return name


def adni_thickness() -> dict[str, str]:
    """Column of average thickness in ADNI's tables (ST13TA) to the name of its region."""
    table = _table("adni_thickness_columns.csv")
    return dict(zip(table["column"], table["region"], strict=True))


@lru_cache(maxsize=1)
def dk68_names() -> tuple[str, ...]:
    """Canonical names L_bankssts ... R_insula, in Desikan-Killiany order, left first."""
    return tuple(_table("dk68_regions.csv")["region"])


@lru_cache(maxsize=8)
def _table(name: str) -> pd.DataFrame:
    return pd.read_csv(_TABLES / name)


register_atlas(Atlas("dk68", dk68_names()))
