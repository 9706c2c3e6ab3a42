"""ArviZ's own functions on fits that were saved and loaded again, under ArviZ 0.x here and 1.x under Python 3.12."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae import inference, inferencedata, models
from pyro_neurovae.errors import SettingsError

mpl.use("Agg")
az = pytest.importorskip("arviz")
if not hasattr(az, "psens"):
    pytest.skip("these are the names of ArviZ 0.x", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")
MISSING = [3, 40]


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    """Two models of one study that lacks two regions' thinning, saved."""
    folder, study = tmp_path_factory.mktemp("fits"), nv.simulate(0, genes=60, programs=4)
    thinning, error = study.thinning.copy(), study.standard_error.copy()
    thinning[0, MISSING] = error[0, MISSING] = np.nan
    study = study.with_thinning(thinning, error)
    options = {"cross-scale": {"n_programs": 4, "steps": 40}, "spatial": {}}
    found = {}
    for model, more in options.items():
        found[model] = folder / f"{model}.nc"
        nv.fit(study, model, draws=200, restarts=2, map_steps=60, map_rounds=0, **more).save(found[model])
    return found


@pytest.fixture(params=["nv.load", "az.from_netcdf"])
def idata(request, paths):
    return nv.load(paths["cross-scale"]).idata if request.param == "nv.load" else az.from_netcdf(paths["cross-scale"])


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_the_summary_of_everything(paths):
    assert len(az.summary(az.from_netcdf(paths["cross-scale"]), kind="stats")) > 68


def test_summary_and_intervals(idata):
    table = az.summary(idata, var_names=["thinning", "unexplained_scale", "strength"])
    assert len(table) == 68 + 1 + 4
    assert np.isfinite(table.to_numpy()).all()
    assert table.loc["thinning[simulated, L_insula]", "sd"] > 0
    assert az.hdi(idata, hdi_prob=0.9)["thinning"].shape == (1, 68, 2)


def test_leave_one_out_counts_the_observed_regions(idata):
    loo = az.loo(idata, pointwise=True)
    assert loo.n_data_points == 66
    assert np.isfinite(loo.elpd_loo)
    assert loo.loo_i.shape == (1, 66)
    assert az.loo_pit(idata, y="thinning").shape == (1, 66)


def test_models_are_compared(paths):
    table = az.compare({name: nv.load(path).idata for name, path in paths.items()})
    assert list(table["rank"]) == [0, 1]
    assert np.isfinite(table["elpd_loo"]).all()


@pytest.mark.parametrize("component", ["prior", "likelihood"])
def test_power_scaling_sensitivity(idata, component):
    found = az.psens(idata, component=component, var_names=["unexplained_scale", "transcriptomic_scale", "strength"])
    assert all(np.isfinite(found[name]).all() and (found[name] >= 0).all() for name in found)


def test_the_log_prior_is_that_of_the_hyperparameters(paths):
    fitted = nv.load(paths["cross-scale"])
    prior, posterior = (inferencedata.group(fitted.idata, name) for name in ("log_prior", "posterior"))
    names = {f"{part}_scale" for part in ("transcriptomic", "spatial", "structural", "unexplained")}
    names |= {"strength", "smoothness", "expression_noise"}
    assert set(prior) == names
    rate = -np.log(0.05)  # strength: P(s > 1) = 0.05
    np.testing.assert_allclose(prior["strength"], np.log(rate) - rate * posterior["strength"])
    scale = fitted.settings.family.spatial_scale
    rate = -np.log(scale.alpha) / scale.upper / np.nanstd(fitted.study.thinning)
    np.testing.assert_allclose(prior["spatial_scale"], np.log(rate) - rate * posterior["spatial_scale"])


def test_plots_show_the_fit(idata):
    (axis,) = az.plot_forest(idata, var_names=["thinning"], combined=True)
    assert len(axis.get_yticklabels()) == 68
    axis = az.plot_ppc(idata, num_pp_samples=20)
    assert len(axis.lines) >= 20
    axis = az.plot_loo_pit(idata, y="thinning")
    assert axis.get_xlim()[0] <= 0.05
    assert az.plot_trace(idata, var_names=["unexplained_scale"]).shape == (1, 2)


