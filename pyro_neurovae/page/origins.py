"""Where the data of a study came from, in sentences: what its provenance knows, and that nothing is known beyond."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..atlases.atlas import atlas_of
from ..datasets.catalogue import Dataset, find, names, of_checksum
from ..studies.provenance import EXPRESSION, map_source
from ..studies.study import Study
from ..wording import counted, listed

__all__ = ["SIX_DONORS", "expression_words", "has_six_donors", "map_sentences", "region_words", "source_facts"]

Facts = Mapping[str, Any]

# What is true of expression of the Allen atlas alone.
SIX_DONORS = "Expression comes from six donors without the disease, two of them measured in both hemispheres."
_ALLEN = "Allen Human Brain Atlas"
_DONORS = 6
_DIGITS = 12  # of a hash
# Maps that have a sentence each, and settings and notices of one.
_TOLD, _NOTICES = 6, 5
_ERRORS = {"hc3": "HC3"}
_SETTINGS = ("probe_selection", "ibf_threshold", "lr_mirror", "missing", "sample_norm", "gene_norm", "norm_matched")


def expression_words(study: Study) -> str:
    """What the expression is, as the methods begin: of the Allen atlas, simulated, or of a file of unknown origin."""
    facts, genes = study.provenance.get(EXPRESSION, {}), counted(len(study.genes), "gene")
    if facts.get("simulated"):
        return f"Simulated expression of {genes} (seed {facts.get('seed')}; of no tissue)"
    if "abagen" in facts:
        return f"Regional expression of {genes} of the {_ALLEN} [hawrylycz2012], {_processed(facts['abagen'])}"
    dataset = _dataset(facts)
    if _is_allen(dataset):
        return (
            f"Regional expression of {genes} of the {_ALLEN} [hawrylycz2012, markello2021] (six donors; data set "
            f"{dataset.name if dataset else ''})"
        )
    if "file" in facts:
        return f"Regional expression of {genes} ({_file(facts)}, of which no more is recorded)"
    return f"Regional expression of {genes}, whose origin is not recorded"


def has_six_donors(study: Study) -> bool:
    """Whether the expression is known to be that of the atlas' six donors."""
    facts = study.provenance.get(EXPRESSION, {})
    if "abagen" in facts:
        return len(facts["abagen"].get("donors", ())) == _DONORS
    return _is_allen(_dataset(facts))


def region_words(study: Study) -> str:
    """What the regions are called: Desikan-Killiany ones where their names are those."""
    atlas = atlas_of(study.regions)
    return "Desikan-Killiany regions [desikan2006]" if atlas is not None and atlas.name == "dk68" else "regions"


def map_sentences(study: Study) -> list[str]:
    """Where each of the first maps came from, a sentence each."""
    known = study.provenance
    told = [_map_sentence(name, known.get(map_source(name), {})) for name in study.maps[:_TOLD]]
    rest = len(study.maps) - _TOLD
    return told + ([f"The origins of the other {counted(rest, 'map')} stand in the record of sources."] * (rest > 0))


def source_facts(study: Study) -> dict[str, str]:
    """Each source in short, for a record: data set, file with its hash, or how it was made."""
    found = {}
    for of, facts in study.provenance.items():
        dataset = _dataset(facts)
        parts = [
            f"data set {dataset.name}" if dataset else "",
            f"{facts['file']} (SHA-256 {facts['sha256']})" if "file" in facts else "",
            f"simulated, seed {facts.get('seed')}" if facts.get("simulated") else "",
            "abagen" if "abagen" in facts else "",
            "contrast of subjects" if "contrast" in facts else "",
            f"in {facts['unit']}" if "unit" in facts else "",
        ]
        found[of] = "; ".join(part for part in parts if part)
    return found


def _map_sentence(name: str, facts: Facts) -> str:
    unit = f" in {facts['unit']}" if facts.get("unit") else ""
    if facts.get("simulated"):
        return f"The values of the map {name} were simulated{unit} (seed {facts.get('seed')})."
    if "contrast" in facts:
        return _contrast_sentence(name, facts["contrast"], unit)
    dataset = _dataset(facts)
    if dataset is not None:
        what = dataset.what if unit.strip(" in") and unit.removeprefix(" in ") in dataset.what else dataset.what + unit
        return f"The map {name} is {what} (data set {dataset.name}; {dataset.citation})."
    if "file" in facts:
        return f"The map {name}{unit} was read from a file ({_file(facts)}), of which no more is recorded."
    return f"The origin of the map {name}{unit} is not recorded."


def _contrast_sentence(name: str, told: Facts, unit: str) -> str:
    """Groups, covariates and exclusions of a map that `contrast` made."""
    settings, groups = told.get("settings", {}), told.get("groups", ())
    sizes = " from ".join(
        f"{row['n']} {row['group']}s ({settings.get('group')} {settings.get(row['group'])})" for row in groups[::-1]
    )
    covariates = settings.get("covariates") or ()
    adjusted = f"adjusted for {listed([str(one) for one in covariates])}" if covariates else "not adjusted"
    weights = settings.get("weights", "none")
    more = f", {weights} weights" if weights != "none" else ""
    errors = _ERRORS.get(str(settings.get("errors")), str(settings.get("errors")))
    source = f"; subjects: {told['source']}" if told.get("source") else ""
    text = (
        f"The map {name} is the difference of {sizes}{unit}, {adjusted}{more}, with {errors} standard errors{source}."
    )
    # What names an option is advice on another run, and no part of what was done.
    notices = [one for one in map(str, told.get("notices", ())) if one and " --" not in one][:_NOTICES]
    return text + "".join(f" {one[0].upper()}{one[1:]}" for one in notices)


def _processed(told: Facts) -> str:
    settings, donors = told.get("settings", {}), told.get("donors", ())
    version = dict(settings.get("versions") or {}).get("abagen", "")
    chosen = ", ".join(f"{name} {settings[name]}" for name in _SETTINGS if name in settings)
    return f"processed with abagen {version} [markello2021] ({counted(len(donors), 'donor')}; {chosen})"


def _file(facts: Facts) -> str:
    return f"file {facts['file']}, SHA-256 {str(facts['sha256'])[:_DIGITS]}..."


def _is_allen(dataset: Dataset | None) -> bool:
    return dataset is not None and dataset.kind == "expression" and dataset.citation.startswith("Hawrylycz")


def _dataset(facts: Facts) -> Dataset | None:
    """Dataset by the name that a frame tells, or by the hash of a file."""
    named = str(facts.get("dataset", ""))
    if named in names():
        return find(named)
    return of_checksum(str(facts.get("sha256", "")))
