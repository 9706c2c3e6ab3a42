"""The command report: its file is that which is named, and no other."""

from __future__ import annotations


def test_a_name_that_reads_like_a_pattern_is_a_name(run, small_fit, tmp_path, monkeypatch):
    def write(fitted, path, **_):
        path.write_text("new")

    monkeypatch.setattr("pyro_neurovae.page.report", write)
    small_fit.save(tmp_path / "fit.nc")
    for name in ("report1.html", "report[1].html"):
        (tmp_path / name).write_text("old")
    command = ("report", tmp_path / "fit.nc", "--out")
    status, _, err = run(*command, tmp_path / "report[1].html")
    assert (status, "holds report[1].html already" in err) == (2, True)
    assert run(*command, tmp_path / "report?.html")[0] == 0
    assert run(*command, tmp_path / "report*.html", "--overwrite")[0] == 0
    found = {path.name: path.read_text() for path in tmp_path.glob("*.html")}
    assert found == {"report1.html": "old", "report[1].html": "old", "report?.html": "new", "report*.html": "new"}
