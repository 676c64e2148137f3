"""The console over plain HTTP: somebody who has signed in, without a browser."""

import re
from html import unescape
from typing import Any

import requests

from servers import ADMIN, Client

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]+)"')


class Visitor(Client):
    """Pages of one server as somebody sees them who has signed in with a token; None: who has not."""

    def __init__(self, base: str, token: str | None = ADMIN) -> None:
        super().__init__(base, None)
        self.csrf = ""
        if token is not None:
            answer = self.post("/console/sign-in", data={"token": token}, allow_redirects=False)
            assert answer.status_code == 303, answer.text
            self.csrf = _CSRF.search(self.see("")).group(1)  # type: ignore[union-attr]

    def look(self, path: str, **options: Any) -> requests.Response:
        """The answer to a page below /console; not led elsewhere."""
        return self.get(f"/console{path}", **{"allow_redirects": False} | options)

    def see(self, path: str, status: int = 200) -> str:
        """The HTML of a page below /console, which is answered with this status."""
        answer = self.look(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:2000]}"
        return answer.text

    def submit(self, path: str, **fields: Any) -> requests.Response:
        """The answer to a form of this session; not led elsewhere. A field may have several values."""
        return self.post(f"/console{path}", data={"csrf": self.csrf} | fields, allow_redirects=False)


def words(html: str) -> str:
    """What a page says, without its markup."""
    told = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", told)).split())
