"""Pictures: what needs and excludes what, laid out as a drawing.

Offers stand below each other by family. What is needed is drawn at their left, what excludes at their right, as arcs
that reach further out the further they go: labels stay readable, and lines cross no text.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from allot.core.offer import Offer
from allot.core.relation import Need, Relations
from allot.core.rulebook import FAMILIES, Rulebook

# All in units of the drawing, of which 16 are as wide as the letter m.
LEFT, BOX, RIGHT = 150.0, 390.0, 300.0
ROW, HEAD, MARGIN = 30.0, 40.0, 8.0
BOX_HEIGHT = 24.0
#: how far an arc between neighbours reaches; the longest goes to the edge
NEAR = 26.0
# A curve comes three quarters as far as its two handles are.
HANDLE = 4 / 3
NAME_MAX = 36


class Node(NamedTuple):
    """An offer in its place."""

    offer: Offer
    #: of its box
    top: float
    middle: float
    name: str
    #: nothing is said of it
    alone: bool


class Line(NamedTuple):
    """A relation between two offers. `kind` is excludes, needs, or either: one of several is needed."""

    kind: str
    path: str
    ends: tuple[str, str]
    says: str


class Family(NamedTuple):
    """A family's name above its offers."""

    name: str
    baseline: float


class Picture(NamedTuple):
    """A drawing, its size, and where its boxes are."""

    width: float
    height: float
    left: float
    box: float
    families: list[Family]
    nodes: list[Node]
    lines: list[Line]


def picture(book: Rulebook, found: Relations) -> Picture:
    """The drawing of a rulebook; of each family the offers come first that something is said of."""
    families: list[Family] = []
    nodes: list[Node] = []
    ends = found.offers
    offers = sorted(book.offers.values(), key=lambda each: (FAMILIES.index(each.family), each.code not in ends))
    down = 0.0
    for family, members in groupby(offers, key=lambda each: each.family):
        families.append(Family(family.replace("-", " ").capitalize(), down + HEAD - 12))
        down += HEAD
        for offer in members:
            nodes.append(Node(offer, down, down + BOX_HEIGHT / 2, _short(offer.name), offer.code not in ends))
            down += ROW
    return Picture(LEFT + BOX + RIGHT, down + MARGIN, LEFT, BOX, families, nodes, _lines(found, nodes))


def _short(name: str) -> str:
    return name if len(name) <= NAME_MAX else f"{name[: NAME_MAX - 1]}…"


def _lines(found: Relations, nodes: Sequence[Node]) -> list[Line]:
    places = {node.offer.code: node.middle for node in nodes}
    lines: list[Line] = []
    apart = [each for each in found.exclusions if each.one != each.other]
    furthest = _furthest(places, ((each.one, each.other) for each in apart))
    for each in apart:
        reach = _reach(places[each.one], places[each.other], furthest, RIGHT)
        path = _arc(places[each.one], places[each.other], LEFT + BOX, reach)
        says = f"{each.one} excludes {each.other}: {', '.join(rule.id for rule in each.rules)}"
        lines.append(Line("excludes", path, (each.one, each.other), says))
    furthest = _furthest(places, ((need.offer, code) for need in found.needs for code in need.any_of))
    for need in found.needs:
        for code in need.any_of:
            reach = _reach(places[need.offer], places[code], furthest, LEFT)
            path = _arc(places[need.offer], places[code], LEFT, -reach)
            lines.append(Line("needs" if len(need.any_of) == 1 else "either", path, (need.offer, code), _said(need)))
    return lines


def _said(need: Need) -> str:
    return f"{need.offer} needs {' or '.join(need.any_of)}: {need.rule.id}"


def _furthest(places: dict[str, float], pairs: Iterable[tuple[str, str]]) -> float:
    return max((abs(places[one] - places[other]) for one, other in pairs), default=0.0)


def _reach(one: float, other: float, furthest: float, room: float) -> float:
    """How far an arc goes out, of the room that there is; by the root, so that short ones do not lie on each other."""
    return NEAR + (room - NEAR - MARGIN) * math.sqrt(abs(one - other) / furthest)


def _arc(one: float, other: float, x: float, out: float) -> str:
    handle = x + out * HANDLE
    return f"M{x:g} {one:g}C{handle:.0f} {one:g} {handle:.0f} {other:g} {x:g} {other:g}"
