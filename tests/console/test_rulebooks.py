"""The pages of the rulebook, over HTTP: all of it, found by text and provenance, and drawn."""

import re
from collections.abc import Iterator
from html import unescape
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from allot.console.pictures import BOX_HEIGHT, Picture, picture
from allot.core.relation import relations
from allot.core.rulebook import OFFERS_MAX, PROVENANCES, Rulebook, load
from servers import Server, load_demo, rulebook
from visiting import Visitor, words

_ID = re.compile(r'id="((?:rule|offer|package)-[^"]+)"')
_NODE = re.compile(r'<a class="node([^"]*)" href="([^"]+)">')
_LINE = re.compile(r'<path class="line (\w+)( dim)?" d="([^"]+)"')
SHIPPED = files("allot").joinpath("rulebooks/webex.toml").read_text(encoding="utf-8")
MARKUP = '<img src=x onerror="alert(1)">'
# Hello, written from right to left.
HELLO = "\u0645\u0631\u062d\u0628\u0627"
#: a provider's own: hostile names, an address as a source, and as many offers as there may be
OWN = f"""
[[offers]]
code = "A<b>&\\"'"
name = '{MARKUP}'
family = "device"
provenance = "ours"
source = "read https://example.com/prices?a=1&b=2 or javascript:alert(1)"
[[offers]]
code = "RTL"
name = "{HELLO} {"long " * 30}"
family = "device"
provenance = "ours"
source = "here"
[[rules]]
id = "own"
kind = "conflict"
offers = ["A<b>&\\"'", "RTL"]
with = ["SD", "BCSTD"]
code = 400
message = '{MARKUP}'
description = "{{licenses}} {HELLO}"
remedy = "None."
provenance = "ours"
source = "http://example.com/<b>"
"""


def own() -> str:
    """The rulebook of a provider that has as many offers as there may be."""
    text = SHIPPED + OWN
    offer = '[[offers]]\ncode = "X{0}"\nname = "Extra {0}"\nfamily = "hybrid"\nprovenance = "ours"\nsource = "here"\n'
    return text + "".join(offer.format(n) for n in range(OFFERS_MAX - text.count("[[offers]]")))


@pytest.fixture(scope="module")
def owned(sqlite, tmp_path_factory) -> Iterator[Visitor]:
    """Somebody who looks at the demo under a rulebook of its provider's own."""
    path: Path = tmp_path_factory.mktemp("own") / "own.toml"
    path.write_text(own(), encoding="utf-8")
    with sqlite.lent(load_demo) as url, Server(url, rulebook=str(path)) as server, Visitor(server.address) as visitor:
        yield visitor


def test_everything_has_its_place(visitor: Visitor):
    """Each rule, offer and package is there once, with an anchor, its provenance and its source."""
    book, shown = rulebook(), visitor.see("/rulebook")
    anchors = [f"rule-{rule.id}" for rule in book.rules] + [f"offer-{code}" for code in book.offers]
    assert _ID.findall(shown) == anchors + [f"package-{name}" for name in book.packages]
    told = words(shown)
    for each in (*book.rules, *book.offers.values(), *book.packages.values()):
        assert f"{each.provenance.kind} {each.provenance.source}" in told
    for rule in book.rules:
        assert f"{rule.message}. {rule.description}" in told
        assert rule.remedy in told
    for anchor in re.findall(r'href="[^"]*/rulebook#([^"]+)"', shown):
        assert f'id="{anchor}"' in shown


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=400413", {"rule-one-of-set", "rule-one-wholesale-package"}),
        ("q=PAID-MESSAGING", {"rule-paid-messaging-needs-free"}),
        ("q=9dmqgv&provenance=assumed", {"rule-wholesale-and-calling", "offer-BCATC"}),
        ("q=Attendant+Console&provenance=ours", set()),
        ("q=attendant_console", {"package-attendant_console", "rule-console-needs-package"}),
    ],
)
def test_it_is_found_by_text_and_provenance(visitor: Visitor, query: str, found: set[str]):
    """Codes, ids, names, sentences and sources are looked through, in any letter case."""
    shown = visitor.see(f"/rulebook?{query}")
    assert set(_ID.findall(shown)) == found
    assert ("Nothing in the rulebook fits" in shown) == (not found)


@pytest.mark.parametrize("known", PROVENANCES)
def test_provenance_alone_narrows_down(visitor: Visitor, known: str):
    """Everything that is known from there is shown, and nothing else."""
    book, shown = rulebook(), visitor.see(f"/rulebook?provenance={known}")
    every = (*book.rules, *book.offers.values(), *book.packages.values())
    assert len(_ID.findall(shown)) == sum(each.provenance.kind == known for each in every)
    assert f"<option selected>{known}</option>" in shown


def test_what_is_typed_comes_back_as_text(visitor: Visitor):
    """Markup in the search is shown as it was typed; a provenance that there is not counts as none."""
    shown = visitor.see(f"/rulebook?provenance=x&q=%3Cb%3E{HELLO}")
    assert f'value="&lt;b&gt;{HELLO}"' in shown
    assert "<b>" not in shown
    assert len(_ID.findall(visitor.see("/rulebook?provenance=x"))) == len(_ID.findall(visitor.see("/rulebook")))


