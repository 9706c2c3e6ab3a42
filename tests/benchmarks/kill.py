"""Kill commands with signal 9 at random times: no half file is ever loaded, and the next run gives the same numbers.

python tests/benchmarks/kill.py [--kills 200] [--seed 0] [--commands fit,nulls,...]

Each command is run once to its end. Then it is killed, again and again, at times drawn over its length, half the times
into a folder that holds earlier results. After each kill the folder must hold the earlier files or the new ones, all of
them, each that can be read; the same command, run again, must give the numbers of the run that nobody stopped and leave
nothing else; and no worker may live on. Prints counts by command as JSON; ends with status 1 where anything failed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np

_STUDY = ("--expression", "study/expression.csv", "--thinning", "study/thinning.csv")
_GROUPS = ("--group", "DX_bl", "--case", "AD", "--control", "CN", "--covariates", "AGE,PTGENDER")
_QUICK = ("--set", "n_programs=2", "steps=10", "map_steps=10", "--draws", "50")

# Command to its arguments; OUT is the folder of its results, STORE that of finished parts.
_COMMANDS = {
    "fit": ("fit", *_STUDY, *_QUICK, "--out", "OUT", "--overwrite", "--no-report", "--quiet"),
    "contrast": (
        *("contrast", "--subjects", "cohort/ADNIMERGE.csv", "--thickness", "cohort/UCSFFSX51.csv", *_GROUPS),
        *("--out", "OUT/map.csv", "--overwrite", "--quiet"),
    ),
    "validate": (
        *("validate", *_STUDY, "--model", "ridge", "spatial", "--repeats", "2", "--draws", "50", "--workers", "2"),
        *("--resume", "STORE", "--out", "OUT", "--overwrite", "--quiet"),
    ),
    "nulls": (
        *("nulls", "fit/fit.nc", "--maps", "40", "--draws", "30", "--workers", "2", "--resume", "STORE"),
        *("--out", "OUT", "--overwrite", "--quiet"),
    ),
    "sensitivity": (
        *("sensitivity", "fit/fit.nc", "--grid", "grid.toml", "--resume", "STORE"),
        *("--out", "OUT", "--overwrite", "--quiet"),
    ),
    "report": ("report", "fit/fit.nc", "--out", "OUT/report.html", "--overwrite"),
    "export": ("export", "fit/fit.nc", "--out", "OUT", "--overwrite"),
}
_GRID = '[[variant]]\nname = "another seed"\nseed = 6\n'
# Files that tell when they were made or how long it took.
_TIMED = ("fit.nc", "summary.json", "sensitivity_variants.csv")
_EARLIER = "earlier"
# Seconds within which a worker notices that nobody waits for it: it may be importing torch.
_PATIENCE = 30.0


class Killing(NamedTuple):
    """One command in a folder, and what became of it."""

    name: str
    place: Path
    environment: dict[str, str]

    @property
    def out(self) -> Path:
        """Folder of its results."""
        return self.place / f"out_{self.name}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it, in a session of its own."""
        known = {"OUT": str(self.out), "STORE": str(self.place / f"store_{self.name}")}
        arguments = [_filled(one, known) for one in _COMMANDS[self.name]]
        command = [sys.executable, "-m", "pyro_neurovae", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.place,
            env=self.environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=(self.place / "stderr.txt").open("wb"),
        )

    def finish(self) -> float:
        """Run it to its end; the seconds it took."""
        begun = time.monotonic()
        if self.start().wait():
            raise RuntimeError(f"{self.name}: {(self.place / 'stderr.txt').read_text()}")
        return time.monotonic() - begun

    def clear(self, *, earlier: Path | None) -> None:
        """Begin anew: nothing there, or earlier results."""
        for folder in (self.out, self.place / f"store_{self.name}"):
            shutil.rmtree(folder, ignore_errors=True)
        if earlier is not None:
            shutil.copytree(earlier, self.out)

    def digests(self) -> dict[str, str]:
        """Names of the files and what is in those that tell no times."""
        if not self.out.is_dir():
            return {}
        files = [one for one in sorted(self.out.iterdir()) if one.is_file()]
        return {one.name: "" if one.name in _TIMED else _digest(one) for one in files}