def test_a_map_of_several_is_taken_out_with_its_own_regions(small_fit, small_study):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # few draws
        for name, seen in zip(small_study.maps, small_study.thinning_observed, strict=True):
            idata = small_fit.map_idata(name)
            loo = az.loo(idata)
            assert (loo.n_data_points, np.isfinite(loo.elpd_loo)) == (seen.sum(), True)
            assert list(inferencedata.group(idata, "observed_data")["region"].values) == [
                region for region, there in zip(small_study.regions, seen, strict=True) if there
            ]
            assert inferencedata.group(idata, "posterior")["thinning"].sizes["region"] == 68
            assert az.loo_pit(idata, y="thinning").shape == (1, seen.sum())
    with pytest.raises(SettingsError, match="no map 'other': it has simulated1, simulated2"):
        small_fit.map_idata("other")


# ArviZ 1.x: what needs no PyTorch, in an environment of its own

UNDER_ARVIZ_1 = """
import sys, warnings
warnings.simplefilter("ignore")
import matplotlib; matplotlib.use("Agg")
import arviz as az, numpy as np, xarray as xr
import pyro_neurovae as nv
cross_scale, spatial = (nv.load(path) for path in sys.argv[1:3])
tree = cross_scale.idata
assert isinstance(tree, xr.DataTree)
assert tree["posterior"]["thinning"].dims == ("chain", "draw", "map", "region")
assert len(az.summary(tree, var_names=["thinning"])) == 68
assert az.loo(tree).n_data_points == 66
assert len(az.compare({"cross-scale": tree, "spatial": spatial.idata})) == 2
assert az.hdi(tree, var_names=["thinning"])["thinning"].sizes["region"] == 68
assert len(az.psense_summary(tree, var_names=["unexplained_scale"])) == 1
az.plot_forest(tree, var_names=["thinning"]); az.plot_ppc_dist(tree); az.plot_loo_pit(tree)
assert set(az.from_netcdf(sys.argv[1]).children) == set(tree.children)
assert len(cross_scale.regions()) == len(cross_scale.predict()) == 68
assert set(cross_scale.check()["status"]) <= {"pass", "fail"}
cross_scale.save(sys.argv[3])
assert nv.load(sys.argv[3]).regions().equals(cross_scale.regions())
assert "torch" not in sys.modules
print(cross_scale.regions()["mean"].sum())
"""


@pytest.mark.slow
@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_arviz_1_reads_the_same_fit_ci_selection(paths, tmp_path, version):
    python = shutil.which(f"python{version}") or pytest.skip(f"no python{version} here: ArviZ 1.x needs 3.12 or later")
    chosen = os.environ | {"PYENV_VERSION": version}  # where pyenv's shim stands for every version there is
    made = subprocess.run([python, "-m", "venv", tmp_path / "env"], check=False, capture_output=True, env=chosen)
    if made.returncode:
        pytest.skip(f"python{version} makes no environment here: {made.stderr.decode().strip()[-200:]}")
    own = tmp_path / "env" / "bin" / "python"
    needed = ["arviz>=1", "h5netcdf", "h5py", "pandas", "scipy", "matplotlib"]
    subprocess.run([own, "-m", "pip", "install", "-q", *needed], check=True, capture_output=True)
    package = tmp_path / "package" / "pyro_neurovae"  # laid out as an installed one
    shutil.copytree(Path(nv.__file__).parent, package, dirs_exist_ok=True)
    for part in (models, inference):
        shutil.copytree(Path(str(part.__file__)).parent, package / part.__name__.rpartition(".")[2], dirs_exist_ok=True)
    files = [paths["cross-scale"], paths["spatial"], tmp_path / "again.nc"]
    where = {"env": {"PYTHONPATH": str(package.parent)}, "cwd": tmp_path}
    command = [own, "-c", UNDER_ARVIZ_1, *files]
    run = subprocess.run(command, check=False, capture_output=True, text=True, **where)
    assert run.returncode == 0, run.stderr
    here = nv.load(paths["cross-scale"]).regions()["mean"].sum()
    assert float(run.stdout) == pytest.approx(here)
