"""Following the live parts of a page, as htmx does."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

import requests

from visiting import Visitor

_CONNECT = re.compile(r'sse-connect="([^"]+)"')


class Part(NamedTuple):
    """One event: the place that the page has come to with it, if it says so, the part that it is for, and its HTML."""

    id: str
    name: str
    html: str


def live(html: str) -> str:
    """The address that a page follows."""
    found = _CONNECT.search(html)
    assert found, "the page has no live part"
    return unescape(found[1])


class Following:
    """The stream at an address; a context manager."""

    def __init__(self, visitor: Visitor, address: str, last: str = "") -> None:
        headers = {"Last-Event-ID": last} if last else {}
        self.answer: requests.Response = visitor.get(address, headers=headers, stream=True)
        assert self.answer.status_code == 200, self.answer.text
        assert self.answer.headers["Content-Type"] == "text/event-stream"
        self._lines = self.answer.iter_lines(chunk_size=None, decode_unicode=False)

    def __enter__(self) -> "Following":
        return self

    def __exit__(self, *_: object) -> None:
        self.answer.close()

    def blocks(self) -> Iterator[list[tuple[str, str]]]:
        """Each block of lines as pairs of field and value; a comment's field has no name."""
        block: list[tuple[str, str]] = []
        for line in self._lines:
            if line:
                name, _, value = line.decode().partition(":")
                block.append((name, value.removeprefix(" ")))
                continue
            yield block
            block = []

    def parts(self) -> Iterator[Part]:
        """Each event as it comes."""
        for block in self.blocks():
            told = dict(block)
            if "event" in told:
                html = "\n".join(value for name, value in block if name == "data")
                yield Part(told.get("id", ""), told["event"], html)

    def until(self, name: str, text: str = "") -> Part:
        """The next event of this part whose words have this text."""
        return next(part for part in self.parts() if part.name == name and text in part.html)
