"""The documents as they are served, the page made from them, and the rulebook."""

import re
import tomllib
from html.parser import HTMLParser
from pathlib import Path

import allot
from allot.api.operations import OPERATIONS as WEBEX
from allot.plane.operations import OPERATIONS as OWN
from servers import Client

VOID = {"meta", "link", "br", "hr", "img", "input"}


class Tags(HTMLParser):
    """Holds that every tag is closed, and keeps ids and links."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src") if name in found]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_documents_are_served(admin: Client):
    """Both documents are served with the paths of their plane, and say under which address."""
    for name, server, operations in (("webex", "/v1", WEBEX), ("allot", "/allot/v1", OWN)):
        made = admin.as_(None).get(f"/allot/v1/openapi/{name}.json").json()
        assert (made["openapi"], made["servers"]) == ("3.1.0", [{"url": server}])
        found = {(method.upper(), path) for path, methods in made["paths"].items() for method in methods}
        assert found == {(operation.method, operation.path) for operation in operations}


def test_the_page_is_whole_and_needs_nothing_else(admin: Client):
    """The page is well formed, has every operation, follows the reader's colors, and loads nothing."""
    answer = admin.as_(None).get("/allot/v1/docs")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none';")
    tags = Tags()
    tags.feed(answer.text)
    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids)) == len(WEBEX) + len(OWN)
    assert not tags.seen & {"script", "img", "link", "iframe"}
    own = {"/allot/v1/openapi/webex.json", "/allot/v1/openapi/allot.json"}
    assert {link for link in tags.links if not link.startswith("#")} == own
    assert {link[1:] for link in tags.links if link.startswith("#")} == set(tags.ids)
    assert not re.search(r"url\(|@import|https?:", re.sub(r"<main>.*</main>", "", answer.text, flags=re.DOTALL))
    assert "color-scheme: light dark" in answer.text
    for operation in (*WEBEX, *OWN):
        assert operation.handler.__doc__, operation.path


def test_the_rulebook_is_served(admin: Client):
    """Offers, rules and packages are those of the file, each with provenance and source."""
    path = Path(allot.__file__).parent / "rulebooks" / "webex.toml"
    book = tomllib.loads(path.read_text(encoding="utf-8"))
    served = admin.as_(None).get("/allot/v1/rulebook").json()
    assert [rule["id"] for rule in served["rules"]] == [rule["id"] for rule in book["rules"]]
    assert [offer["code"] for offer in served["offers"]] == [offer["code"] for offer in book["offers"]]
    assert [package["name"] for package in served["packages"]] == [package["name"] for package in book["packages"]]
    for tables in ("rules", "offers", "packages"):
        for shown, written in zip(served[tables], book[tables], strict=True):
            assert (shown["provenance"], shown["source"]) == (written["provenance"], written["source"])
    sides = {rule["id"]: (rule.get("offers"), rule.get("others"), rule.get("sets")) for rule in served["rules"]}
    assert sides["professional-and-standard"] == (["BCSTD"], ["BCBAS"], None)
    assert sides["one-of-set"][2] == [["BCSTD", "BCBAS", "BCHDO", "SLWCA"], ["CJPPRM", "CJPSTD"]]
    assert sides["no-units-left"] == (None, None, None)
    packages = {package.pop("name"): package for package in served["packages"]}
    console = packages["attendant_console"]
    assert console["anyOf"] == ["webex_calling", "webex_suite", "cx_essentials"]
    assert {name: flag for name, flag in console.items() if type(flag) is bool} == {
        "calling": False,
        "meetings": False,
        "subscribers": True,
        "base": False,
        "single": False,
    }
    assert packages["webex_suite"]["grants"] == ["SLWS"]
    assert "anyOf" not in packages["webex_suite"]


def test_the_root_leads_to_the_page(client: Client) -> None:
    """A browser that is pointed at the server itself ends at the page of documents."""
    answer = client.as_(None).get("/")
    assert answer.url.endswith("/allot/v1/docs")
    assert answer.headers["Content-Type"].startswith("text/html")
