"""Licenses: units used and free per subscription, who has them, and what became of them."""

from typing import NamedTuple

from allot.bulk.shown.bars import Bar, units
from allot.console import journals
from allot.console.visits import PEOPLE, Page, Visit
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.journal import Change
from allot.core.license import OVERAGE, License
from allot.service import audits, licenses
from allot.service import journals as changes
from allot.service.audits import Name
from allot.wire.operation import Reply, Rights
from allot.wire.paging import encode_cursor, read_cursor
from allot.wire.values import read_number

#: what GET /licenses needs
RIGHTS = Rights((scopes.LICENSES_READ,), "read")
#: what GET /people needs to list everybody, and the pages that holders lead to
PEOPLE_RIGHTS = PEOPLE
HOLDERS = 50
CHANGES = 25
#: one in so many units or less is little
LOW = 20
#: what can be looked at alone, and the states that it shows
STATES = {
    "scarce": ("short", "over", "full", "low"),
    "beyond": ("short", "over"),
    "full": ("full",),
    "low": ("low",),
    "unused": ("unused",),
}


class Units(NamedTuple):
    """A license with what is used of it. `left` is negative when more is used than there is."""

    license: License
    bar: Bar | None
    left: int

    @property
    def state(self) -> str:
        """short (more is used than may be), over (as its policy allows), full, low, unused, or nothing of note."""
        if self.license.offer.free:
            return ""
        if self.left < 0:
            return "over" if self.license.policy == OVERAGE else "short"
        if self.left * LOW <= self.license.total_units:
            return "low" if self.left else "full"
        return "" if self.license.consumed_units else "unused"


class History(NamedTuple):
    """A page of who was given a license or lost it, newest first."""

    changes: list[Change]
    #: of those who are still there, by id
    names: dict[str, Name]
    #: the address of the page with older ones; empty at the end
    older: str


async def list_licenses(visit: Visit) -> Reply:
    """All licenses of the organization by subscription, or those of one state; what is beyond its units comes first."""
    only = visit.query["only"]
    if only and only not in STATES:
        raise Failure.invalid(f"only: must be one of {', '.join(STATES)}, or left out")
    counted = [_units(each) for each in await _licenses(visit)]
    groups: dict[str, list[Units]] = {}
    for each in counted:
        if not only or each.state in STATES[only]:
            groups.setdefault(each.license.subscription_id or "", []).append(each)
    return visit.show(
        "licenses.html",
        groups=groups,
        alarms=[each for each in counted if each.state in STATES["beyond"]],
        numbers={name: sum(each.state in states for each in counted) for name, states in STATES.items()},
        whole=len(counted),
        only=only,
    )


async def show_license(visit: Visit) -> Reply:
    """One license: its units, a page of those who hold it, and a page of who was given it or lost it."""
    license_id = ids.decode("LICENSE", visit.path["licenseId"]) or visit.path["licenseId"]
    license = next((each for each in await _licenses(visit) if each.id == license_id), None)
    if license is None:
        raise Failure.not_found("This organization has no such license. It may have been removed")
    after = read_cursor(visit, 2, "next") or ("", "")
    async with visit.service.database.reading() as reading:
        page = await licenses.holders(reading, visit.org_id, license, after, HOLDERS + 1)
    shown = page[:HOLDERS]
    return visit.show(
        "license.html",
        units=_units(license),
        holders=shown,
        more=visit.again(next=encode_cursor(shown[-1].given, shown[-1].person_id)) if len(page) > HOLDERS else "",
        history=await _history(visit, license),
        people=visit.may(PEOPLE_RIGHTS),
    )


async def _history(visit: Visit, license: License) -> History | None:
    """What became of a license, newest first; None for those who may not look at the journal."""
    if not visit.may(journals.RIGHTS):
        return None
    async with visit.service.database.reading() as reading:
        found, older = await changes.of_license(
            reading, visit.org_id, license.number, read_number(visit.query["older"]), CHANGES
        )
        people = {id for each in found for id in (each.person_id, each.actor_id) if id}
        names = await audits.known(reading, visit.org_id, people)
    return History(found, names, visit.again(older=older) + "#history" if older else "")


async def scarce(visit: Visit) -> list[Units]:
    """The licenses that have no unit left."""
    counted = map(_units, await _licenses(visit))
    return [each for each in counted if each.state in STATES["beyond"] + STATES["full"]]


async def _licenses(visit: Visit) -> list[License]:
    async with visit.service.database.reading() as reading:
        found, _ = await licenses.of_organization(reading, visit.service.rulebook, visit.org_id)
    return found


def _units(license: License) -> Units:
    used = license.consumed_units
    bar = None if license.offer.free else units(license.total_units, used, used)
    return Units(license, bar, license.total_units - used)


PAGES = (
    Page("GET", "/licenses", list_licenses, RIGHTS),
    Page("GET", "/licenses/{licenseId}", show_license, RIGHTS),
)
