"""The spellings under which tools know the regions of an atlas, brought to its own names."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..errors import InputError
from .atlas import atlas_of, coarser_parcels, dk68_names, numbered_names, parcellations_with
from .label_codes import decoded

__all__ = ["Resolution", "is_extra", "known_share", "resolve", "resolve_on"]

# Labels that are looked at to see whether a column or row names regions.
_VOTERS = 16

_SIDES = {"l": "L", "lh": "L", "left": "L", "r": "R", "rh": "R", "right": "R"}
_THICKNESS = "thickness|thickavg|thick|thck|thk|thicknessavg|meanthickness"
_HEAD = re.compile(r"^(lh|rh|left|right|l|r)[-_. ]+(.+)$", re.IGNORECASE)
_TAIL = re.compile(r"^(.+?)[-_. ]+(lh|rh|left|right|l|r)$", re.IGNORECASE)
_MEASURE = re.compile(rf"[-_. ]+(?:{_THICKNESS}|area|volume|surfavg|grayvol)$|^(?:{_THICKNESS})[-_. ]+", re.IGNORECASE)
# R's make.names puts an X before what begins with no letter of its own, and before "lh." in some tables.
_PREFIX = re.compile(r"^(?:ctx|aparc|x|roi|fs)[-_. ]+|^x(?=[lr]h[-_. ])", re.IGNORECASE)
# Sentences and pairs of words that hold side and region: UK Biobank's, and those of BIDS.
_SENTENCES = (
    re.compile(
        r"^(?:mean |average )?thickness of (?P<region>.+?) \((?P<side>left|right)(?: hemisphere)?\)(?: \|.*)?$",
        re.IGNORECASE,
    ),
    re.compile(r"^hemi-(?P<side>[lr])_(?:lab|label|roi|desc)-(?P<region>.+)$", re.IGNORECASE),
)
# A side that nothing parts from its region: lhbankssts, LeftCuneus, lbankssts.
_FUSED = re.compile(r"^(lh|rh|left|right|l|r)(.+)$")
# Longer names of one region, letters only.
_LONG = dict.fromkeys(
    (
        "banksofsts",
        "bankssuperiortemporal",
        "bankssuperiortemporalsulcus",
        "banksofsuperiortemporalsulcus",
        "banksofthesuperiortemporalsulcus",
    ),
    "bankssts",
)

# What tables of the cortex carry besides its regions, letters only.
_EXTRA_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        unknown corpuscallosum medialwall meanthickness thickness meanthick globalmean mean sum total subjid
        etiv icv tiv estimatedtotalintracranialvol intracranialvolume brainsegvolnotvent brainsegvol
        subcortgrayvol totalgrayvol supratentorialvol maskvol cortexvol cerebralwhitemattervol
        totalsurfarea surfarea whitesurfarea surfaceholes fullsurfarea
        """,
    )
)
_EXTRA = re.compile(
    r"(?:left|right|lh|rh|l|r)?(?:thal|thalamus|thalamusproper|caud|caudate|put|putamen|pal|pallidum|hippo?|hippocampus|"
    r"amyg|amygdala|accumb|accumbens|accumbensarea|latvent|lateralventricle|inflatvent|ventraldc|vessel|cerebellumcortex|"
    r"cerebellumwhitematter|cerebellum|choroidplexus|brainstem|csf|opticchiasm|cerebralcortex|cerebralwhitematter|(?:wm|nonwm)?hypointensities|[345](?:rd|th)ventricle|meanthickness|thickness|"
    r"surfarea|unknown|corpuscallosum|medialwall|whitesurfarea)"
)


@dataclass(frozen=True)
class Resolution:
    """Labels of a table and the regions they name.

    Attributes
    ----------
    canonical
        Given label to canonical name.
    set_aside
        Labels that are known to be no cortical region: unknown, corpus callosum, subcortical, means.
    """

    canonical: dict[str, str]
    set_aside: tuple[str, ...] = ()


