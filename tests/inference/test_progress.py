"""Who hears of the training's steps."""

from __future__ import annotations

import pytest

from pyro_neurovae.inference import progress as module
from pyro_neurovae.inference.progress import training_progress


def test_nobody_or_the_caller():
    with training_progress(False) as report:
        assert report is None
    heard = []
    with training_progress(lambda *news: heard.append(news)) as report:
        report("programs", 1, 2, -3.0)
    assert heard == [("programs", 1, 2, -3.0)]


def test_a_bar_goes_to_stderr(capsys):
    with training_progress(True) as report:
        for step in (1, 2):
            report("programs", step, 2, -3.25)
        report("thinning", 1, 4, 5.0)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "programs" in printed.err
    assert "ELBO 5.0" in printed.err
    assert "1/4" in printed.err


def test_nobody_hears_by_itself_where_there_is_no_terminal(capsys):
    with training_progress(None) as report:
        assert report is None
    assert capsys.readouterr().err == ""


def test_a_terminal_sees_a_bar_by_itself_after_two_seconds(capsys, monkeypatch):
    clock = [0.0]
    monkeypatch.setenv("FORCE_COLOR", "1")  # Rich takes it for a terminal
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with training_progress(None) as report:
        report("programs", 1, 4, -3.25)
        assert capsys.readouterr().err == ""
        clock[0] = 2.5
        report("programs", 2, 4, -3.25)
        report("programs", 4, 4, -3.0)
    printed = capsys.readouterr().err
    assert "programs" in printed
    assert "trained; drawing the programs" in printed


def test_a_notebook_has_one_line_of_text_that_says_at_last_how_long_it_took(monkeypatch):
    display = pytest.importorskip("IPython.display")
    told = []

    class Handle:
        def update(self, data, *, raw):
            told.append(data["text/plain"])

    def show(data, *, raw, display_id):
        told.append(data["text/plain"])
        return Handle()

    monkeypatch.setattr(display, "display", show)
    line = module._Line()
    line.show("programs", 1, 2, "ELBO -3.2")
    line.show("programs", 2, 2, "trained; drawing the programs")
    line.stop()
    assert told[0] == "programs 1/2 (ELBO -3.2)"
    assert told[1] == "programs 2/2 (trained; drawing the programs)"
    assert told[2] == "programs: done in 0 s"
    silent = module._Line()
    silent.stop()
    assert len(told) == 3