def _filled(text: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        text = text.replace(name, value) if text.startswith(name) else text
    return text


def _digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".html":  # the record at its end holds the seconds of the fit, which is the same one
        content = content.rstrip()
    return sha256(content).hexdigest()


def _loadable(folder: Path) -> bool:
    """Whether every file of a folder can be read."""
    import pandas as pd

    import pyro_neurovae as nv

    try:
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.suffix == ".nc":
                nv.load(path)
            elif path.suffix == ".csv":
                pd.read_csv(path)
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".html" and not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
                return False
    except (ValueError, OSError):
        return False
    return True


def _alive(session: int) -> list[int]:
    """Processes of a session, but those that have ended and wait to be counted."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(place.name))
    return found


def _orphans(session: int) -> int:
    """Processes that live on after the one that they work for; they are ended here."""
    until = time.monotonic() + _PATIENCE
    while _alive(session) and time.monotonic() < until:
        time.sleep(0.2)
    left = _alive(session)
    for one in left:
        os.kill(one, signal.SIGKILL)
    return len(left)


def _left(place: Path) -> int:
    return sum(1 for _ in place.rglob(".partial-*")) + sum(1 for _ in place.rglob("*.partial"))


def prepare(place: Path, environment: dict[str, str]) -> None:
    """Make what the commands read."""
    for arguments in (
        ("simulate", "--genes", "30", "--out", "study"),
        ("simulate", "--genes", "5", "--cohort", "--out", "cohort"),
        ("fit", *_STUDY, *_QUICK, "--out", "fit", "--no-report", "--quiet"),
    ):
        command = [sys.executable, "-m", "pyro_neurovae", *arguments]
        subprocess.run(command, cwd=place, env=environment, check=True, stdout=subprocess.DEVNULL)
    (place / "grid.toml").write_text(_GRID, encoding="utf-8")


def attack(one: Killing, kills: int, drawn: np.random.Generator) -> Counter[str]:
    """Kill a command so many times and count what was seen."""
    counts: Counter[str] = Counter()
    one.clear(earlier=None)
    length = one.finish()
    whole = one.digests()
    earlier = one.place / f"{_EARLIER}_{one.name}"
    shutil.rmtree(earlier, ignore_errors=True)
    shutil.copytree(one.out, earlier)
    for path in earlier.glob("*.csv"):  # earlier results, which differ from the new ones
        path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    for _ in range(kills):
        before = earlier if drawn.random() < 0.5 else None
        one.clear(earlier=before)
        held = one.digests()
        running = one.start()
        try:
            running.wait(timeout=float(drawn.uniform(0.2, 1.02)) * length)
            counts["ended before"] += 1
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            counts["killed"] += 1
        counts["orphans"] += _orphans(running.pid)
        counts["left behind"] += _left(one.place)
        if one.digests() not in ({}, held, whole):
            counts["half"] += 1
        counts["can't be read"] += not _loadable(one.out)
        one.finish()
        counts["other numbers"] += one.digests() != whole
        counts["never cleaned"] += _left(one.place)
    return counts


def main() -> None:
    """Print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commands", default=",".join(_COMMANDS))
    given = parser.parse_args()
    names, drawn = given.commands.split(","), np.random.default_rng(given.seed)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    found: dict[str, dict[str, int]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        prepare(place, environment)
        for number, name in enumerate(names):
            kills = given.kills // len(names) + (number < given.kills % len(names))
            found[name] = dict(attack(Killing(name, place, environment), kills, drawn))
            print(json.dumps({name: found[name]}), flush=True)
    bad = ("orphans", "half", "can't be read", "other numbers", "never cleaned")
    total = sum(map(Counter, found.values()), Counter())
    print(json.dumps({"all": dict(total)}))
    raise SystemExit(any(total[one] for one in bad))


if __name__ == "__main__":
    main()
