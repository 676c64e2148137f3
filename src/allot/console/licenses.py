"""Licenses: units used and free per subscription, who has them, and what became of them."""

from typing import NamedTuple

from allot.bulk.shown.bars import Bar, units
from allot.console.visits import Page, Visit
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.license import OVERAGE, License
from allot.service import licenses
from allot.wire.operation import Reply, Rights
from allot.wire.paging import encode_cursor, read_cursor

#: what GET /licenses needs
RIGHTS = Rights((scopes.LICENSES_READ,), "read")
HOLDERS = 50


class Units(NamedTuple):
    """A license with what is used of it. `left` is negative when more is used than there is."""

    license: License
    bar: Bar | None
    left: int

    @property
    def state(self) -> str:
        """full, over (more is used than there is, as its policy allows), short (as nobody may), or nothing of note."""
        if self.license.offer.free or self.left > 0:
            return ""
        if self.left == 0:
            return "full"
        return "over" if self.license.policy == OVERAGE else "short"


async def list_licenses(visit: Visit) -> Reply:
    """All licenses of the organization by subscription, the scarce ones first to be seen."""
    found = await _licenses(visit)
    groups: dict[str, list[Units]] = {}
    for each in found:
        groups.setdefault(each.subscription_id or "", []).append(_units(each))
    counted = [each for group in groups.values() for each in group]
    alarms = [each for each in counted if each.state in ("over", "short")]
    return visit.show("licenses.html", groups=groups, alarms=alarms, full=[e for e in counted if e.state == "full"])


async def show_license(visit: Visit) -> Reply:
    """One license, with a page of those who hold it."""
    license_id = ids.decode("LICENSE", visit.path["licenseId"]) or visit.path["licenseId"]
    license = next((each for each in await _licenses(visit) if each.id == license_id), None)
    if license is None:
        raise Failure.not_found("This organization has no such license. It may have been removed")
    after = read_cursor(visit, 2, "next") or ("", "")
    async with visit.service.database.reading() as reading:
        page = await licenses.holders(reading, visit.org_id, license, after, HOLDERS + 1)
    shown = page[:HOLDERS]
    more = encode_cursor(shown[-1].given, shown[-1].person_id) if len(page) > HOLDERS else ""
    return visit.show("license.html", units=_units(license), holders=shown, more=more)


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
