"""The command line from its arguments to its files, its sentences and its exit status."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.cli import destination, outputs

DK = list(dk68_names())
FIT_FILES = [
    *("fit.nc", "genes.csv", "programs.csv", "programs_wide.csv", "regions.csv", "report.html", "summary.json"),
    "variance.csv",
]
COLUMNS = {
    "regions.csv": "map,region,hemisphere,lobe,observed,se,mean,sd,lower50,upper50,lower90,upper90,lower95,upper95,"
    "p_negative,predictable_mean,predictable_lower90,predictable_upper90,expression_observed,thinning_observed,"
    "transcriptomic_share,spatial_share,structural_share",
    "genes.csv": "map,gene,weight,sd,lower90,upper90,p_positive,local_false_sign_rate,stability,q_value",
    "programs.csv": "program,quantity,name,mean,sd,lower90,upper90",
    "variance.csv": "map,source,mean,sd,lower50,upper50,lower90,upper90,lower95,upper95",
}


@pytest.fixture(autouse=True)
def quick_report(monkeypatch):
    """Stand in for the report's pictures, which take twenty seconds; test_export has the real page made."""
    monkeypatch.setattr(import_module("pyro_neurovae.page.assembly"), "report_html", lambda *_, **__: "<!DOCTYPE html>")


class TrainingReachedError(Exception):
    """Training would begin now."""


@pytest.fixture
def no_training(monkeypatch):
    """Stand in for the training: what reaches it is kept and ends the command."""
    import pyro_neurovae.posterior.groups as groups

    reached = []

    def stop(study, settings, **_):
        reached.append((study, settings))
        raise TrainingReachedError

    monkeypatch.setattr(groups, "fit_groups", stop)
    return reached


@pytest.fixture
def ready_fit(monkeypatch, small_fit):
    """Stand in for every fit: the small one, so that only files and words are at stake."""
    monkeypatch.setattr(import_module("pyro_neurovae.posterior.fits"), "fit", lambda *_, **__: small_fit)
    return small_fit


def made_expression():
    values = np.random.default_rng(1).uniform(size=(68, 12)).round(5)
    return pd.DataFrame(values, index=pd.Index(DK, name="region"), columns=[f"G{k}" for k in range(12)], dtype=object)


def made_map():
    values = np.random.default_rng(2).normal(-0.2, 0.1, 68).round(4)
    table = {"region": DK, "d": values, "se": 0.058, "n_controls": 926, "n_patients": 426}
    return pd.DataFrame(table, dtype=object)


def made_graph():
    ring = np.roll(np.eye(68), 1, axis=1)
    return pd.DataFrame(ring + ring.T, index=DK, columns=DK)


@pytest.fixture
def files(tmp_path):
    """Folder with expression.csv, map.csv and graph.csv, all of them good."""
    made_expression().to_csv(tmp_path / "expression.csv")
    made_map().to_csv(tmp_path / "map.csv", index=False)
    made_graph().to_csv(tmp_path / "graph.csv")
    return tmp_path


def fit_arguments(folder, *more):
    usual = {"--expression": folder / "expression.csv", "--thinning": folder / "map.csv", "--out": folder / "out"}
    left = [part for flag, value in usual.items() if flag not in more for part in (flag, value)]
    return ["fit", *left, *more]


def verify_arguments(folder, *more):
    return ["verify", *fit_arguments(folder, *more)[1:]]


# Enough training of the paper's model to run every step of it, and enough to follow any map wherever it goes.
PAPER = ("--set", "steps=20", "n_latent=3", "width=8", "warm_up=5", "patience=5")
UNTRAINED = (*PAPER, "draws=20")
FOLLOWING = (
    *("--set", "steps=100", "n_latent=6", "width=32", "learning_rate=0.03", "validation=0", "lam=0"),
    *("unexplained_scale=0.05", "draws=20"),
)


# Happy paths


