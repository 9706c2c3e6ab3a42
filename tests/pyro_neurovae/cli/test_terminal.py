"""What is printed: tables and sentences of results, and what of it is left out."""

from __future__ import annotations

import pytest

from pyro_neurovae.cards import Shown
from pyro_neurovae.cli import terminal
from pyro_neurovae.cli.terminal import print_datasets, print_fit, print_result
from pyro_neurovae.datasets.catalogue import names
from pyro_neurovae.evidence.null_tests import Nulls
from pyro_neurovae.evidence.result import Result
from pyro_neurovae.evidence.sensitivities import Sensitivity
from pyro_neurovae.evidence.validation import Validation
from pyro_neurovae.evidence.verification import Verification

PRINTED = {
    Validation: """
a, held out by pairs; noise ceiling of R2 0.80

 model   log density   less than best      R2       r   90% coverage    CRPS   stacking
 ──────────────────────────────────────────────────────────────────────────────────────
 one           1.500                    0.500   0.700          0.875   0.062       0.67
 two           1.250    0.250 ± 0.062   0.250   0.500          0.875   0.062       0.33

one predicts best (two standard errors ahead).
b, held out by pairs; unknown noise ceiling

 model   log density   less than best       R2       r   90% coverage    CRPS   stacking
 ───────────────────────────────────────────────────────────────────────────────────────
 one           0.500                    -0.100   0.100          0.875   0.062       0.50
 two           0.500   -0.000 ± 0.100   -0.200   0.000          0.875   0.062       0.50

one predicts best (by less than two standard errors ahead of two). It predicts no better than the mean of the map.
""",
    Nulls: """
a among 19 null maps (moran)

 statistic              observed   null mean   95% of null maps       p
 ──────────────────────────────────────────────────────────────────────
 transcriptomic share      0.500       0.125    -0.500 to 0.250   ≤ .05
 correlation               0.750       0.125    -0.500 to 0.250   ≤ .05
 genes excluding zero      1.000       0.125    -0.500 to 0.250   ≤ .05

Expression explains more of the map than of maps that are as smooth (p ≤ .05); 1 of 2 genes are called, at a false\
 discovery rate of 5%: each shares its association with others that are co-expressed. Such maps have the map's\
 smoothness, not the correlation of errors that comes of measuring all regions in the same people, nor the axes along\
 which healthy people differ: on smooth maps without expression they reject 13 to 18% at .05.
b among 19 null maps (moran)

 statistic              observed   null mean   95% of null maps     p
 ────────────────────────────────────────────────────────────────────
 transcriptomic share      0.100       0.125    -0.500 to 0.250    .5
 correlation               0.200       0.125    -0.500 to 0.250   .55
 genes excluding zero      0.000       0.125    -0.500 to 0.250     1

Expression explains no more of the map than of maps that are as smooth (p = .5): its transcriptomic part does not stand\
 up, so that no gene is called. Such maps have the map's smoothness, not the correlation of errors that comes of\
 measuring all regions in the same people, nor the axes along which healthy people differ: on smooth maps without\
 expression they reject 13 to 18% at .05.
""",
    Sensitivity: """
a: how far regions move, in posterior standard deviations

 variant                      by   largest   median   regions that flip   genes that flip
 ────────────────────────────────────────────────────────────────────────────────────────
 scales to the power 2   weights      0.25     0.25                   0                 0
 another seed              refit      0.12     0.12                   0                 0
 other choice              refit      2.00     2.00                   1                 2

Region means of a move by at most 2.00 posterior sd (other choice); another seed alone moves them by 0.12. 1 of 1\
 regions change a verdict under some variant. Prior and data pull against each other in 1 quantity (scales).
b: how far regions move, in posterior standard deviations

 variant                      by   largest   median   regions that flip   genes that flip
 ────────────────────────────────────────────────────────────────────────────────────────
 scales to the power 2   weights      0.00     0.00                   0                 0
 another seed              refit      0.50     0.50                   0                 0
 other choice              refit      0.25     0.25                   0                 0

Region means of b move by at most 0.25 posterior sd (other choice); another seed alone moves them by 0.50. 0 of 1\
 regions change a verdict under some variant.
""",
    Verification: """
note: a region is missing.
The paper's checklist

 check        found     expected   status
 ────────────────────────────────────────
 expression   68 x 40   68 x 910   note
 thinning     67 x 1    68 x 1     fail

What the figures are worth

 score                  in-sample   all regions   held out, pairs   ceiling
 ──────────────────────────────────────────────────────────────────────────
 R2                         0.875         0.750             0.250     0.500
 correlation                0.938         0.875             0.500
 log density a region                                       1.125
 90% coverage                                               0.750

What needs no gene

 predictor              R2   correlation   log density a region   90% coverage
 ─────────────────────────────────────────────────────────────────────────────
 homologue copied    0.625         0.812
 neighbours, pairs   0.125         0.375                  1.000          0.875
 structural, pairs   0.188         0.438                  1.062          0.938
 the paper's fit     0.860         0.944

The figure proves nothing.
""",
}


