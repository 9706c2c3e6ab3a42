"""Names of regions as a paper has them, and as other programs label them."""

from __future__ import annotations

from collections.abc import Sequence

from .vertices import patch_regions

__all__ = ["fsaverage_label", "ggseg_label", "names_in_words", "patches_in_words", "readable_name"]

_SIDES = {"L": "left", "R": "right"}
# Word of a canonical name to what people say.
_WORDS = {
    "bankssts": "banks of the superior temporal sulcus",
    "caudalanteriorcingulate": "caudal anterior cingulate",
    "caudalmiddlefrontal": "caudal middle frontal",
    "cuneus": "cuneus",
    "entorhinal": "entorhinal",
    "fusiform": "fusiform",
    "inferiorparietal": "inferior parietal",
    "inferiortemporal": "inferior temporal",
    "isthmuscingulate": "isthmus cingulate",
    "lateraloccipital": "lateral occipital",
    "lateralorbitofrontal": "lateral orbitofrontal",
    "lingual": "lingual",
    "medialorbitofrontal": "medial orbitofrontal",
    "middletemporal": "middle temporal",
    "parahippocampal": "parahippocampal",
    "paracentral": "paracentral",
    "parsopercularis": "pars opercularis",
    "parsorbitalis": "pars orbitalis",
    "parstriangularis": "pars triangularis",
    "pericalcarine": "pericalcarine",
    "postcentral": "postcentral",
    "posteriorcingulate": "posterior cingulate",
    "precentral": "precentral",
    "precuneus": "precuneus",
    "rostralanteriorcingulate": "rostral anterior cingulate",
    "rostralmiddlefrontal": "rostral middle frontal",
    "superiorfrontal": "superior frontal",
    "superiorparietal": "superior parietal",
    "superiortemporal": "superior temporal",
    "supramarginal": "supramarginal",
    "frontalpole": "frontal pole",
    "temporalpole": "temporal pole",
    "transversetemporal": "transverse temporal",
    "insula": "insula",
}


def readable_name(region: str) -> str:
    """Return a Desikan-Killiany region's name in words, another atlas's as it stands.

    Examples
    --------
    >>> readable_name("L_inferiorparietal"), readable_name("L_A1")
    ('left inferior parietal', 'L_A1')
    """
    side, _, word = region.partition("_")
    return f"{_SIDES[side]} {_WORDS[word]}" if side in _SIDES and word in _WORDS else region


def names_in_words(names: Sequence[str], label: str = "") -> dict[str, str]:
    """Name to what `readable_name` gives; a patch of the cortex to the region it lies in for most and its own name.

    Examples
    --------
    >>> names_in_words(["L_p087", "R_p087"])["L_p087"]
    'left entorhinal L_p087'
    """
    within = patch_regions(names, label)
    if within is None:
        return {name: readable_name(name) for name in names}
    return {name: f"{readable_name(region)} {name}" for name, region in zip(names, within, strict=True)}


def patches_in_words(names: Sequence[str], label: str = "") -> dict[str, str]:
    """Name to what `names_in_words` has of a patch of the cortex, and to itself for other regions."""
    words = names_in_words(names, label)
    return words if patch_regions(names, label) is not None else {name: name for name in names}


def ggseg_label(region: str) -> tuple[str, str, str]:
    """Return ``label`` ("lh_bankssts"), ``hemi`` and ``region`` of a region as R's ggseg has them in its atlas dk."""
    side, _, word = region.partition("_")
    return f"{side.lower()}h_{word}", _SIDES.get(side, ""), word if word == "bankssts" else _WORDS.get(word, word)


def fsaverage_label(region: str) -> tuple[str, str]:
    """Return hemisphere ("L") and label ("bankssts") of a region, as FreeSurfer's annotations have them."""
    side, _, word = region.partition("_")
    return side, word