@pytest.fixture(scope="module")
def five_maps(data_dir, tmp_path_factory):
    """What the command does with all five public maps."""
    out = tmp_path_factory.mktemp("five") / "new" / "out"
    maps = [data_dir / f"thickness/enigma_{name}.csv" for name in ("scz", "bd_adult", "mdd_adult", "tle_right")]
    command = [sys.executable, "-m", "pyro_neurovae", "fit", "--draws", "100", "--no-report", "--out", out]
    command += ["--expression", data_dir / "expression/ahba_dk68_stable0.6.csv.gz"]
    command += ["--thinning", *maps, data_dir / "thickness/enigma_pd.txt"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    return done, out


def test_five_public_maps_after_one_flag(five_maps):
    done, out = five_maps
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [name for name in FIT_FILES if name != "report.html"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]
    for name, columns in COLUMNS.items():
        assert (out / name).read_text().splitlines()[0] == columns
    regions = pd.read_csv(out / "regions.csv")
    assert regions.groupby("map", sort=False).size().to_dict() == {
        f"enigma_{name}": 68 for name in ("scz", "bd_adult", "mdd_adult", "tle_right", "pd")
    }
    unmeasured = regions[~regions["expression_observed"]]
    assert set(unmeasured["region"]) == {"R_frontalpole", "R_temporalpole"}
    assert len(unmeasured) == 10
    # An effect that is observed is about as sure as that of a typical region, with expression or without.
    relative = regions["sd"] / regions["se"]
    typical = relative.groupby(regions["map"]).median()
    ratio = relative[unmeasured.index].to_numpy() / typical[unmeasured["map"]].to_numpy()
    assert ratio.mean() == pytest.approx(1, abs=0.15)
    # None lies three standard errors from its observation.
    assert ((regions["mean"] - regions["observed"]).abs() < 3 * regions["se"]).all()


def test_what_five_maps_print(five_maps):
    done, out = five_maps
    warned = done.stderr.splitlines()
    assert [line.split(":")[1].strip() for line in warned] == [
        "enigma_scz.csv",
        "enigma_mdd_adult.csv",
        "enigma_tle_right.csv",
    ]
    assert all("by more than a factor of two, by a factor of " in line for line in warned)
    read = "note: enigma_pd.txt: read d (Cohen's d, negative for thinner), its standard errors computed from the group"
    assert read in done.stdout
    assert "differ from what" not in done.stdout
    assert "enigma_pd: the 10 most affected regions (negative = thinner)" in done.stdout
    assert done.stdout.splitlines()[-1] == (
        f"wrote fit.nc, regions.csv, genes.csv, programs.csv, programs_wide.csv, variance.csv, summary.json to {out}"
    )


def test_the_saved_fit_gives_the_tables_that_were_written(five_maps):
    fitted = nv.load(five_maps[1] / "fit.nc")
    written = pd.read_csv(five_maps[1] / "regions.csv")
    pd.testing.assert_frame_equal(fitted.regions(), written, check_dtype=False, rtol=1e-6)
    record = json.loads((five_maps[1] / "summary.json").read_text(), parse_constant=pytest.fail)
    assert record["settings"]["draws"] == 100
    assert list(record["maps"]) == list(fitted.study.maps)


@pytest.mark.parametrize("model", ["expression", "spatial"])
def test_baselines_write_every_file(run, data_dir, tmp_path, model):
    status, out, err = run(
        "fit",
        *("--expression", data_dir / "expression/ahba_dk68_l1000_stable0.2.csv"),
        *("--thinning", data_dir / "thickness/enigma_pd.txt"),
        *("--graph", data_dir / "connectivity/hcp_struct_dk68_matrix.csv"),
        *("--model", model, "--draws", 20, "--out", tmp_path / "out", "--quiet"),
    )
    assert (status, err) == (0, "")
    assert out.startswith("wrote fit.nc")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FIT_FILES
    for name, columns in COLUMNS.items():
        assert (tmp_path / "out" / name).read_text().splitlines()[0] == columns
    rows = {name: len(pd.read_csv(tmp_path / "out" / name)) for name in COLUMNS}
    genes = {"expression": 762, "spatial": 0}[model]
    assert rows == {"regions.csv": 68, "genes.csv": genes, "programs.csv": 0, "variance.csv": 5}


def test_a_map_of_vertices_gets_a_table_of_them(run, files_at_vertices, tmp_path):
    expression, thinning = files_at_vertices
    status, out, err = run(
        *("fit", "--expression", expression, "--expression-graph", "dk68", "--thinning", thinning),
        *("--graph", "cortex200", "--model", "spatial", "--draws", 20, "--out", tmp_path, "--quiet", "--no-report"),
    )
    assert (status, err) == (0, "")
    assert "variance.csv, vertices.csv, summary.json to" in out
    table = pd.read_csv(tmp_path / "vertices.csv")
    assert list(table.columns[:6]) == ["map", "hemisphere", "vertex", "region", "observed", "se"]
    assert len(table) == nv.load(tmp_path / "fit.nc").study.vertices.measured(0).sum()


def test_simulate_writes_what_fit_reads(run, tmp_path, no_training):
    out = tmp_path / "study"
    status, printed, _ = run("simulate", "--out", out, "--genes", 20, "--maps", 2, "--seed", 3)
    names = ["expression.csv", "thinning_simulated1.csv", "thinning_simulated2.csv", "truth.csv"]
    assert status == 0
    assert printed == f"wrote {', '.join(names)} to {out}\n"
    assert sorted(path.name for path in out.iterdir()) == names
    given = ["--expression", out / names[0], "--thinning", out / names[1], out / names[2]]
    with pytest.raises(TrainingReachedError):
        cli.main(["fit", *map(str, given), "--out", str(tmp_path / "fit")])
    read, drawn = no_training[0][0], nv.simulate(3, genes=20, maps=2)
    np.testing.assert_allclose(read.expression, drawn.expression, rtol=1e-6)
    np.testing.assert_allclose(read.thinning, drawn.thinning, rtol=1e-6)
    np.testing.assert_allclose(read.standard_error, drawn.standard_error, rtol=1e-6)
    parts = ["thinning", "predictable", "transcriptomic", "spatial", "structural", "regional"]
    truth = pd.read_csv(out / "truth.csv")
    assert list(truth) == ["map", "region", *parts]
    np.testing.assert_allclose(truth["thinning"], truth["predictable"] + truth["regional"], rtol=1e-6, atol=1e-8)


def test_demo_counts_what_the_intervals_hold(run, tmp_path, monkeypatch, quick):
    from pyro_neurovae.posterior.fits import fit

    def quickly(study, *, seed, draws, device, progress):
        return fit(study, seed=seed, draws=draws, n_programs=3, steps=5, map_steps=5)

    monkeypatch.setattr(import_module("pyro_neurovae.posterior.fits"), "fit", quickly)
    status, printed, _ = run("demo", "--draws", 30, "--out", tmp_path / "demo")
    assert status == 0
    assert "simulated: the 10 most affected regions (negative = thinner)" in printed
    held = int(printed.split("The 90% intervals cover ")[1].split(" of 68 true values")[0])
    assert 0 <= held <= 68
    row = (Path(__file__).parents[2] / "benchmarks/demo.md").read_text().splitlines()[-1].strip("| ").split(" | ")
    studies, mean, lower, upper = (round(float(cell)) for cell in row[:4])
    assert (
        f"Over {studies} such studies they cover {mean}% on average, and {lower} to {upper}% in nine of ten" in printed
    )
    names = sorted([*FIT_FILES, "expression.csv", "thinning.csv", "truth.csv"])
    assert sorted(path.name for path in (tmp_path / "demo").iterdir()) == names
    regions, truth = (pd.read_csv(tmp_path / "demo" / name) for name in ("regions.csv", "truth.csv"))
    assert held == ((regions["lower90"] <= truth["thinning"]) & (truth["thinning"] <= regions["upper90"])).sum()


def test_importing_the_command_line_loads_nothing_heavy():
    code = "import sys, pyro_neurovae, pyro_neurovae.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "torch",
        "pyro",
        "torch_geometric",
        "scipy",
        "arviz",
        "xarray",
        "h5netcdf",
        "matplotlib",
        "nilearn",
        "sklearn",
    }
    assert not heavy & set(loaded)


