"""What the tests of the report share: a page parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

_VOID = {"meta", "link", "img", "input", "br"}


class _Page(HTMLParser):
    """Tags in their nesting, ids, links, headings, images and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.levels: list[int] = []
        self.images: list[dict[str, str | None]] = []
        self.outside: list[str] = []
        self.data: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own = dict(attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if own.get("id"):
            self.ids.append(str(own["id"]))
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.images.append(own)
        for name in ("src", "href"):
            address = own.get(name) or ""
            if address.startswith("#"):
                self.targets.append(address[1:])
            elif address and not address.startswith("data:"):
                self.outside.append(address)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data: str) -> None:
        self.data.append(data)


@pytest.fixture(scope="session")
def parse() -> Callable[[str], _Page]:
    """Parse the text of a page."""

    def read(text: str) -> _Page:
        page = _Page()
        page.feed(text)
        page.close()
        return page

    return read
