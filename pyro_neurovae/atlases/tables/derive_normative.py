"""Derive the correlation of regional thickness across people from the subjects of the IMPAC challenge.

    python pyro_neurovae/atlases/tables/derive_normative.py SUBJECTS --write     write the table and its account
    python pyro_neurovae/atlases/tables/derive_normative.py SUBJECTS --check     exit with status 1 when they differ

SUBJECTS has a row for each person (subject_id, dataset, site, sex, age, dx, qc and the 68 columns
lh_NAME_thickness, rh_NAME_thickness, in mm), as data/*.csv of github.com/neuroanatomy/braindev-challenge, commit
c0a05c81, make it up when joined by subject_id. No row of it is written: both files hold group statistics.

For each dataset: people whose segmentation was judged good and whose regions are all there, at sites with at least
`FEWEST` of them; residuals of every region after age, age squared, sex and diagnosis, with and without site; each
residual at most `FARTHEST` robust standard deviations (1.4826 times the median absolute one) from 0, since one slip of
a surface would otherwise count for a hundred people; their correlations, shrunk towards none by Ledoit and Wolf's
share; the mean of that with and that without site: groups of a contrast are seldom free of what scanners differ in,
and seldom as full of it as two groups drawn from all sites (tests/benchmarks/error_correlation.py). "pooled" has the
residuals of both datasets below each other, scaled in each to standard deviation 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.covariance import ledoit_wolf_shrinkage

from pyro_neurovae.atlases.atlas import dk68_names

FOLDER = Path(__file__).parent
TABLE, ACCOUNT = "dk68_thickness_correlation.csv", "dk68_thickness_correlation.json"
FEWEST, FARTHEST = 10, 4.0
DATASETS = ("abide", "adhd200")
SOURCE = {
    "quantity": "correlation over people of mean cortical thickness (FreeSurfer 6, Desikan-Killiany) between regions, "
    "given age, age squared, sex and diagnosis; mean of that given site and that not given it",
    "source": "github.com/neuroanatomy/braindev-challenge (the IMPAC challenge), data/*.csv, commit c0a05c81; "
    "qc good in ABIDE (autism and controls) and ADHD-200 (ADHD and controls)",
    "citations": [
        "Di Martino et al. (2014), Molecular Psychiatry 19, 659-667, doi 10.1038/mp.2013.78 (ABIDE)",
        "The ADHD-200 Consortium (2012), Frontiers in Systems Neuroscience 6, 62, doi 10.3389/fnsys.2012.00062",
        "Ledoit & Wolf (2004), Journal of Multivariate Analysis 88, 365-411, doi 10.1016/S0047-259X(03)00096-4",
    ],
}


def good_people(subjects: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """People of a dataset with a good, whole segmentation, at sites with enough of them; columns of regions last."""
    found = subjects[(subjects["dataset"] == dataset) & (subjects["qc"] == 1)]
    columns = [f"{name[0].lower()}h_{name[2:]}_thickness" for name in dk68_names()]
    found = found[(found[columns] > 0).all(axis=1)]
    found = found[found.groupby("site")["site"].transform("size") >= FEWEST]
    return found[["site", "sex", "age", "dx", *columns]]


def residuals(people: pd.DataFrame, *, of_sites: bool) -> np.ndarray:
    """What age, its square, sex, diagnosis and perhaps site leave of each region, near 0, sd 1; (person, region)."""
    age = (people["age"] - people["age"].mean()) / people["age"].std()
    own = np.column_stack([age, age**2, people["sex"] == "M", people["dx"]]).astype(float)
    sites = pd.get_dummies(people["site"]).to_numpy(dtype=float)
    design = np.column_stack([own, sites if of_sites else np.ones(len(own))])
    thickness = people.iloc[:, 4:].to_numpy(dtype=float)
    left = thickness - design @ np.linalg.lstsq(design, thickness, rcond=None)[0]
    bound = FARTHEST * 1.4826 * np.median(np.abs(left), axis=0)
    left = np.clip(left, -bound, bound)
    left -= left.mean(0)
    return left / left.std(0)


def correlation(ways: list[np.ndarray]) -> tuple[np.ndarray, float]:
    """Mean correlation (region, region) of standardised rows, shrunk towards none, and the mean share taken off."""
    shares = [float(ledoit_wolf_shrinkage(rows, assume_centered=True)) for rows in ways]
    shrunk = np.mean([(1 - share) * rows.T @ rows / len(rows) for share, rows in zip(shares, ways, strict=True)], 0)
    np.fill_diagonal(shrunk, 1.0)
    return shrunk, float(np.mean(shares))


def derive(subjects: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Derive the table of correlations, a row for each pair of regions, and the account of what it rests on."""
    people = {name: good_people(subjects, name) for name in DATASETS}
    rows = {name: [residuals(one, of_sites=given) for given in (True, False)] for name, one in people.items()}
    rows["pooled"] = [np.concatenate(both) for both in zip(*(rows[name] for name in DATASETS), strict=True)]
    names, sites = np.array(dk68_names()), {name: people[name]["site"].nunique() for name in DATASETS}
    sites["pooled"] = sum(sites.values())
    first, second = np.triu_indices(len(names), k=1)
    table, account = {"region": names[first], "region_to": names[second]}, {}
    for name, own in rows.items():
        shrunk, share = correlation(own)
        table[name] = shrunk[first, second].round(4)
        account[name] = {
            "people": len(own[0]),
            "sites": int(sites[name]),
            "shrinkage": round(share, 4),
            "mean_correlation": round(float(shrunk[first, second].mean()), 4),
            "homologue_correlation": round(float(np.diag(shrunk, len(names) // 2).mean()), 4),
        }
    settings = {"least_people_at_a_site": FEWEST, "farthest_residual_in_robust_sd": FARTHEST}
    return pd.DataFrame(table), SOURCE | settings | {"sources": account}


def main() -> int:
    """Write or check the two files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", type=Path, help="table of the people (CSV, gzipped or not)")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    given = parser.parse_args()
    table, account = derive(pd.read_csv(given.subjects))
    texts = {TABLE: table.to_csv(index=False), ACCOUNT: json.dumps(account, indent=2) + "\n"}
    same = True
    for name, text in texts.items():
        path = FOLDER / name
        if given.write:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            same = False
            print(f"{path} differs from what the subjects give", file=sys.stderr)
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main())