def lines_of(text):
    """Lines without the blanks that fill a table up to its width."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


@pytest.mark.parametrize("kind", PRINTED, ids=lambda kind: kind.__name__)
def test_what_is_printed_of_a_result(kind, made_results, capsys):
    print_result(made_results[kind])
    assert lines_of(capsys.readouterr().out) == lines_of(PRINTED[kind])


def test_tables_can_be_left_out_and_what_was_said_is_not_said_again(made_results, capsys):
    print_result(made_results[Verification], said={"a region is missing."}, tables=False)
    assert capsys.readouterr().out == "The figure proves nothing.\n"


def test_a_sentence_is_printed_as_it_is(capsys):
    class Told(Result):
        def remarks(self):
            return ("[bold] in [brackets] " + 30 * "long ",)

        def shown(self):
            yield Shown("Title", ("a", "b", "n"), (("x", "y", "1"), ("xx", "yy", "-22")), names=2)
            yield "[red]" + 30 * " words"

    print_result(Told())
    note, title, _, head, _, first, second, _, told = lines_of(capsys.readouterr().out)
    assert note == ("note: [bold] in [brackets] " + 30 * "long ").rstrip()
    assert told == "[red]" + 30 * " words"
    assert (title, head, first, second) == ("Title", " a    b      n", " x    y      1", " xx   yy   -22")


def test_a_table_of_a_fit_fits_80_columns(small_fit, capsys):
    print_fit(small_fit)
    printed = capsys.readouterr().out.splitlines()
    sentences = ("note:", "share of the variance:")
    assert max(len(line.rstrip()) for line in printed if not line.startswith(sentences)) <= 80
    for name in small_fit.study.maps:
        assert any(line.startswith(f"{name}: the 10 most affected regions (negative = thinner)") for line in printed)
    assert sum(line.startswith("share of the variance: transcriptomic ") for line in printed) == 2


@pytest.mark.parametrize("kind", PRINTED, ids=lambda kind: kind.__name__)
def test_tables_keep_numbers_and_names_whole_in_80_columns(kind, made_results, capsys, monkeypatch):
    monkeypatch.setattr(terminal, "_WIDTH", 80)
    print_result(made_results[kind])
    printed = capsys.readouterr().out
    assert "…" not in printed
    shown = [part for part in made_results[kind].shown() if isinstance(part, Shown)]
    for part in shown:
        for row in part.rows:
            assert any(all(cell in line for cell in row) for line in printed.splitlines())
    tables = [line.rstrip() for line in printed.splitlines() if line.startswith(" ")]
    assert max(map(len, tables)) <= 80


def test_every_dataset_is_listed_with_its_checksum_whole(capsys):
    print_datasets()
    printed = capsys.readouterr().out
    assert all(f" {name} " in printed for name in names())
    assert "…" not in printed
    assert printed.rstrip().endswith("PYRO_NEUROVAE_DATA names a folder of files already there.")


def test_names_from_data_are_text(capsys):
    class Odd(Result):
        def shown(self):
            yield Shown("[bold]title[/x]", ("[red]", "b"), (("[/]\x1b[2J", ":smile:"), ("a\nb", "1")))
            yield "[/] :smile: \u202e"

    print_result(Odd())
    told = capsys.readouterr().out
    for text in ("[bold]title[/x]", "[red]", "[/]\\x1b[2J", ":smile:", "a b", "[/] :smile: \\u202e"):
        assert text in told
    assert "\x1b" not in told
