"""Names of regions in words and in other programs' labels."""

from __future__ import annotations

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.readable_names import (
    fsaverage_label,
    ggseg_label,
    names_in_words,
    patches_in_words,
    readable_name,
)
from pyro_neurovae.atlases.vertices import parcel_names


def test_every_region_has_a_name_in_words_of_its_own():
    names = [readable_name(name) for name in dk68_names()]
    assert len(set(names)) == 68
    for region, name in zip(dk68_names(), names, strict=True):
        assert name.startswith({"L": "left ", "R": "right "}[region[0]])
        if "bankssts" not in region:
            assert name.split(" ", 1)[1].replace(" ", "") == region[2:]


def test_other_atlases_keep_theirs():
    assert readable_name("L_A1") == "L_A1"
    assert readable_name("V1") == "V1"


def test_patches_are_told_by_the_region_that_they_lie_in():
    patches = names_in_words(parcel_names("cortex400"))
    assert patches["L_p087"] == "left entorhinal L_p087"
    assert all(words.endswith(f" {name}") for name, words in patches.items())
    assert all(words.startswith({"L": "left ", "R": "right "}[name[0]]) for name, words in patches.items())
    assert names_in_words(["L_insula", "R_insula"]) == {"L_insula": "left insula", "R_insula": "right insula"}
    assert names_in_words(["V1"]) == {"V1": "V1"}
    of_400 = names_in_words(["L_p087"], "cortex400")
    assert of_400 == patches_in_words(["L_p087"], "cortex400") == {"L_p087": patches["L_p087"]}
    few = parcel_names("cortex200")
    assert names_in_words(few, "cortex400") == {name: patches[name] for name in few} != names_in_words(few)
    assert patches_in_words(["L_insula"]) == {"L_insula": "L_insula"}


def test_labels_of_other_programs():
    assert ggseg_label("L_bankssts") == ("lh_bankssts", "left", "bankssts")
    assert ggseg_label("R_parsopercularis") == ("rh_parsopercularis", "right", "pars opercularis")
    assert fsaverage_label("R_cuneus") == ("R", "cuneus")