def test_it_is_for_everybody_who_is_signed_in(visits):
    """No role and no scope is needed, but a session."""
    assert visits("allot-demo-user").look("/rulebook/picture?offer=MS").status_code == 200
    for path in ("/rulebook", "/rulebook/picture"):
        answer = visits(None).look(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/console/sign-in")


def test_an_offer_is_chosen(visitor: Visitor):
    """Its relations are told, and whatever has nothing to do with it is dimmed."""
    shown = visitor.see("/rulebook/picture?offer=CF")
    told = words(shown)
    assert "Needs FTM ( paid-meeting-needs-free ) FMS ( meeting-needs-messaging )" in told
    bright = {unescape(href).rpartition("offer=")[2] for style, href in _NODE.findall(shown) if "dim" not in style}
    assert bright == {"CF#chosen", "FTM#chosen", "FMS#chosen"}
    assert [style for style, _ in _NODE.findall(shown) if "chosen" in style] == [" chosen"]
    assert sorted(kind for kind, dim, _ in _LINE.findall(shown) if not dim and kind == "needs")[:2] == ["needs"] * 2
    assert "cannot change BCSTD into BCBAS" in words(visitor.see("/rulebook/picture?offer=BCBAS"))
    assert "a second license of it" in words(visitor.see("/rulebook/picture?offer=BCHDO"))
    assert "Needs nothing Is needed by nothing Excludes nothing" in words(visitor.see("/rulebook/picture?offer=FSS"))


def test_all_relations_are_drawn_and_told(visitor: Visitor):
    """Without a choice nothing is dimmed; each relation is a line, and a word in the table."""
    shown = visitor.see("/rulebook/picture")
    assert " dim" not in shown
    found = relations(rulebook())
    drawn = [kind for kind, _, _ in _LINE.findall(shown)][3:]  # after those of the legend
    assert drawn.count("excludes") == sum(each.one != each.other for each in found.exclusions)
    assert drawn.count("needs") + drawn.count("either") == sum(len(each.any_of) for each in found.needs)
    rows = shown[shown.index('id="table"') :]
    for need in found.needs:
        assert f"{' or '.join(need.any_of)} ( {need.rule.id} )" in words(rows)


def test_an_offer_that_there_is_not(visitor: Visitor):
    """It is 404, and says so without repeating markup."""
    shown = visitor.see("/rulebook/picture?offer=%3Cb%3E", 404)
    assert "the rulebook has none with the code &lt;b&gt;" in shown


def test_a_rulebook_of_ones_own_is_shown(owned: Visitor):
    """Names with markup and from right to left are text; addresses are links, of http alone."""
    shown = owned.see("/rulebook")
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown
    assert '<a href="https://example.com/prices?a=1&amp;b=2"' in shown
    assert 'href="javascript' not in shown
    assert HELLO in shown
    odd = "/rulebook/picture?offer=A%3Cb%3E%26%22%27"
    assert "&lt;img src=x" in owned.see(odd)
    assert f'href="/console{odd}#chosen"' in shown


def test_pages_are_small(visitor: Visitor, owned: Visitor):
    """A page has 60 KB at most, with the shipped rulebook; with the most offers the picture has as well."""
    for path in ("/rulebook", "/rulebook/picture", "/rulebook/picture?offer=BCSTD"):
        assert len(visitor.look(path).content) < 60_000
    assert len(owned.look("/rulebook/picture").content) < 60_000


def lines(drawing: Picture) -> list[list[float]]:
    """The numbers of each line: begin, both handles and end, each x and y."""
    return [[float(number) for number in re.findall(r"-?[\d.]+", line.path)] for line in drawing.lines]


@pytest.mark.parametrize("book", [rulebook(), load(own())], ids=["shipped", "own"])
def test_nothing_lies_on_something_else(book: Rulebook):
    """Boxes lie below each other, families above their offers, and lines reach from box to box within the drawing."""
    drawing = picture(book, relations(book))
    assert {node.offer for node in drawing.nodes} == set(book.offers.values())
    assert all(above.top + BOX_HEIGHT < below.top for above, below in pairwise(drawing.nodes))
    assert drawing.nodes[-1].top + BOX_HEIGHT <= drawing.height
    middles = {node.middle for node in drawing.nodes}
    sides = {drawing.left, drawing.left + drawing.box}
    for x, y, out, _, _, _, end, down in lines(drawing):
        assert x == end
        assert x in sides
        assert {y, down} <= middles
        furthest = x + (out - x) * 3 / 4  # where a curve with two handles comes to
        assert 0 <= furthest <= drawing.width
        assert not drawing.left < furthest < drawing.left + drawing.box


def test_a_rulebook_without_relations_is_drawn():
    """Offers of which nothing is said are boxes without lines."""
    text = 'name = "n"\ntitle = "t"\nversion = "1"\n[[offers]]\ncode = "A"\nname = "A"\nfamily = "device"\n'
    text += 'provenance = "ours"\nsource = "s"\n[[rules]]\nid = "r"\nkind = "capacity"\ncode = 400\nmessage = "m"\n'
    book = load(text + 'description = "d"\nremedy = "r"\nprovenance = "ours"\nsource = "s"\n')
    drawing = picture(book, relations(book))
    assert ([node.alone for node in drawing.nodes], drawing.lines) == ([True], [])
