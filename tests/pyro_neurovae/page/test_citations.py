"""References: every entry can be read, and a text gets those that it names."""

from __future__ import annotations

import re
from pathlib import Path

from pyro_neurovae import page
from pyro_neurovae.page.citations import bibtex, keys_of, reference_list

ENTRIES = (Path(page.__file__).parent / "references.bib").read_text(encoding="utf-8").splitlines()


def test_every_entry_reads_as_a_reference():
    keys = [re.match(r"@\w+\{(\w+),", line)[1] for line in ENTRIES]
    text = " ".join(f"[{key}]" for key in keys)
    assert keys_of(text) == keys
    for key, line, told in zip(keys, ENTRIES, reference_list(text), strict=True):
        assert told.startswith(f"[{key}] ")
        assert re.search(r"year = \{(\d+)\}", line)[1] in told
        assert not re.search(r"[{}\\]", told), told
    assert "Sørbye SH" in " ".join(reference_list(text))


def test_a_text_gets_its_own_entries_once_in_its_order():
    text = "first [kumar2019], then [bingham2019, kumar2019] and [none2000] and [brackets]"
    assert keys_of(text) == ["kumar2019", "bingham2019"]
    assert bibtex(text).count("@article") == 2
    assert reference_list("no key") == []