@pytest.mark.parametrize("command", ["fit", "verify", "demo", "simulate", "validate", "nulls", "sensitivity"])
def test_help_of_every_command_names_seed_and_out(run, command):
    status, printed, _ = run(command, "--help")
    assert status == 0
    assert "--seed" in printed
    assert "--out" in printed


def test_no_arguments_show_help(run):
    status, printed, _ = run()
    assert status == 0
    assert "simulate" in printed


# Choices that reach the study


def test_errors_that_are_unknown_need_se_none(run, files, no_training):
    table = made_map().drop(columns=["n_controls", "n_patients"])
    table.loc[[3, 9], "se"] = ""
    table.to_csv(files / "map.csv", index=False)
    status, _, err = run(*fit_arguments(files))
    assert status == 2
    assert "map.csv: no standard error for L_cuneus, L_lateraloccipital; " in err
    assert "--se none" in err
    with pytest.raises(TrainingReachedError):
        cli.main([str(part) for part in fit_arguments(files, "--se", "none")])
    assert not no_training[0][0].standard_error.any()


def test_genes_that_say_nothing_are_dropped_with_a_notice(files, no_training):
    table = made_expression().assign(G3=0.5, G4=np.nan)
    table.to_csv(files / "expression.csv")
    with pytest.raises(TrainingReachedError):
        cli.main([str(part) for part in fit_arguments(files, "--normalise", "region", "--draws", 7, "--seed", 9)])
    study, settings = no_training[0]
    assert len(study.genes) == 10
    assert study.notices[0].startswith("map: sampling errors are assumed to correlate across regions as regional thick")
    assert study.notices[1:] == (
        "expression.csv: 1 gene dropped, missing in every region: G4.",
        "expression.csv: 1 gene dropped, constant: G3.",
        "map.csv: read d (Cohen's d, negative for thinner) with the standard errors se; group sizes n_controls and "
        "n_patients.",
    )
    assert (study.normalise, settings.draws, settings.seed) == ("region", 7, 9)