def resolve(
    labels: Sequence[str],
    *,
    names: Sequence[str] | None = None,
    hemisphere: Literal["L", "R"] | None = None,
    source: str = "table",
) -> Resolution:
    """Find the region that each label names.

    Parameters
    ----------
    labels
        Labels in any of the spellings in use: ``L_bankssts``, ``lh_bankssts_thickness``, ``ctx-lh-bankssts``,
        ``L BanksSTS``, ``bankssts_left``, in any case.
    names
        The regions to look among; None (the default) means the 68 Desikan-Killiany ones.
    hemisphere
        Hemisphere of labels that don't tell one.
    source
        Where the labels come from, for messages.

    Raises
    ------
    InputError
        For a label that can't be placed (naming the nearest match), one without a hemisphere where none is
        given, and two labels for one region.
    """
    return _resolve(labels, dk68_names() if names is None else tuple(names), hemisphere, source, atlas=names is None)


def resolve_on(
    labels: Sequence[str], names: Sequence[str], *, source: str, hemisphere: Literal["L", "R"] | None = None
) -> Resolution:
    """Resolve labels among the names of a known atlas if the graph's are such, else among the graph's own.

    Labels of rows may also be the codes under which FreeSurfer (1001, 2035) and ADNI (ST13TA) know a region, and the
    numbers of an atlas that numbers its parcels, as Schaefer's does.

    Raises
    ------
    InputError
        As `resolve`, and for the parcels of Schaefer's coarser parcellation, which have names of the finer one's.
    """
    atlas = atlas_of(names)
    known = tuple(names) if atlas is None else atlas.names
    numbered = numbered_names(names) if atlas is None else None
    spelled = {str(label): _spelled(str(label), numbered, atlas=atlas is not None) for label in labels}
    found = _resolve(list(spelled.values()), known, hemisphere, source, atlas=atlas is not None)
    canonical = {label: found.canonical[one] for label, one in spelled.items() if one in found.canonical}
    _check_unique(canonical, source)
    coarser = coarser_parcels(list(canonical), names)
    if coarser is not None:
        raise InputError(
            f"{source}: labels of Schaefer's {coarser} parcels, which are other parcels than those of the same name or "
            f"number among {len(names)}; name the graph schaefer{coarser} for it."
        )
    return Resolution(canonical, tuple(label for label, one in spelled.items() if one in found.set_aside))


