"""Who hears of the training's steps."""

from __future__ import annotations

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
    assert "ELBO -3.2" in printed.err
    assert "1/4" in printed.err