def test_errors_far_from_the_group_sizes_are_a_warning(run, files, ready_fit):
    made_map().assign(se=0.18).to_csv(files / "map.csv", index=False)
    status, printed, err = run(*fit_arguments(files))
    assert status == 0
    assert err.count("\n") == 1
    assert err.startswith("warning: map.csv: all 68 standard errors are larger than what the group sizes imply, by ")
    assert "pass --se sizes to compute them from n_controls and n_patients" in err
    assert "wrote fit.nc" in printed


def test_a_region_without_thinning_is_shown_as_missing(run, files, monkeypatch, ready_fit):
    monkeypatch.setattr("pyro_neurovae.cli.terminal._MOST_AFFECTED", 68)
    _, printed, _ = run(*fit_arguments(files))
    words = [line.split() for line in printed.splitlines()]
    assert {line[0] for line in words if line[1:2] == ["missing"]} == {DK[3], DK[20], DK[50]}


# Bad input: (what is wrong, the file's change, further arguments, what the sentence says)


def cell(row, column, value):
    def change(table):
        table.loc[row, column] = value
        return table

    return change


def swapped(old, new):
    return lambda table: table.rename(index={old: new}, columns={old: new})


BAD_EXPRESSION = {
    "unknown region": (swapped("L_cuneus", "L_cuneos"), "unknown region L_cuneos; the nearest match is L_cuneus"),
    "two rows": (lambda t: pd.concat([t, t.iloc[[3]]]), "region L_cuneus has 2 rows"),
    "two spellings": (swapped("L_cuneus", "lh_insula"), "lh_insula and L_insula both name the region L_insula"),
    "letters": (cell("L_cuneus", "G2", "0.4l"), "row L_cuneus, column G2: '0.4l' is not a number"),
    "infinite": (cell("L_cuneus", "G2", "inf"), "row L_cuneus, column G2: 'inf' is infinite"),
    "all constant": (lambda t: t * 0 + 1, "no gene is left, all are missing or constant"),
    "all missing": (lambda t: t * np.nan, "no gene is left, all are missing or constant"),
    "no regions": (lambda t: t.set_axis([f"x{k}" for k in range(68)]), "name regions of the graph"),
}
BAD_MAP = {
    "unknown region": (cell(3, "region", "L_cuneos"), "unknown region L_cuneos; the nearest match is L_cuneus"),
    "no hemisphere": (cell(3, "region", "cuneus"), "label cuneus tells no hemisphere; write L_cuneus or R_cuneus"),
    "two rows": (cell(3, "region", "L_insula"), "region L_insula has 2 rows"),
    "letters": (cell(3, "d", "0.1a"), "row L_cuneus, column d: '0.1a' is not a number"),
    "infinite": (cell(3, "d", "-inf"), "row L_cuneus, column d: '-inf' is infinite"),
    "negative error": (cell(3, "se", -0.06), "row L_cuneus: standard error -0.06 is negative; name the column"),
    "zero error": (cell(3, "se", 0), "row L_cuneus: standard error 0 is zero; name the column"),
    "empty error": (cell([3, 9], "se", ""), "no standard error for L_cuneus, L_lateraloccipital; fill them in"),
    "infinite error": (cell(3, "se", "inf"), "row L_cuneus, column se: 'inf' is infinite"),
    "no errors": (lambda t: t[["region", "d"]], "no column of standard errors of d and no group sizes; name the"),
    "no effect": (lambda t: t.rename(columns={"d": "ad_nc"}), "no column of effects among region, ad_nc, se"),
    "few regions": (lambda t: t.iloc[:9], "map: 9 regions with both expression and thinning"),
    "constant": (lambda t: t.assign(d=-0.3), "map.csv: column d is -0.3 in every region, up to rounding; name"),
    "group size": (cell(3, "n_controls", 0), "row L_cuneus: a group size in n_controls or n_patients is not from 1"),
}
BAD_GRAPH = {
    "not symmetric": (cell(DK[0], DK[1], 5.0), "not symmetric: L_bankssts to L_caudalanteriorcingulate is 5 and"),
    "negative": (lambda t: -t, "weight -1 of L_bankssts to L_caudalanteriorcingulate is negative"),
    "unknown label": (swapped("L_cuneus", "L_cuneos"), "unknown region L_cuneos; the nearest match is L_cuneus"),
    "letters": (lambda t: t.astype(object).replace(1.0, "x"), "'x' is not a number; correct it, or write 0 where"),
}
CASES = [
    *((f"{file}: {fault}", file, *case) for file, cases in (
        ("expression.csv", BAD_EXPRESSION), ("map.csv", BAD_MAP), ("graph.csv", BAD_GRAPH)
    ) for fault, case in cases.items()),
]  # fmt: skip
BAD_OPTIONS = {
    "no expression file": (("--expression", "absent.csv"), "absent.csv: no such file; check the path"),
    "no map file": (("--thinning", "absent.csv"), "absent.csv: no such file; check the path"),
    "no graph file": (("--graph", "absent.csv"), "absent.csv: no such file; check the path"),
    "a folder": (("--expression", "."), "is a folder; name the file in it that holds the table"),
    "one name twice": (("--thinning", "map.csv", "map.csv"), "would both be map map; rename one of the files"),
    "no table": (("--expression", "picture.png"), "picture.png: not a table, the file is binary"),
    "an empty table": (("--thinning", "empty.csv"), "empty.csv: not a table, the file is empty"),
    "one column": (("--thinning", "words.txt"), "words.txt: not a table, it has 1 column(s)"),
    "no draws": (("--draws", 0), "draws is 0; give a whole number of at least 1"),
    "no restarts": (("--restarts", -1), "restarts is -1; give a whole number of at least 1"),
    "a negative seed": (("--seed", -1), "seed is -1; give a whole number from 0"),
    "an unknown model": (("--model", "gp"), "unknown model 'gp': the known ones are cross-scale, expression, spatial"),
    "an unknown graph": (
        ("--graph", "aal"),
        "unknown graph 'aal': give dk68, dk68-boundary, dk68-distance, schaefer100, schaefer400, cortex200",
    ),
    "an unknown device": (("--device", "abacus"), "device 'abacus' is not to be had here; give auto or cpu"),
    "an unknown --se": (("--se", "maybe"), "--se maybe is unknown: the known ones are file, sizes, none"),
    "an unknown --normalise": (("--normalise", "x"), "--normalise x is unknown: the known ones are gene, region, none"),
    "an unknown column": (("--se-column", "sd"), "map.csv: no column 'sd'; give --se-column one of region, d, se"),
    "an unknown option": (("--drawz", 5), "No such option: --drawz"),
    "a word for a number": (("--draws", "many"), "Invalid value for '--draws'"),
    "a flag without its value": (("--seed",), "Option '--seed' requires an argument"),
}


