"""Names of regions in words and in other programs' labels."""

from __future__ import annotations

from pyro_neurovae.atlases.atlas import dk68_names
from pyro_neurovae.atlases.readable_names import fsaverage_label, ggseg_label, readable_name


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


def test_labels_of_other_programs():
    assert ggseg_label("L_bankssts") == ("lh_bankssts", "left", "bankssts")
    assert ggseg_label("R_parsopercularis") == ("rh_parsopercularis", "right", "pars opercularis")
    assert fsaverage_label("R_cuneus") == ("R", "cuneus")