def known_share(labels: Iterable[object], names: Sequence[str], *, hemisphere: Literal["L", "R"] | None = "L") -> float:
    """Return the share of the labels, of an even sample of them, that name a region or a known extra.

    With ``hemisphere=None`` a label that does not tell its hemisphere is not known.
    """
    every = [str(label) for label in labels]
    sample = every[:: max(1, len(every) // _VOTERS)]
    atlas = atlas_of(names)
    known, numbered = (tuple(names), numbered_names(names)) if atlas is None else (atlas.names, None)
    spelled = [_spelled(label, numbered, atlas=atlas is not None) for label in sample]
    placed = [_find(label, known, hemisphere, atlas=atlas is not None) for label in spelled]
    return sum(one is not None or is_extra(label) for one, label in zip(placed, spelled, strict=True)) / max(
        1, len(sample)
    )


def _spelled(label: str, numbered: Sequence[str] | None, *, atlas: bool) -> str:
    """Name for a code or number of a region; any other label as it is."""
    if atlas:
        return decoded(label)
    return numbered[int(label) - 1] if numbered and label.isdecimal() and 0 < int(label) <= len(numbered) else label


def _resolve(
    labels: Sequence[str], known: tuple[str, ...], hemisphere: str | None, source: str, *, atlas: bool
) -> Resolution:
    canonical, set_aside, exact = {}, [], set(known)
    for label in labels:
        found = str(label) if str(label) in exact else _find(str(label), known, hemisphere, atlas=atlas)
        if found is not None:
            canonical[str(label)] = found
        elif is_extra(str(label)):
            set_aside.append(str(label))
        else:
            raise InputError(_not_placed(str(label), known, hemisphere, source=source, atlas=atlas))
    _check_unique(canonical, source)
    return Resolution(canonical, tuple(set_aside))


def _find(label: str, known: tuple[str, ...], hemisphere: str | None, *, atlas: bool) -> str | None:
    if label in known:
        return label
    if not atlas:
        lower = _index(known, separators=True).get(_letters(label, separators=True))
        return lower or _index(known).get(_letters(label))
    side, region = _split(label)
    index, letters = _index(known), _letters(region)
    letters = _LONG.get(letters, letters)
    found = index.get(f"{side or ''}{letters}".lower()) or index.get(f"{side or hemisphere or ''}{letters}".lower())
    fused = _FUSED.match(letters)
    if found is None and side is None and fused:
        rest = _LONG.get(fused[2], fused[2])
        return index.get(f"{_SIDES[fused[1]]}{rest}".lower())
    return found


def _split(label: str) -> tuple[str | None, str]:
    """Hemisphere, where the label tells one, and the rest without measure and prefix."""
    label = label.strip()
    for pattern in _SENTENCES:
        if match := pattern.match(label):
            return _SIDES[match["side"].lower()], match["region"]
    label = _MEASURE.sub("", _PREFIX.sub("", label))
    for pattern, side, rest in ((_HEAD, 1, 2), (_TAIL, 2, 1)):
        match = pattern.match(label)
        if match:
            return _SIDES[match[side].lower()], _MEASURE.sub("", match[rest])
    return None, label


@lru_cache(maxsize=32)
def _index(known: tuple[str, ...], *, separators: bool = False) -> dict[str, str]:
    """Letters of each name to the name; names that differ only in case or separators are left out."""
    index: dict[str, str] = {}
    for name in known:
        key = _letters(name, separators=separators)
        index[key] = "" if key in index else name
    return {key: name for key, name in index.items() if name}


def _letters(label: str, *, separators: bool = False) -> str:
    """Lower case, and without what separates words unless that is to count."""
    return label.strip().lower() if separators else re.sub(r"[\W_]", "", label.lower())


def is_extra(label: str) -> bool:
    """Whether a label is known to be no region of the cortex: a mean, a subcortical one, the brain's volume."""
    plain = {_letters(label), _letters(_split(label)[1])}
    return bool(plain & _EXTRA_WORDS) or any(_EXTRA.fullmatch(text) for text in plain)


def _not_placed(label: str, known: tuple[str, ...], hemisphere: str | None, *, source: str, atlas: bool) -> str:
    side, region = _split(label)
    if atlas and side is None and _letters(f"L{region}") in _index(known):
        return f"{source}: label {label} tells no hemisphere; write L_{region} or R_{region}, or state the hemisphere."
    if label.isdecimal() and numbered_names(known):
        return (
            f"{source}: unknown region {label}; the parcels are numbered from 1 to {len(known)}: correct the numbers, "
            "one more each where they begin at 0, or give the names."
        )
    if others := parcellations_with(label):
        return (
            f"{source}: {label} is a parcel of {' or '.join(others)}, and the graph another; name it with --graph, or "
            "with --expression-graph where the expression alone is of it (in Python expression_graph=...)."
        )
    wanted = f"{side or hemisphere or 'L'}_{region}" if atlas else label
    lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(wanted.lower(), lower, n=1, cutoff=0.0)
    return f"{source}: unknown region {label}; the nearest match is {lower[near[0]]}: correct or remove the row."


def _check_unique(canonical: dict[str, str], source: str) -> None:
    first: dict[str, str] = {}
    for label, name in canonical.items():
        if name in first:
            raise InputError(
                f"{source}: {first[name]} and {label} both name the region {name}; keep one row for each region."
            )
        first[name] = label
