"""Donors' expression: agreement and noise in closed form, selection, tables of one's own, and the archive."""

from __future__ import annotations

import pickle
import subprocess
import sys
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr

import pyro_neurovae as nv
from pyro_neurovae import expression
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.expression import DonorExpression

DK = dk68_names()
DONORS = ("9861", "10021", "12876", "14380", "15496", "15697")
ON_BOTH_SIDES = 2


def simulated(*, genes=30, noise=0.7, donors=6, seed=0, ties=False):
    """A pattern of variance 1 and each donor's own noise; from the third donor on nothing on the right."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(68, genes)) + noise * rng.normal(size=(donors, 68, genes))
    values[ON_BOTH_SIDES:, 34:] = np.nan
    values[:, [31, 65]] = np.nan
    values[-1, 4] = np.nan
    if ties:
        values = values.round(0)
    return DonorExpression(
        [f"G{k}" for k in range(genes)], DK, DONORS[:donors], values, {"sample_norm": "srs"}, ("a.",)
    )


def tables(found):
    return {
        donor: pd.DataFrame(values, index=list(found.regions), columns=list(found.genes))
        for donor, values in zip(found.donors, found.values, strict=True)
    }


@pytest.mark.parametrize(("method", "correlation"), [("spearman", spearmanr), ("pearson", pearsonr)])
@pytest.mark.parametrize("ties", [False, True])
def test_reliability_is_the_mean_correlation_of_pairs(method, correlation, ties):
    found = simulated(genes=12, ties=ties)
    expected = []
    for gene in range(12):
        pairs = []
        for first, second in combinations(found.values[:, :, gene], 2):
            shared = ~np.isnan(first) & ~np.isnan(second)
            pairs.append(correlation(first[shared], second[shared])[0])
        expected.append(np.mean(pairs))
    reliability = found.reliability(method)
    np.testing.assert_allclose(reliability, expected, rtol=0, atol=1e-12)
    assert tuple(reliability.index) == found.genes


def test_noise_is_its_formula():
    found = simulated(genes=3)
    for gene, noise in enumerate(found.noise()):
        values = pd.DataFrame(found.values[:, :, gene].T, index=DK)
        z = ((values - values.mean()) / values.std()).dropna(how="all")
        count = z.notna().sum(axis=1)
        within = z.sub(z.mean(axis=1), axis=0).pow(2).sum().sum() / ((count - 1).sum() - 5)
        assert noise == pytest.approx(np.sqrt(within * (1 / count).mean()) / z.mean(axis=1).std(), rel=1e-10)


@pytest.mark.parametrize(("noise", "donors"), [(0.5, 2), (0.5, 6), (1.5, 6)])
def test_noise_of_simulated_donors(noise, donors):
    found = simulated(genes=1500, noise=noise, donors=donors, seed=3)
    share = noise**2 * (1 / found.present.sum(axis=0)[found.present.any(axis=0)]).mean()
    squared = found.noise() ** 2
    error = squared.std() / np.sqrt(len(squared))
    # Beside the Monte Carlo error: a ratio of estimates over 66 regions is off by some 1/66 of itself, and the mean
    # and sd of 33 regions are not those of 66, a disagreement among donors of some 1/33 - 1/66 of the signal.
    assert squared.mean() == pytest.approx(share / (1 + share), abs=4 * error + (0.02 if donors == 2 else 0.07) * share)


def test_limits_of_agreement():
    same = np.random.default_rng(1).normal(size=(68, 4))
    found = DonorExpression("ABCD", DK, "xyz", [same, 2 * same + 5, 0.1 * same - 1])
    np.testing.assert_allclose(found.reliability(), 1, atol=1e-12)
    np.testing.assert_allclose(found.noise(), 0, atol=1e-7)
    opposed = DonorExpression("ABCD", DK, "xy", [same, -same + 1e-3 * same**2])
    assert (opposed.noise() > 1).all()


@pytest.mark.parametrize("donors", [2, 5])
def test_noise_where_every_donor_has_every_region(donors):
    rng = np.random.default_rng(4)
    values = rng.normal(size=(68, 10)) + rng.normal(size=(donors, 68, 10))
    found = DonorExpression("ABCDEFGHIJ", DK, DONORS[:donors], values)
    for gene, noise in enumerate(found.noise()):
        mean_r = np.corrcoef(values[:, :, gene])[np.triu_indices(donors, 1)].mean()
        alpha = donors * mean_r / (1 + (donors - 1) * mean_r)  # Cronbach's, standardised; Spearman-Brown for two
        assert 1 - noise**2 == pytest.approx(alpha, abs=1e-12)


def test_constant_gene_has_neither():
    values = np.random.default_rng(1).normal(size=(3, 68, 3))
    values[0, :, 1] = 0.1
    found = DonorExpression("ABC", DK, "xyz", values)
    np.testing.assert_array_equal(np.isnan(found.noise()), [False, True, False])
    assert found.reliability()["B"] == pytest.approx(spearmanr(values[1, :, 1], values[2, :, 1])[0])
    values[1, :, 1] = 3
    assert np.isnan(DonorExpression("ABC", DK, "xyz", values).reliability()["B"])


def test_all_genes_at_once_are_each_gene_alone():
    values = np.random.default_rng(0).normal(size=(6, 68, 20_000))
    found = DonorExpression([str(k) for k in range(20_000)], DK, DONORS, values)
    few = DonorExpression(["7", "19999"], DK, DONORS, values[:, :, [7, 19_999]])
    np.testing.assert_allclose(found.reliability().loc[["7", "19999"]], few.reliability())
    np.testing.assert_allclose(found.noise().loc[["7", "19999"]], few.noise())


def test_mean_is_over_the_donors_that_have_a_region():
    found = simulated()
    mean = found.mean()
    assert mean.shape == (68, 30)
    np.testing.assert_allclose(mean.loc["L_cuneus"], found.values[:, 3].mean(axis=0))
    np.testing.assert_allclose(mean.loc["R_cuneus"], found.values[:2, 37].mean(axis=0))
    assert mean.index[mean.isna().all(axis=1)].tolist() == ["L_temporalpole", "R_temporalpole"]
    study = nv.Study.from_frames(mean, pd.Series(np.arange(68.0), index=list(DK)), standard_error="none")
    assert (study.genes, study.expression_observed.sum()) == (found.genes, 66)


def test_order_and_spelling_of_tables_change_nothing():
    found = simulated()
    rng = np.random.default_rng(2)
    shuffled = {}
    for donor, table in tables(found).items():
        table = table.dropna(how="all").iloc[:, rng.permutation(30)].sample(frac=1, random_state=1)
        shuffled[donor] = table.rename(index=lambda name: f"{name[0].lower()}h_{name[2:]}_thickness").T
    again = expression.from_donors(shuffled)
    assert set(again.genes) == set(found.genes)
    for name in ("reliability", "noise"):
        pd.testing.assert_series_equal(
            getattr(again, name)().sort_index(), getattr(found, name)().sort_index(), check_exact=False, rtol=1e-10
        )
    pd.testing.assert_frame_equal(again.mean()[list(found.genes)], found.mean())
    assert again.notices == ("no donor has a value in L_temporalpole, R_temporalpole.",)


def test_tables_of_different_genes_and_of_a_part_of_the_regions():
    made = tables(simulated(donors=3))
    made["9861"] = made["9861"].drop(columns="G3").assign(extra=np.arange(68.0))
    made["10021"]["G7"] = 1.0
    graph = nv.RegionGraph.dk68().subset([name for name in DK if "pole" not in name])
    found = expression.from_donors(made, graph, settings={"source": "made"})
    assert found.regions == graph.names
    assert found.genes == tuple(f"G{k}" for k in range(30) if k not in (3, 7))
    assert dict(found.settings) == {"source": "made"}
    poles = "L_frontalpole, L_temporalpole, R_frontalpole, R_temporalpole"
    absent = f"rows of regions that the graph lacks are set aside: {poles}"
    assert found.notices == (
        f"donor(s) 9861, 10021, 12876: {absent}.",
        "donor(s) 10021: 1 gene dropped, constant: G7.",
        "3 gene(s) dropped that not every donor has: G3, G7, extra.",
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {}, "no donor's table was given"),
        (lambda t: {**t, "x": t["9861"].add_prefix("x")}, "no gene is common to the tables of donors 9861, 10021, x"),
        (lambda t: {**t, "x": t["9861"] * np.nan}, "donor x: no gene is left"),
        (lambda t: {**t, "x": t["9861"].rename(index={"L_cuneus": "L_cuneos"})}, "donor x: unknown region L_cuneos"),
    ],
)
def test_faults_of_tables(change, message):
    with pytest.raises(InputError, match=message):
        expression.from_donors(change(tables(simulated(donors=2))))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"genes": ("A", "A", "C")}, "genes hold A more than once"),
        ({"donors": ("x",)}, r"shape \(2, 68, 3\).*ask for \(1, 68, 3\)"),
        ({"values": np.zeros((2, 68, 0)), "genes": ()}, "at least one of each"),
        ({"values": np.full((2, 68, 3), np.inf)}, "donor x, region L_bankssts, gene A: inf among values"),
    ],
)
def test_faults_of_fields(fields, message):
    made = {"genes": ("A", "B", "C"), "regions": DK, "donors": ("x", "y"), "values": np.ones((2, 68, 3))}
    with pytest.raises(InputError, match=message):
        DonorExpression(**{**made, **fields})


def test_a_row_missing_in_part():
    values = np.ones((2, 68, 3))
    values[1, 3, 2] = np.nan
    with pytest.raises(InputError, match="donor y, region L_cuneus, gene C: nan among values; drop the gene, or"):
        DonorExpression("ABC", DK, "xy", values)


def test_agreement_needs_two_donors():
    alone = DonorExpression("ABC", DK, "x", np.random.default_rng(0).normal(size=(1, 68, 3)))
    with pytest.raises(InputError, match=r"no two of the 1 donor\(s\) share 3 regions"):
        alone.reliability()
    with pytest.raises(InputError, match=r"the 1 donor\(s\) share too few regions"):
        alone.noise()
    with pytest.raises(SettingsError, match="method is 'kendall'"):
        simulated().reliability("kendall")


def test_select_by_list_file_and_stability(tmp_path):
    found = simulated()
    listed = found.select(["G7", "G2", "APOE"])
    assert listed.genes == ("G2", "G7")
    np.testing.assert_array_equal(listed.values, found.values[:, :, [2, 7]])
    assert listed.notices == ("a.", "1 gene(s) asked for that the expression lacks: APOE.")
    (tmp_path / "genes.txt").write_text("G7\nG2\nAPOE\n")
    assert found.select(tmp_path / "genes.txt").genes == found.select(str(tmp_path / "genes.txt")).genes == ("G2", "G7")
    middle = float(found.reliability().median())
    stable = found.select(stability=middle)
    assert (stable.reliability() >= middle).all()
    assert stable.notices[-1] == f"15 of 30 genes kept, stable across donors at {middle} or above."
    both = found.select(["G1", *stable.genes[:2]], stability=middle)
    assert set(stable.genes[:2]) <= set(both.genes) <= {"G1", *stable.genes[:2]}


def test_faults_of_select(tmp_path):
    (tmp_path / "genes.txt").write_text("APOE\nMAPT\n")
    found = simulated()
    with pytest.raises(InputError, match=r"none of the 2 gene\(s\) asked for by .*genes\.txt is among the 30"):
        found.select(tmp_path / "genes.txt")
    with pytest.raises(InputError, match=r"none of the 1 gene\(s\) asked for is among the 30.*APOE"):
        found.select(["APOE"])
    with pytest.raises(SettingsError, match="stability is 60; give a correlation"):
        found.select(stability=60)
    with pytest.raises(InputError, match=r"no gene has a stability of 0\.99 across donors, the highest is 0\.\d{3}"):
        found.select(stability=0.99)


def test_save_and_load_give_the_same(tmp_path):
    found = simulated()
    found.save(tmp_path / "donors.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["donors.npz"]
    again = DonorExpression.load(tmp_path / "donors.npz")
    np.testing.assert_array_equal(again.values, found.values)
    for name in ("genes", "regions", "donors", "settings", "notices"):
        assert getattr(again, name) == getattr(found, name)
    with np.load(tmp_path / "donors.npz", allow_pickle=False) as archive:
        assert set(archive) == {"format", "record", "values", "genes", "regions", "donors"}
    assert repr(pickle.loads(pickle.dumps(again))) == "DonorExpression(6 donors, 68 regions, 30 genes)"


def test_faults_of_archives(tmp_path):
    found = simulated()
    with pytest.raises(InputError, match="can't write there"):
        found.save(tmp_path / "absent" / "donors.npz")
    with pytest.raises(InputError, match="the settings can't be written"):
        DonorExpression("A", DK, "x", np.ones((1, 68, 1)), {"metric": len}).save(tmp_path / "donors.npz")
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="no such file"):
        DonorExpression.load(tmp_path / "donors.npz")
    np.savez(tmp_path / "other.npz", values=np.ones(3))
    np.savez(tmp_path / "pickled.npz", format=np.array([{"a": 1}], dtype=object))
    (tmp_path / "text.npz").write_text("no archive")
    found.save(tmp_path / "cut.npz")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "cut.npz").read_bytes()[:-500])
    for name in ("other", "pickled", "text", "cut"):
        with pytest.raises(InputError, match=f"{name}.npz holds no expression of donors that can be read"):
            DonorExpression.load(tmp_path / f"{name}.npz")


def test_a_failed_save_leaves_the_earlier_file(tmp_path, monkeypatch):
    found = simulated()
    found.save(tmp_path / "donors.npz")
    before = (tmp_path / "donors.npz").read_bytes()

    def full(self, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(InputError, match="No space left"):
        found.select(["G1"]).save(tmp_path / "donors.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["donors.npz"]
    assert (tmp_path / "donors.npz").read_bytes() == before


def test_import_stays_light():
    code = "import sys, pyro_neurovae.expression; sys.exit(str({'abagen', 'nibabel', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"
