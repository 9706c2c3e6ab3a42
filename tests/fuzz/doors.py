"""Where files come in: each command and option that reads one, with a small good file of each kind."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import pyro_neurovae as nv
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.cohort import simulate_cohort

DK = dk68_names()
_GRID = """[[variant]]
name = "another seed"
seed = 6

[[variant]]
name = "half the genes"
genes = ["gene0001", "gene0003", "gene0005", "gene0007"]

[[variant]]
name = "few programs"
n_programs = 1
"""


@dataclass(frozen=True)
class Door:
    """A file of a command, to be mutated while the others stay good.

    Attributes
    ----------
    command
        Arguments; a name with an ending is that of a file of the folder `make_files` fills.
    file
        Name of the file that is mutated.
    axis
        Where it names regions: "rows", "columns", "both", or "" (nowhere).
    table
        Whether it is a table of cells.
    effects, errors
        Columns of a map that may be read as its effect and its standard error.
    """

    command: tuple[str, ...]
    file: str
    axis: str = "rows"
    table: bool = True
    effects: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


_STUDY = ("--expression", "expression.csv", "--thinning", "map.csv")
_FIT = ("fit", *_STUDY, "--normalise", "none", "--no-report", "--out", "out")
_CONTRAST = ("--case", "1", "--control", "0", "--covariates", "Age,Sex", "--out", "out/map.csv", "--quiet")
_CASES = ("contrast", "--subjects", "cov.csv", "--thickness", "thickness.csv", "--group", "Dx", *_CONTRAST)
_ADNI = (
    "--group",
    "DX_bl",
    "--case",
    "AD",
    "--control",
    "CN",
    "--covariates",
    "AGE",
    "--out",
    "out/map.csv",
    "--quiet",
)
_OTHER = ("fit", "--expression", "parcels_expression.csv", "--thinning", "parcels_map.csv", "--regions", "parcels.csv")
_OTHERS = (*_OTHER, "--graph", "none", "--normalise", "none", "--no-report", "--out", "out")


def _map(name: str, effects: tuple[str, ...], errors: tuple[str, ...]) -> Door:
    return Door(tuple(name if one == "map.csv" else one for one in _FIT), name, effects=effects, errors=errors)


DOORS = {
    "fit --expression": Door(_FIT, "expression.csv"),
    "fit --thinning (plain)": _map("map.csv", ("d",), ("se",)),
    "fit --thinning (ENIGMA)": _map("enigma.csv", ("d_icv",), ("se_icv",)),
    "fit --thinning (blanks)": _map("pd.txt", ("d", "b"), ("SE",)),
    "fit --thinning (mm)": _map("adni1.csv", ("difference_mm",), ("se",)),
    "fit --thinning (limma)": _map("limma.csv", ("logFC", "t"), ()),
    "fit --graph": Door((*_FIT, "--graph", "graph.csv"), "graph.csv", axis="both"),
    "fit --regions": Door(_OTHERS, "parcels.csv", axis=""),
    "fit --expression (atlas)": Door(_OTHERS, "parcels_expression.csv"),
    "fit --genes": Door((*_FIT, "--genes", "genes.txt"), "genes.txt", axis="", table=False),
    "fit --gene-weights": Door((*_FIT, "--gene-weights", "weights.csv"), "weights.csv", axis=""),
    "fit --covariance": Door((*_FIT, "--covariance", "covariance.csv"), "covariance.csv", axis="both"),
    "fit --sampling-correlation": Door(
        (*_FIT, "--sampling-correlation", "correlation.csv"), "correlation.csv", axis="both"
    ),
    "fit --structure": Door((*_FIT, "--structure", "correlation.csv"), "correlation.csv", axis="both"),
    "verify --thinning": Door(("verify", *_STUDY), "map.csv", effects=("d",), errors=("se",)),
    "validate --folds": Door(
        ("validate", *_STUDY, "--folds", "folds.csv", "--model", "ridge", "--normalise", "none", "--out", "out"),
        "folds.csv",
    ),
    "contrast --subjects": Door(_CASES, "cov.csv", axis=""),
    "contrast --thickness": Door(_CASES, "thickness.csv", axis="columns"),
    "contrast (ADNI's subjects)": Door(
        ("contrast", "--subjects", "ADNIMERGE.csv", "--thickness", "UCSFFSX51.csv", *_ADNI), "ADNIMERGE.csv", axis=""
    ),
    "contrast (ADNI's thickness)": Door(
        ("contrast", "--subjects", "ADNIMERGE.csv", "--thickness", "UCSFFSX51.csv", *_ADNI),
        "UCSFFSX51.csv",
        axis="columns",
    ),
    "contrast (TADPOLE)": Door(("contrast", "--subjects", "TADPOLE.csv", *_ADNI), "TADPOLE.csv", axis="columns"),
    "nulls --null-maps": Door(("nulls", "fit.nc", "--null-maps", "null_maps.csv", "--out", "out"), "null_maps.csv"),
    "nulls FIT": Door(("nulls", "fit.nc", "--method", "shuffle", "--maps", "5", "--out", "out"), "fit.nc", table=False),
    "sensitivity FIT": Door(("sensitivity", "fit.nc", "--grid", "grid.toml", "--out", "out"), "fit.nc", table=False),
    "sensitivity --grid": Door(
        ("sensitivity", "fit.nc", "--grid", "grid.toml", "--out", "out"), "grid.toml", table=False
    ),
    "report FIT": Door(("report", "fit.nc", "--out", "out/report.html"), "fit.nc", table=False),
    "report --gene-sets": Door(
        ("report", "fit.nc", "--gene-sets", "sets.gmt", "--out", "out/report.html"), "sets.gmt", table=False
    ),
    "export FIT": Door(("export", "fit.nc", "--formats", "csv,json", "--out", "out"), "fit.nc", table=False),
    "simulate": Door(("simulate", "--genes", "12", "--out", "out"), ""),
    "demo": Door(("demo", "--draws", "50"), ""),
}


def make_files(folder: Path, data: Path) -> None:
    """Fill a folder with a good file of each kind, of the public data in ``data`` and of simulated ones."""
    rng = np.random.default_rng(0)
    genes = pd.read_csv(data / "expression/ahba_dk68_l1000_stable0.2.csv", index_col=0).iloc[:68, :16]
    genes.to_csv(folder / "expression.csv")
    for name, kept in (
        ("enigma_scz.csv", "enigma.csv"),
        ("enigma_pd.txt", "pd.txt"),
        ("adni1_ad_freesurfer.csv", "adni1.csv"),
    ):
        shutil.copy(data / "thickness" / name, folder / kept)
    effects = pd.DataFrame(
        {"region": DK, "d": rng.normal(-0.2, 0.1, 68).round(4), "se": rng.uniform(0.04, 0.06, 68).round(4)}
    )
    effects.to_csv(folder / "map.csv", index=False)
    _limma(rng).to_csv(folder / "limma.csv", index=False)
    _tables_of_regions(folder, data, rng)
    _tables_of_genes(folder, list(genes))
    _parcels(folder, rng)
    shutil.copy(data / "subjects/cov.csv", folder / "cov.csv")
    shutil.copy(data / "subjects/metr2_CortThick.csv", folder / "thickness.csv")
    _adni(folder)
    _fitted(folder)


def _limma(rng: np.random.Generator) -> pd.DataFrame:
    change, t = rng.normal(-0.1, 0.05, 68), rng.normal(-3, 1, 68)
    change = np.sign(t) * abs(change)
    values = {"logFC": change, "AveExpr": rng.normal(2.5, 0.2, 68), "t": t, "P.Value": np.exp(-abs(t)), "B": t**2 - 5}
    return pd.DataFrame({"region": DK} | values).round(6)


def _tables_of_regions(folder: Path, data: Path, rng: np.random.Generator) -> None:
    labels = (data / "connectivity/hcp_struct_dk68_labels.csv").read_text().replace("\n", ",").strip(",").split(",")
    values = pd.read_csv(data / "connectivity/hcp_struct_dk68_matrix.csv", header=None).to_numpy()
    pd.DataFrame(values, index=labels, columns=labels).round(5).to_csv(folder / "graph.csv")
    sides = np.repeat([-1.0, 1.0], 34)
    likeness = 0.3 + 0.1 * np.outer(sides, sides) + 0.6 * np.eye(68)
    pd.DataFrame(likeness, index=DK, columns=DK).round(5).to_csv(folder / "correlation.csv")
    error = pd.read_csv(folder / "map.csv")["se"].to_numpy()
    pd.DataFrame(likeness * np.outer(error, error), index=DK, columns=DK).to_csv(folder / "covariance.csv")
    shutil.copy(data / "folds/blocks_0.csv", folder / "folds.csv")


def _tables_of_genes(folder: Path, genes: list[str]) -> None:
    (folder / "genes.txt").write_text("\n".join(genes[:12]) + "\n")
    pd.DataFrame({"gene": genes, "weight": np.linspace(0.5, 1.5, len(genes)).round(4)}).to_csv(
        folder / "weights.csv", index=False
    )


def _parcels(folder: Path, rng: np.random.Generator) -> None:
    """Tables of an atlas of forty parcels, twenty a side."""
    place = rng.uniform(10, 60, (20, 3)).round(2)
    places = np.vstack([place * [-1, 1, 1], place])
    names = [f"7Networks_{side}H_{k}" for side in "LR" for k in range(1, 21)]
    pd.DataFrame({"region": names, "x": places[:, 0], "y": places[:, 1], "z": places[:, 2]}).to_csv(
        folder / "parcels.csv", index=False
    )
    genes = pd.DataFrame(rng.uniform(size=(40, 8)).round(5), columns=[f"GENE{j}" for j in range(8)])
    genes.insert(0, "label", names)
    genes.to_csv(folder / "parcels_expression.csv", index=False)
    effects = {"label": names, "d": rng.normal(-0.2, 0.1, 40).round(4), "se": 0.05}
    pd.DataFrame(effects).to_csv(folder / "parcels_map.csv", index=False)


def _adni(folder: Path) -> None:
    """Fifty subjects as ADNI's tables, and the same as TADPOLE merges them."""
    tables = simulate_cohort(0, effect=np.full(68, -0.4)).tables()
    subjects, scans = tables["ADNIMERGE"], tables["UCSFFSX51"]
    chosen = [subjects.loc[subjects["DX_bl"] == name, "RID"].drop_duplicates().head(25) for name in ("AD", "CN")]
    kept, scans = (table[table["RID"].isin(pd.concat(chosen))] for table in (subjects, scans))
    kept.to_csv(folder / "ADNIMERGE.csv", index=False)
    scans.to_csv(folder / "UCSFFSX51.csv", index=False)
    keys = [name for name in ("RID", "VISCODE") if name in kept and name in scans]
    merged = kept.merge(
        scans.add_suffix("_UCSFFSX_11_02_15").rename(columns={f"{key}_UCSFFSX_11_02_15": key for key in keys}), on=keys
    )
    merged.to_csv(folder / "TADPOLE.csv", index=False)


def _fitted(folder: Path) -> None:
    """A fit of a ring of twelve regions, null maps on it, sets of its genes and variants of it."""
    names = tuple(f"{side}_{k}" for side in "LR" for k in range(6))
    ring = np.roll(np.eye(12), 1, axis=1)
    graph = nv.RegionGraph(names, ring + ring.T, homologues=tuple((k, k + 6) for k in range(6)))
    study = nv.simulate(4, genes=24, programs=2, graph=graph)
    nv.fit(study, n_programs=2, steps=10, draws=30).save(folder / "fit.nc")
    maps = np.random.default_rng(1).normal(-0.2, 0.1, (6, 12)).round(5)
    rows = [(k, name, value) for k in range(6) for name, value in zip(names, maps[k], strict=True)]
    pd.DataFrame(rows, columns=["null", "region", "value"]).to_csv(folder / "null_maps.csv", index=False)
    sets = [f"set {k}\tdescription\t" + "\t".join(study.genes[k : k + 12]) for k in range(4)]
    (folder / "sets.gmt").write_text("\n".join(sets) + "\n")
    (folder / "grid.toml").write_text(_GRID)
