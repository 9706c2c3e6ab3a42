"""Parts of a run: in order, on workers, kept as they finish, and taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cloudpickle
import numpy as np
import pytest

import pyro_neurovae as nv
from pyro_neurovae.errors import InputError, NeurovaeError, SettingsError
from pyro_neurovae.evidence import runs
from pyro_neurovae.evidence.runs import Job, run_jobs
from pyro_neurovae.models.options import fit_settings

# Workers can't import a module of the tests: its functions travel whole.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def square(number, log, progress=None):
    """Square a number, and note on disk that it was done."""
    with Path(log).open("a") as file:
        file.write(f"{number}\n")
    if progress is not None:
        progress("squares", 1, 1, 0.0)
    return {"square": np.array(number**2)}


def square_unless_killed(number, log, kills, parent, progress=None):
    """Square a number; the first times that it is to be 3 its process dies, if it is not the tests' own."""
    assert os.getpid() != parent
    marker = Path(log).with_suffix(".kills")
    before = marker.read_text() if marker.exists() else ""
    if number == 3 and len(before) < kills:
        marker.write_text(before + "x")
        os.kill(os.getpid(), signal.SIGKILL)
    return square(number, log)


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log.txt"


def refuse(number, progress=None):
    """Fail, as a fit that can't be made."""
    raise InputError(f"{number} is no number to fit")


def jobs_of(log, *more, count=6):
    return [Job((number, str(log), *more)) for number in range(count)]


def squares(done):
    return [int(one["square"]) for one in done]


def test_results_in_order_and_progress_in_this_process(log):
    heard = []
    done = run_jobs(square, jobs_of(log), label="parts", progress=lambda *news: heard.append(news[:3]))
    assert squares(done) == [0, 1, 4, 9, 16, 25]
    assert [news for news in heard if news[0] == "parts"] == [("parts", k, 6) for k in range(1, 7)]
    assert ("squares", 1, 1) in heard


def test_what_is_finished_is_kept_and_not_run_again(log, tmp_path):
    store = tmp_path / "store"
    run_jobs(square, jobs_of(log, count=3), resume=store)
    (store / f"{jobs_of(log)[1].key('parts')}.npz").write_bytes(b"cut short")  # a part that can't be read is run again
    assert squares(run_jobs(square, jobs_of(log), resume=store)) == [0, 1, 4, 9, 16, 25]
    assert log.read_text().split() == ["0", "1", "2", "1", "3", "4", "5"]


def test_an_interrupted_run_goes_on(log, tmp_path):
    def interrupt(label, step, *_):
        if label == "parts" and step == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_jobs(square, jobs_of(log), resume=tmp_path / "store", progress=interrupt)
    run_jobs(square, jobs_of(log), resume=tmp_path / "store")
    assert log.read_text().split() == ["0", "1", "2", "3", "4", "5"]


def test_a_killed_worker_does_not_lose_the_run(log, tmp_path):
    done = run_jobs(square_unless_killed, jobs_of(log, 1, os.getpid()), workers=2, resume=tmp_path / "store")
    assert squares(done) == [0, 1, 4, 9, 16, 25]


def test_workers_killed_again_and_again(log, tmp_path):
    jobs, store = jobs_of(log, 99, os.getpid()), tmp_path / "store"
    with pytest.raises(NeurovaeError, match="workers were killed 3 times, as happens when memory runs out; use fewer"):
        run_jobs(square_unless_killed, jobs, workers=2, resume=store)
    log.with_suffix(".kills").write_text("x" * 99)  # from here on none is killed
    assert squares(run_jobs(square_unless_killed, jobs, workers=2, resume=store)) == [0, 1, 4, 9, 16, 25]


def test_a_key_is_of_the_kind_of_run_and_of_every_argument():
    study, settings, values = nv.simulate(0, genes=5), fit_settings("spatial"), np.arange(4.0)
    jobs = [
        Job((study, settings, [values, values], {"a": values})),
        Job(
            (
                study.with_thinning(study.thinning + 1e-9, study.standard_error),
                settings,
                [values, values],
                {"a": values},
            )
        ),
        Job((study, fit_settings("spatial", seed=1), [values, values], {"a": values})),
        Job((study, settings, [values], {"a": values})),
        Job((study, settings, [values, values + 1], {"a": values})),
        Job((study, settings, [values, values], {"b": values})),
        Job((study, settings, [values, values], None)),
    ]
    assert len({job.key("squares") for job in jobs}) == len(jobs)
    assert jobs[0].key("cubes") != jobs[0].key("squares")
    again = Job((nv.simulate(0, genes=5), fit_settings("spatial"), [values, values.copy()], {"a": values}))
    assert again.key("squares") == Job(jobs[0].arguments, "a name").key("squares") == jobs[0].key("squares")


