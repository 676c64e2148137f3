"""A plan in words: licenses by their names, what a change adds and removes, reasons without ids.

Terminal, table and page say the same, because they get their words here.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from allot.bulk.actual.snapshots import Calling, License
from allot.bulk.planned.changes import Capacity, Change, Head, LicenseName, Refusal, Request
from allot.core import ids

#: what taking calling away does
LOST = "number, extension and settings of calling are lost"
UNASKED = "not asked for, but needed"
#: kinds of changes -> what they do
KINDS = {
    "given": "licenses are added",
    "swapped": "licenses are added and removed",
    "taken": "licenses are removed",
    "other": "only calling data or attendee accounts change",
}
_ID = re.compile(r" \(([A-Za-z0-9_-]{40,})\)")


class Part(NamedTuple):
    """One thing that is added (+), removed (-) or changed (~)."""

    sign: str
    what: str
    note: str = ""


class Names:
    """The licenses of an organization as people call them."""

    def __init__(self, licenses: Sequence[LicenseName | License]) -> None:
        shared = Counter(each.name for each in licenses)
        self._long = [_long(each) for each in licenses]
        self._short = [
            each.name if shared[each.name] == 1 else long for each, long in zip(licenses, self._long, strict=True)
        ]
        self._by_id = {ids.encode("LICENSE", each.id): short for each, short in zip(licenses, self._short, strict=True)}
        self._names = {ids.encode("LICENSE", each.id): each.name for each in licenses}

    def of(self, place: int) -> str:
        """The name, with subscription or site only where several licenses have it."""
        return self._short[place]

    def full(self, place: int) -> str:
        """The name, with its subscription and site when it has one."""
        return self._long[place]

    def all(self, places: Iterable[int]) -> list[str]:
        """The names of several."""
        return [self._short[place] for place in places]

    def sentence(self, text: str) -> str:
        """A sentence without the ids that stand behind the names of licenses."""
        for id in dict.fromkeys(_ID.findall(text)):
            if id in self._by_id:
                text = text.replace(f"{self._names[id]} ({id})", self._by_id[id])
        return text


def _long(license: LicenseName | License) -> str:
    """As `catalogues` reads it."""
    site = f" on {license.site_url}" if license.site_url else ""
    return f"{license.name}{site}{f' in {license.subscription_id}' if license.subscription_id else ''}"


def kind(before: Iterable[int], after: Iterable[int]) -> str:
    """What a change of licenses does on the whole: one of KINDS."""
    had, has = set(before), set(after)
    if has - had:
        return "swapped" if had - has else "given"
    return "taken" if had - has else "other"


def steps(names: Names, change: Change) -> list[list[Part]]:
    """What each request of a change adds and removes."""
    return [_parts(names, request, change.unasked) for request in change.requests]


def _parts(names: Names, request: Request, unasked: Sequence[int]) -> list[Part]:
    parts = [Part("-", names.of(place), UNASKED if place in unasked else "") for place in request.remove]
    parts += [Part("+", names.of(place), UNASKED if place in unasked else "") for place in request.add]
    parts += [Part("-", f"attendee of {site}") for site in request.leave]
    return parts + [Part("+", f"attendee of {site}") for site in request.attend]


def people(refusals: Iterable[Refusal]) -> str:
    """The emails of people, each with the line of the input where there is one."""
    return ", ".join(f"{each.email} (line {each.line})" if each.line is not None else each.email for each in refusals)


def alike(names: Names, refusals: Iterable[Refusal]) -> dict[str, list[Refusal]]:
    """Refusals by the sentence of their first reason."""
    found: dict[str, list[Refusal]] = {}
    for each in refusals:
        found.setdefault(names.sentence(each.reasons[0].what), []).append(each)
    return found


def calling(head: Head, change: Change) -> str:
    """How a change leaves somebody's calling, when it does not leave it as it was."""
    before, after = change.before.calling, change.after.calling
    if before == after:
        return ""
    if after is None:
        return f"{reached(head, before)} -> none"
    return f"{reached(head, before)} -> {reached(head, after)}" if before else reached(head, after)


def reached(head: Head, calling: Calling | None) -> str:
    """Where a calling user is reached: number, extension, location."""
    if calling is None:
        return "none"
    said = [calling.phone_number or "", f"extension {calling.extension}" if calling.extension else ""]
    if calling.location_id:
        said.append(f"at {head.locations.get(calling.location_id, calling.location_id)}")
    return ", ".join(each for each in said if each)


def shortages(names: Names, capacities: Iterable[Capacity]) -> list[str]:
    """A sentence for each license that has too few units for what is desired."""
    return [f"{names.full(each.license)}: {each.short:,} short" for each in capacities if each.short]


def after(capacity: Capacity) -> int | None:
    """The free units of a license when the plan is done; None where there is no limit."""
    return None if capacity.free is None else capacity.free - capacity.adds + capacity.removes
