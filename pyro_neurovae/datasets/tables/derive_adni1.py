"""Derive the built-in maps of ADNI-1 from the tables as they were taken from the paper.

    python pyro_neurovae/datasets/tables/derive_adni1.py FOLDER --write     write adni1_ad.csv and adni1_ad_ants.csv
    python pyro_neurovae/datasets/tables/derive_adni1.py FOLDER --check     exit with status 1 when they differ

FOLDER holds thickness/adni1_ad_freesurfer.csv and thickness/adni1_ad_ants.csv: tables 2 and 3 of Tustison et al.
(2019), Journal of Alzheimer's Disease 71, 165 (Manuscript/JAD/leftAovTable2.tex and rightAovTable2.tex of the
repository ntustison/CrossLong, commit cd8b83ba). The paper gives the adjusted difference of 142 people with Alzheimer's
disease from 197 controls in mm with its 95% interval; the standard error is the interval's width over 3.92. Regions are
put in the Desikan-Killiany order, those without a value are left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
MAPS = {"adni1_ad.csv": "adni1_ad_freesurfer.csv", "adni1_ad_ants.csv": "adni1_ad_ants.csv"}
COLUMNS = ["region", "difference_mm", "se", "n_controls", "n_patients"]


def derive(path: Path) -> str:
    """Text of the built-in table: one row a region that has a value."""
    order = pd.read_csv(HERE.parents[1] / "atlases" / "tables" / "dk68_regions.csv")["region"]
    cells = pd.read_csv(path, dtype=str)[COLUMNS].set_index("region")
    if set(cells.index) != set(order):
        raise SystemExit(f"{path}: its regions are not the 68 of dk68_regions.csv")
    kept = cells.loc[order].dropna().reset_index()
    if not (kept["se"].astype(float) > 0).all():
        raise SystemExit(f"{path}: a standard error is not above 0")
    return kept.to_csv(index=False, lineterminator="\n")


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    given = parser.parse_args()
    differing = 0
    for name, source in MAPS.items():
        text = derive(given.folder / "thickness" / source)
        if given.write:
            (HERE / name).write_text(text, encoding="utf-8", newline="\n")
        elif not (HERE / name).is_file() or (HERE / name).read_text(encoding="utf-8") != text:
            print(f"{HERE / name} differs from what {source} gives", file=sys.stderr)
            differing = 1
    return differing


if __name__ == "__main__":
    raise SystemExit(main())