def test_what_can_not_be_fitted_has_its_name():
    with pytest.raises(InputError, match=r"^7 is no number to fit$"):
        run_jobs(refuse, [Job((7,))])
    for workers in (1, 2):
        with pytest.raises(SettingsError, match=r"^variant 'b' can't be fitted: 7 is no number to fit$"):
            run_jobs(refuse, [Job((7,), "variant 'b'")], workers=workers)


def test_faults(log, tmp_path):
    with pytest.raises(SettingsError, match="workers is 0; give a whole number of at least 1"):
        run_jobs(square, jobs_of(log), workers=0)
    with pytest.raises(InputError, match="to resume from can't be written"):
        run_jobs(square, jobs_of(log), resume=Path(__file__) / "below")


def test_a_full_disk_is_a_sentence_and_keeps_what_is_finished(log, tmp_path, monkeypatch):
    write, written = runs.write_whole, []

    def full(path, content):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        write(path, content)

    monkeypatch.setattr(runs, "write_whole", full)
    with pytest.raises(
        InputError, match=r"store to resume from can't be written \(No space left.*; what is finished is"
    ):
        run_jobs(square, jobs_of(log), resume=tmp_path / "store")
    monkeypatch.undo()
    assert squares(run_jobs(square, jobs_of(log), resume=tmp_path / "store")) == [0, 1, 4, 9, 16, 25]
    assert log.read_text().split() == ["0", "1", "2", "3", "3", "4", "5"]


ORPHANS = (
    "import os, sys, time\n"
    "from pathlib import Path\n"
    "from pyro_neurovae.evidence.runs import Job, run_jobs\n"
    "import cloudpickle\n"
    "def work(number, folder, progress=None):\n"
    "    (Path(folder) / str(os.getpid())).touch()\n"
    "    time.sleep(60)\n"
    "    return {}\n"
    "cloudpickle.register_pickle_by_value(sys.modules['__main__'])\n"
    "run_jobs(work, [Job((k, sys.argv[1])) for k in range(int(sys.argv[2]))], workers=2)\n"
)


def children(process: int) -> list[Path]:
    """Places in the system's process table of what a process started."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = place.joinpath("stat").read_text().rpartition(")")[2].split()[1]
        except OSError:  # ended meanwhile
            continue
        found += [place] if int(parent) == process else []
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="asks the system's process table")
@pytest.mark.parametrize("jobs", [4, 1])
def test_workers_end_with_the_process_that_they_work_for(tmp_path, jobs):
    """With one job the second worker has none."""
    running = subprocess.Popen([sys.executable, "-c", ORPHANS, str(tmp_path), str(jobs)])
    for _ in range(300):
        if len(list(tmp_path.iterdir())) == min(jobs, 2) or running.poll() is not None:
            break
        time.sleep(0.1)
    workers = children(running.pid)
    running.kill()
    running.wait()
    assert len(workers) >= 2
    for _ in range(150):
        if not any(place.exists() for place in workers):
            break
        time.sleep(0.1)
    assert not [place for place in workers if place.exists()]


@pytest.mark.slow
def test_ci_selection_a_dask_cluster_gives_the_same_numbers():
    joblib, distributed = pytest.importorskip("joblib"), pytest.importorskip("distributed")
    study = nv.simulate(0, genes=40)
    models = {"spatial": {"model": "spatial", "map_steps": 20}, "ridge": {"model": "ridge"}}
    here = nv.validate(study, models, repeats=2, draws=60).pointwise
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        joblib.parallel_config(backend="dask"),
    ):
        there = nv.validate(study, models, repeats=2, draws=60, workers=2).pointwise
    numbers = here.select_dtypes("number").columns
    np.testing.assert_allclose(there[numbers], here[numbers], rtol=1e-6, atol=1e-9)
