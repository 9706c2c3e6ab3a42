"""The command line as a whole: options that contradict each other, and what the machine refuses."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import cli
from pyro_neurovae.cli.app import app


@pytest.fixture
def files(run, tmp_path, monkeypatch):
    """A folder to stand in, with a simulated study in it."""
    monkeypatch.chdir(tmp_path)
    assert run("simulate", "--genes", 5, "--out", "s")[0] == 0
    return tmp_path


def test_the_version_is_told(run):
    assert run("--version") == (0, f"pyro-neurovae {nv.__version__}\n", "")


STUDY = ("--expression", "s/expression.csv", "--thinning", "s/thinning.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--seed", 1, "--seed", 2), "--seed is given twice; give it once."),
        (("--seed=1", "--seed", "1"), "--seed is given twice"),
        (("--report", "--no-report"), "--report is given twice"),
        (("--set", "steps=5", "steps=6"), "the setting steps is given twice"),
        (("--set=steps=5", "--set", "steps = 6"), "the setting steps is given twice"),
        (("--expression", "other.csv"), "--expression is given twice"),
        (("--set", f"n_programs={'[' * 100_000}"), "nests brackets too deep"),
    ],
)
def test_options_that_would_be_without_effect(run, files, options, message):
    status, out, err = run("fit", *STUDY, "--out", "o", *options)
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (files / "o").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--formats", ""), "no format is named: the known ones are csv, latex"),
        (("--formats", ","), "no format is named"),
        (("--formats", "docx"), "unknown format docx"),
        (("--top", -1), "top is -1; give a whole number of genes of at least 1"),
        (("--top", 0), "top is 0"),
        (("--nulls", "."), "holds no nulls.csv; name the folder that the command wrote to"),
    ],
)
def test_exports_of_nothing(run, small_fit, tmp_path, options, message):
    small_fit.save(tmp_path / "fit.nc")
    status, _, err = run("export", tmp_path / "fit.nc", "--out", tmp_path / "o", *options)
    assert (status, message in err) == (2, True)
    assert not (tmp_path / "o").exists()


def test_strata_of_nothing_and_a_folder_for_nothing(run, tmp_path):
    groups = ("--group", "g", "--case", "a", "--control", "b")
    status, _, err = run("contrast", "--subjects", "s.csv", *groups, "--strata", "site", "--out", tmp_path / "m.csv")
    assert (status, "give --bootstrap or --permutations, or leave it out" in err) == (2, True)
    status, _, err = run("datasets", "--out", tmp_path)
    assert (status, "is where datasets go, and none is named" in err) == (2, True)


def test_what_a_command_reads_is_not_overwritten(run, files):
    for name in ("regions.csv", "genes.csv"):
        (files / name).write_text("gene,weight\nG1,1\n")
    for option, name in (("--regions", "regions.csv"), ("--genes", "genes.csv"), ("--gene-weights", "genes.csv")):
        status, _, err = run("fit", *STUDY, option, name, "--out", ".", "--overwrite")
        assert status == 2
        assert f"would overwrite {name}, which is read too" in err or "that no command wrote" in err
    (files / "regions.csv").unlink()
    status, _, err = run("fit", *STUDY, "--out", files, "--overwrite")
    assert (status, "holds a genes.csv that no command wrote; move it" in err) == (2, True)
    assert (files / "genes.csv").read_text() == "gene,weight\nG1,1\n"
    pd.DataFrame({"map": ["a"], "gene": ["G1"]}).to_csv(files / "genes.csv", index=False)
    status, _, err = run("fit", *STUDY, "--genes", "genes.csv", "--out", ".", "--overwrite")
    assert (status, "would overwrite genes.csv, which is read too" in err) == (2, True)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (MemoryError(), "memory ran out, and no result was written or changed; ask for fewer"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "memory ran out"),
        (OSError(28, "No space left on device", "/x"), "/x can't be used (No space left on device)"),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(run, monkeypatch, fault, message):
    def fail(**_):
        raise fault

    monkeypatch.setattr(cli, "app", fail)
    status, _, err = run("fit")
    assert (status, message in err) == (2, True)


def test_a_fault_of_the_package_stays_one(monkeypatch):
    def fail(**_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(RuntimeError, match="shapes"):
        cli.main(["fit"])


@pytest.mark.parametrize("command", [one.name or one.callback.__name__ for one in app.registered_commands])
def test_help_shows_every_word_of_it(run, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "600")  # so that no sentence is broken
    status, printed, _ = run(command, "--help")
    own = next(one.callback for one in app.registered_commands if (one.name or one.callback.__name__) == command)
    told = [kind.help for one in own.__annotations__.values() for kind in getattr(one, "__metadata__", ())]
    assert status == 0
    for sentence in filter(None, told):
        assert sentence.replace("\\[", "[") in printed


def test_arviz_needs_no_home(tmp_path):
    code = "from pyro_neurovae import inferencedata\nprint(inferencedata.pareto_k(range(5)))\n"
    places = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null/cache", "MPLCONFIGDIR": str(tmp_path)}
    code += "import numpy as np\nprint(inferencedata.pareto_k(np.arange(100.0)) > 0)\n"
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | places, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
