"""Journals: what was asked for, by whom, and what became of it, as a timeline and entry by entry."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from allot.console.visits import JOURNAL, Page, Visit
from allot.core.failure import Failure
from allot.core.journal import Entry, Search
from allot.core.license import License
from allot.core.rule import Rule
from allot.service import audits, journals, licenses, locations
from allot.service.audits import Name
from allot.wire.operation import Reply
from allot.wire.values import read_number

#: what GET /journal of allot's own plane needs
RIGHTS = JOURNAL
ENTRIES = 25
#: longer values of a detail are read on the page of their entry
FACT_MAX = 200

TITLES = {
    "organization.import": "Organization imported",
    "licenses.assign": "Licenses changed",
    "licenses.withdraw": "Licenses taken with their customer",
    "invitations.accept": "Invitations accepted",
    "invitations.decline": "Invitations declined",
    "people.create": "Person created",
    "people.update": "Person changed",
    "people.delete": "Person deleted",
    "locations.create": "Location created",
    "locations.update": "Location changed",
    "locations.delete": "Location deleted",
    "numbers.add": "Numbers added",
    "numbers.remove": "Numbers removed",
    "numbers.state": "Numbers switched",
    "sessions.begin": "Signed in to the console",
    "sessions.end": "Signed out of the console",
    "tokens.create": "Token made",
    "tokens.revoke": "Token revoked",
}
#: tone of an entry -> how its title ends
_SO_FAR = {"good": "", "care": " in part", "bad": ": refused"}
#: actions whose target is a person
_OF_PEOPLE = ("licenses", "people", "invitations", "sessions")
#: members of a detail that are told in words of their own
_TOLD = frozenset(("items", "before", "after", "refused", "changes", "from", "events"))


class Line(NamedTuple):
    """One thing that was asked for, or that followed from it, and what became of it."""

    #: + is given, - is taken, ~ is changed
    sign: str
    what: str
    #: what is said besides, such as where somebody is reached
    more: str
    #: accepted, refused, "no change", or followed: nobody asked for it
    state: str
    #: what refused it; the rule is None where the rulebook does not have it any more
    rule_id: str = ""
    rule: Rule | None = None


class Told(NamedTuple):
    """An entry in words."""

    entry: Entry
    title: str
    #: class of its mark: good, care or bad
    tone: str
    #: who did it; None for allot itself, and for people of other organizations
    actor: Name | None
    #: whom it is about, where that is a person who is still there
    target: Name | None
    #: whether it is about a person at all
    personal: bool
    lines: list[Line]
    facts: list[tuple[str, str]]
    #: the address and the program that it was sent from, as far as they are known
    address: str
    agent: str


class Timeline(NamedTuple):
    """A page of entries, newest first."""

    entries: list[Told]
    #: the address of the page with older ones; empty at the end
    older: str


async def timeline(visit: Visit, search: Search, limit: int = ENTRIES) -> Timeline:
    """The newest entries that are looked for, below the number that the query may name as `below`."""
    async with visit.service.database.reading() as reading:
        found, rest = await journals.page(reading, visit.org_id, search, read_number(visit.query["below"]), limit)
    return Timeline(await tell(visit, found), visit.again(below=rest) if rest else "")


async def tell(visit: Visit, entries: Sequence[Entry]) -> list[Told]:
    """Entries in words, with the names of all that is in them."""
    if not entries:
        return []
    where = {place for entry in entries for place in _places(entry.detail)}
    async with visit.service.database.reading() as reading:
        owned, _ = await licenses.of_organization(reading, visit.service.rulebook, visit.org_id)
        places = await locations.names(reading, visit.org_id, where)
        people = await audits.names(reading, visit.org_id, entries)
    rules = {rule.id: rule for rule in visit.service.rulebook.rules}
    teller = _Teller({license.number: license for license in owned}, places, rules)
    return [_told(entry, people, teller) for entry in entries]


def _told(entry: Entry, people: dict[str, Name], teller: "_Teller") -> Told:
    personal = entry.action.partition(".")[0] in _OF_PEOPLE
    source = entry.detail.get("from") or {}
    tone = "bad" if entry.outcome >= 400 else "care" if entry.outcome == 206 else "good"
    return Told(
        entry,
        f"{TITLES.get(entry.action, entry.action)}{_SO_FAR[tone]}",
        tone,
        people.get(entry.actor_id or ""),
        people.get(entry.target_id or "") if personal else None,
        personal and entry.target_id is not None,
        list(teller.lines(entry.detail)),
        [(key, _short(value)) for key, value in entry.detail.items() if key not in _TOLD],
        source.get("address", ""),
        source.get("agent", ""),
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    """What details speak of, by number and id."""

    licenses: dict[int, License]
    places: dict[str, str]
    rules: dict[str, Rule]

    def lines(self, detail: dict[str, Any]) -> Iterator[Line]:
        """What was asked for, then what followed from it, then what else was changed."""
        before, after = detail.get("before"), detail.get("after")
        refused = detail.get("refused")
        rules = dict(refused) if isinstance(refused, dict) else {}
        asked: set[tuple[str, Any]] = set()
        for n, item in enumerate(detail.get("items") or ()):
            kind, key = self._key(item)
            asked.add((kind, key))
            yield self._item(item, key in before.get(kind, ()) if before else False, rules.pop(str(n), ""))
        # Of invitations the refused ones have names instead of places.
        yield from (self._line("~", name, "", "refused", rule_id or "") for name, rule_id in rules.items())
        if isinstance(before, dict) and isinstance(after, dict) and "licenses" in before and "licenses" in after:
            yield from self._followed(before, after, asked)
        for member, values in (detail.get("changes") or {}).items():
            yield Line("~", member, " → ".join(_short(each) or "nothing" for each in values), "accepted")

    def _item(self, item: dict[str, Any], held: bool, rule_id: str) -> Line:
        add, properties = item["operation"] == "add", item.get("properties")
        state = "refused" if rule_id else "no change" if held == add and not properties else "accepted"
        return self._line("+" if add else "-", self._name(*self._key(item)), self._reached(properties), state, rule_id)

    def _line(self, sign: str, what: str, more: str, state: str, rule_id: str) -> Line:
        return Line(sign, what, more, state, rule_id, self.rules.get(rule_id))

    def _followed(self, before: dict[str, Any], after: dict[str, Any], asked: set[tuple[str, Any]]) -> Iterator[Line]:
        """What is there, or is there no more, although nobody asked for that."""
        for kind in ("licenses", "attendee"):
            was, now = before.get(kind, ()), after.get(kind, ())
            changed = [("-", each) for each in was if each not in now] + [
                ("+", each) for each in now if each not in was
            ]
            yield from (
                Line(sign, self._name(kind, each), "", "followed")
                for sign, each in changed
                if (kind, each) not in asked
            )
        was, now = before.get("calling"), after.get("calling")
        if was != now:
            more = " → ".join(self._reached(each) or "nowhere" for each in (was, now))
            yield Line("~", "Reached at", more, "followed")

    def _key(self, item: dict[str, Any]) -> tuple[str, Any]:
        if "license" in item:
            return "licenses", item["license"]
        return ("attendee", item["siteUrl"]) if "siteUrl" in item else ("unknown", item.get("unknown", ""))

    def _name(self, kind: str, key: Any) -> str:
        if kind == "licenses":
            license = self.licenses.get(key)
            return f"license number {key}, which is not there any more" if license is None else label(license)
        return f"attendee of {key}" if kind == "attendee" else f"unknown license {key}"

    def _reached(self, calling: dict[str, Any] | None) -> str:
        if not calling:
            return ""
        place = calling.get("location_id")
        named = self.places.get(place, place) if place else ""
        return reached(named, calling.get("phone_number"), calling.get("extension"))


def label(license: License) -> str:
    """A license as people tell it from others."""
    return f"{license.name} ({license.site_url})" if license.site_url else license.name


def reached(place: str, number: str | None, extension: str | None) -> str:
    """Where somebody is reached, in one line."""
    return ", ".join(each for each in (place, number, f"extension {extension}" if extension else "") if each)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= FACT_MAX else f"{text[:FACT_MAX]}…"


def _places(detail: dict[str, Any]) -> Iterator[str]:
    """The ids of the locations in a detail."""
    told = [item.get("properties") for item in detail.get("items") or ()]
    for side in ("before", "after"):
        held = detail.get(side)
        told.append(held.get("calling") if isinstance(held, dict) else None)
    yield from (each["location_id"] for each in told if isinstance(each, dict) and each.get("location_id"))


async def list_journal(visit: Visit) -> Reply:
    """The journal of the organization, newest first; with a tracking id only the entries of that request."""
    tracking_id = visit.query["trackingId"].strip()
    found = await timeline(visit, Search(tracking_id=tracking_id or None))
    return visit.show("journal.html", timeline=found, tracking_id=tracking_id)


async def show_entry(visit: Visit) -> Reply:
    """One entry of the journal, with all that it keeps."""
    return visit.show("entry.html", told=await entry(visit))


async def entry(visit: Visit) -> Told:
    """The entry of the path's number in words. Raises Failure when there is none."""
    async with visit.service.database.reading() as reading:
        found = await journals.entry(reading, visit.org_id, read_number(visit.path["number"]) or 0)
        if found is None:
            raise Failure.not_found("The journal of this organization has no entry of this number")
    [told] = await tell(visit, [found])
    return told


PAGES = (
    Page("GET", "/journal", list_journal, RIGHTS),
    Page("GET", "/journal/{number}", show_entry, RIGHTS),
)