def one_sentence(status, printed, err):
    """Check the manner of an error, and return its sentence."""
    assert (status, printed) == (2, "")
    assert err.startswith("pyro-neurovae: ")
    assert err.endswith(".\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err


@pytest.mark.parametrize(("file", "change", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_bad_file_is_named_and_nothing_written(run, files, no_training, file, change, message):
    table = pd.read_csv(files / file, index_col=None if file == "map.csv" else 0, dtype=object)
    made = change({"expression.csv": made_expression, "map.csv": made_map, "graph.csv": made_graph}[file]())
    assert not made.equals(table)
    made.to_csv(files / file, index=file != "map.csv")
    err = one_sentence(*run(*fit_arguments(files, "--graph", files / "graph.csv")))
    assert message in err
    assert file in err or "map map:" in err
    assert not no_training
    assert sorted(path.name for path in files.iterdir()) == ["expression.csv", "graph.csv", "map.csv"]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_a_bad_option_is_named_and_nothing_written(run, files, no_training, monkeypatch, options, message):
    (files / "picture.png").write_bytes(bytes(range(256)))
    (files / "empty.csv").write_text("")
    (files / "words.txt").write_text("word\nword\n")
    before = sorted(files.iterdir())
    monkeypatch.chdir(files)
    assert message in one_sentence(*run(*fit_arguments(files, *options)))
    assert not no_training
    assert sorted(files.iterdir()) == before


def test_no_region_in_common(run, files, no_training):
    made_expression().iloc[:34].to_csv(files / "expression.csv")
    made_map().iloc[34:].to_csv(files / "map.csv", index=False)
    err = one_sentence(*run(*fit_arguments(files)))
    assert "map map: no region with both expression and thinning (34 with expression, 34 with thinning)" in err
    assert "check that both tables name the same regions and hemispheres" in err


def test_options_that_are_needed_are_asked_for(run, files):
    assert "Missing option '--out'; 'pyro-neurovae fit --help' lists" in one_sentence(
        *run("fit", "--expression", files / "expression.csv", "--thinning", files / "map.csv")
    )
    assert "No such command 'fti'; 'pyro-neurovae --help' lists what there is." in one_sentence(*run("fti"))
    assert "seed is -1" in one_sentence(*run("simulate", "--out", files / "out", "--seed", -1))
    assert "genes is 0" in one_sentence(*run("simulate", "--out", files / "out", "--genes", 0))
    assert "draws is 0" in one_sentence(*run("demo", "--draws", 0))
    assert not (files / "out").exists()


# The paper's model and its checklist


def test_the_papers_model_writes_every_file(run, files):
    status, out, err = run(*fit_arguments(files, "--model", "paper", "--draws", 20, "--normalise", "region", *PAPER))
    assert (status, err) == (0, "")
    assert out.splitlines()[-1].startswith("wrote fit.nc")
    assert sorted(path.name for path in (files / "out").iterdir()) == FIT_FILES
    for name, columns in COLUMNS.items():
        assert (files / "out" / name).read_text().splitlines()[0] == columns
    rows = {name: len(pd.read_csv(files / "out" / name)) for name in COLUMNS}
    assert rows == {"regions.csv": 68, "genes.csv": 12, "programs.csv": 0, "variance.csv": 5}
    record = json.loads((files / "out" / "summary.json").read_text(), parse_constant=pytest.fail)
    assert record["settings"]["family"]["n_latent"] == 3


@pytest.fixture(scope="module")
def verified():
    """Verifications by their settings: the files that are verified here are the same each time."""
    return {}


@pytest.fixture
def verified_once(monkeypatch, verified):
    """Run each verification once, and give it again."""
    module = import_module("pyro_neurovae.evidence.verification")
    verify = module.verify

    def once(study, **options):
        key = str(sorted((name, value) for name, value in options.items() if name != "progress"))
        if key not in verified:
            verified[key] = verify(study, **options)
        return verified[key]

    monkeypatch.setattr(module, "verify", once)


@pytest.mark.usefixtures("verified_once")
@pytest.mark.parametrize(("settings", "status", "verdict"), [(FOLLOWING, 0, "pass"), (UNTRAINED, 1, "fail")])
def test_verify_ends_with_0_or_1_and_writes_either_way(run, files, settings, status, verdict):
    ended, out, err = run(*verify_arguments(files, *settings))
    assert (ended, err) == (status, "")
    assert [line.split()[-1] for line in out.splitlines() if ", in-sample " in line] == [verdict, verdict]
    assert out.splitlines()[-1] == f"wrote verify.json to {files / 'out'}"
    assert [path.name for path in (files / "out").iterdir()] == ["verify.json"]
    record = json.loads((files / "out" / "verify.json").read_text(), parse_constant=pytest.fail)
    assert record["passed"] == (status == 0)
    assert record["conclusion"] in out.splitlines()
    assert set(record["held_out"]) == {"pairs", "blocks"}


@pytest.mark.usefixtures("verified_once")
def test_verify_without_out_writes_nothing(run, files):
    before = sorted(files.iterdir())
    arguments = verify_arguments(files, "--quiet", *UNTRAINED)
    place = arguments.index("--out")
    status, out, err = run(*arguments[:place], *arguments[place + 2 :])
    assert (status, err) == (1, "")
    assert out.count("\n") == 3
    assert "note: map.csv: read d (Cohen's d, negative for thinner) with the standard errors se" in out
    assert out.startswith("note: map: sampling errors are assumed to correlate across regions as regional thickness")
    assert "The in-sample R2 of" in out
    assert sorted(files.iterdir()) == before


@pytest.mark.usefixtures("verified_once")
def test_verify_replaces_its_record_only_when_that_is_asked_for(run, files):
    (files / "out").mkdir()
    record = files / "out" / "verify.json"
    record.write_text("of an earlier run")
    err = one_sentence(*run(*verify_arguments(files, *UNTRAINED)))
    assert f"--out {files / 'out'} holds verify.json already; add --overwrite to replace it" in err
    assert record.read_text() == "of an earlier run"
    assert run(*verify_arguments(files, "--overwrite", *UNTRAINED))[0] == 1
    assert json.loads(record.read_text())["passed"] is False


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--expression", "absent.csv"), "absent.csv: no such file; check the path"),
        (("--se", "maybe"), "--se maybe is unknown: the known ones are file, sizes, none"),
        (("--seed", -1), "seed is -1; give a whole number from 0"),
        (("--device", "abacus"), "device 'abacus' is not to be had here; give auto or cpu"),
        (("--se-column", "sd"), "map.csv: no column 'sd'; give --se-column one of region, d, se"),
        (("--out", "map.csv"), "--out map.csv is a file; name a folder."),
    ],
)
def test_verify_names_a_bad_option_and_writes_nothing(run, files, no_training, monkeypatch, options, message):
    before = sorted(files.iterdir())
    monkeypatch.chdir(files)
    assert message in one_sentence(*run(*verify_arguments(files, *options)))
    assert not no_training
    assert sorted(files.iterdir()) == before


def test_verify_takes_one_map(run, files, no_training):
    made_map().to_csv(files / "second.csv", index=False)
    assert "--thinning" in one_sentence(
        *run(*verify_arguments(files, "--thinning", files / "map.csv", files / "second.csv"))
    )


# Settings of a model and its training


@pytest.mark.parametrize("arguments", [fit_arguments, verify_arguments], ids=["fit", "verify"])
def test_settings_reach_the_training(files, no_training, arguments):
    more = ("--model", "paper") if arguments is fit_arguments else ()
    settings = (
        "--set",
        "lam=pc(0.1, 0.5)",
        "standard_errors=true",
        "steps=700",
        "--quiet",
        "--set",
        "learning_rate=1e-2",
    )
    with pytest.raises(TrainingReachedError):
        cli.main([str(part) for part in arguments(files, *more, *settings)])
    reached = no_training[0][1]
    assert reached.model == "paper"
    assert (reached.family.lam, reached.family.standard_errors) == (nv.PCPrior(0.1, 0.5), True)
    assert (reached.training.steps, reached.training.learning_rate) == (700, 0.01)


def test_a_setting_that_is_a_word(files, no_training):
    with pytest.raises(TrainingReachedError):
        cli.main([str(part) for part in fit_arguments(files, "--set", "spatial_prior=iid", "n_programs=2")])
    assert (no_training[0][1].family.spatial_prior, no_training[0][1].family.n_programs) == ("iid", 2)


BAD_SETTINGS = {
    "no equals sign": ("lam", "the setting 'lam' has no value; write NAME=VALUE, for example lam=0.1."),
    "no value": ("lam=", "the setting 'lam=' has no value"),
    "no name": ("=3", "the setting '=3' has no value"),
    "unknown": ("temperature=3", "model paper has no setting 'temperature'; it has lam, layers"),
    "of another model": ("n_programs=3", "model paper has no setting 'n_programs'; it has lam"),
    "a word for a whole number": ("steps=abc", "steps is 'abc'; give a whole number of at least 1."),
    "a word for a number": ("learning_rate=fast", "learning_rate is 'fast'; give a number above 0."),
    "a negative penalty": ("lam=-1", "lam is -1; give a number of at least 0, or PCPrior(upper=..., alpha=...)."),
    "a prior of words": ("lam=pc(a,b)", "the prior 'pc(a,b)' does not hold 2 numbers; write pc(upper, alpha)."),
    "a prior out of range": ("lam=pc(1,2)", "is out of range: give upper > 0 and 0 < alpha < 1."),
    "no flag": ("standard_errors=maybe", "standard_errors is 'maybe'; give True or False."),
}


@pytest.mark.parametrize("arguments", [fit_arguments, verify_arguments], ids=["fit", "verify"])
@pytest.mark.parametrize(("setting", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_a_bad_setting_is_named_and_nothing_written(run, files, no_training, arguments, setting, message):
    before = sorted(files.iterdir())
    more = ("--model", "paper") if arguments is fit_arguments else ()
    assert message in one_sentence(*run(*arguments(files, *more, "--set", "width=8", setting)))
    assert not no_training
    assert sorted(files.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        (fit_arguments, "model=spatial"),
        (verify_arguments, "model=spatial"),
        (verify_arguments, "seed=3"),
        (fit_arguments, "draws=5"),
    ],
)
def test_what_has_a_flag_of_its_own_is_no_setting(run, files, no_training, arguments, setting):
    assert setting.split("=")[0] in one_sentence(*run(*arguments(files, "--set", setting)))
    assert not no_training


# Where results go


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("map.csv", "is a file; name a folder."),
        ("map.csv/below/it", "lies below the file"),
        ("/proc/nowhere", "can't be written"),
        ("x" * 300, "can't be written (File name too long)"),
    ],
)
@pytest.mark.parametrize("command", ["fit", "simulate", "demo"])
def test_out_that_cannot_be_written(run, files, no_training, monkeypatch, command, out, message):
    monkeypatch.chdir(files)
    arguments = fit_arguments(files, "--out", out) if command == "fit" else (command, "--out", out)
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    err = one_sentence(*run(*arguments))
    assert f"--out {out} " in err
    assert message in err
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_results_are_replaced_only_when_that_is_asked_for(run, files, ready_fit):
    out = files / "out"
    assert run(*fit_arguments(files))[0] == 0
    (out / "report.html").write_text("of the first fit")
    (out / "notes.txt").write_text("mine")
    (out / "regions.csv").write_text("of the first fit")
    err = one_sentence(*run(*fit_arguments(files)))
    assert f"--out {out} holds fit.nc already; add --overwrite to replace it, or name another folder." in err
    assert (out / "regions.csv").read_text() == "of the first fit"
    assert run(*fit_arguments(files, "--overwrite"))[0] == 0
    assert sorted(path.name for path in out.iterdir()) == sorted([*FIT_FILES, "notes.txt"])
    assert (out / "regions.csv").read_text().startswith("map,region")


# Interrupts


def stop_after(monkeypatch, module, name, request):
    """Ask this process to stop once the named step of writing is done."""
    step = getattr(module, name)

    def then_stop(*arguments):
        done = step(*arguments)
        os.kill(os.getpid(), request)
        return done

    monkeypatch.setattr(module, name, then_stop)


@pytest.mark.parametrize("request_to_stop", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "kill"])
@pytest.mark.parametrize("earlier", [False, True], ids=["new folder", "over earlier results"])
def test_an_interrupt_leaves_everything_as_it_was(run, files, ready_fit, monkeypatch, request_to_stop, earlier):
    out = files / "out"
    if earlier:
        out.mkdir()
        (out / "fit.nc").write_text("of an earlier fit")
    before = sorted(files.rglob("*"))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stop_after(monkeypatch, outputs, "write_table", request_to_stop)
    status, printed, err = run(*fit_arguments(files, "--overwrite", "--quiet"))
    assert (status, printed) == (130, "")
    assert err.strip() == "pyro-neurovae: interrupted; no result was written or changed."
    assert sorted(files.rglob("*")) == before
    assert not earlier or (out / "fit.nc").read_text() == "of an earlier fit"
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_an_interrupt_while_files_change_place_comes_too_late(run, files, ready_fit, monkeypatch):
    stop_after(monkeypatch, destination, "_held", signal.SIGINT)
    monkeypatch.setattr("pyro_neurovae.cli.destination.check_out", lambda *_, **__: None)
    status, _, err = run(*fit_arguments(files))
    assert (status, err) == (0, "")
    assert sorted(path.name for path in (files / "out").iterdir()) == FIT_FILES


def test_an_interrupt_of_a_process_in_training(files):
    """From outside: a real process, stopped once its training has begun."""
    code = (
        "import os, signal, sys\n"
        "import pyro_neurovae.posterior.groups as groups\n"
        "groups.fit_groups = lambda *_, **__: os.kill(os.getpid(), signal.SIGTERM)\n"
        "from pyro_neurovae.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", code, *map(str, fit_arguments(files))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.strip() == "pyro-neurovae: interrupted; no result was written or changed."
    assert not (files / "out").exists()


def test_a_full_disk_is_said_in_one_sentence(run, files, ready_fit, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyro_neurovae.cli.outputs.write_table", full)
    err = one_sentence(*run(*fit_arguments(files, "--quiet")))
    assert "can't be written (No space left on device) and is as it was; make room there" in err
    assert not (files / "out").exists()
    assert not [path for path in files.iterdir() if "partial" in path.name]


def test_package_runs_as_a_module():
    done = subprocess.run([sys.executable, "-m", "pyro_neurovae"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "pyro-neurovae [OPTIONS] COMMAND" in done.stdout
    assert Path(nv.__file__).parent.name == "pyro_neurovae"
