"""Holdings: what people hold, loaded and saved for a whole batch at a time."""

from collections.abc import Collection
from dataclasses import dataclass, field

from allot.core.holding import Calling, Holding, bits
from allot.core.person import Person
from allot.store.database import Reading, Row, Writing, by_organization

# What most people hold comes with them, as one number: a row for each of their licenses would be most of a batch's
# work. It is null of those who hold what is no bit of it: a high license, a pending one, or an attendee's site.
_HELD_MAX = 62
_BIT = "CAST(1 AS BIGINT) << h.license"
_PERSON = f"""
SELECT p.person_id, p.home_org_id, p.email, p.location_id, p.phone_number, p.extension, (
    SELECT CASE
        WHEN COUNT(*) > COUNT(CASE WHEN h.license < {_HELD_MAX} AND h.pending_until IS NULL THEN 1 END) THEN NULL
        WHEN EXISTS (SELECT 1 FROM attendees a WHERE a.org_id = p.org_id AND a.person_id = p.person_id) THEN NULL
        ELSE CAST(COALESCE(SUM(CASE WHEN h.license < {_HELD_MAX} THEN {_BIT} ELSE 0 END), 0) AS BIGINT)
    END FROM holdings h WHERE h.org_id = p.org_id AND h.person_id = p.person_id
)
FROM people p WHERE p.org_id = $1 AND p.{{key}} IN LIST($2)
"""
_BY_ID = _PERSON.format(key="person_id")
_BY_EMAIL = _PERSON.format(key="email")
_LICENSES = "SELECT person_id, license, pending_until FROM holdings WHERE org_id = $1 AND person_id IN LIST($2)"
_SITES = "SELECT person_id, site_url, pending_until FROM attendees WHERE org_id = $1 AND person_id IN LIST($2)"
_GIVEN = "SELECT license, given FROM holdings WHERE org_id = $1 AND person_id = $2"

_GIVE = "INSERT INTO holdings (org_id, person_id, license, pending_until, given) VALUES ($1, $2, $3, $4, $5)"
_TAKE = "DELETE FROM holdings WHERE org_id = $1 AND person_id = $2 AND license = $3"
_ATTEND = "INSERT INTO attendees (org_id, person_id, site_url, pending_until) VALUES ($1, $2, $3, $4)"
_LEAVE = "DELETE FROM attendees WHERE org_id = $1 AND person_id = $2 AND site_url = $3"
_UNREACH = "UPDATE people SET phone_number = NULL, extension = NULL WHERE org_id = $1 AND person_id = $2"
_REACH = """
UPDATE people SET location_id = $3, phone_number = $4, extension = $5, last_modified = $6
WHERE org_id = $1 AND person_id = $2
"""
_COUNT = """
UPDATE licenses SET consumed_by_users = consumed_by_users + $3 WHERE org_id = $1 AND license = $2
"""

#: (organization id, person id or email)
Key = tuple[str, str]


def expect(reading: Reading, ids: Collection[Key]) -> None:
    """Say that `load` is asked for these ids next."""
    reading.expect(_BY_ID, by_organization(ids))


async def load(
    reading: Reading, ids: Collection[Key], emails: Collection[Key], now: str
) -> tuple[dict[Key, Person], dict[Key, Person]]:
    """The people of these ids and emails (in lower case), with what they hold; by id and by email.

    Invitations that have run out by `now` are not held any more.
    """
    people: dict[Key, Person] = {}
    more: dict[Key, Person] = {}
    for statement, wanted in ((_BY_ID, ids), (_BY_EMAIL, emails)):
        keys = by_organization(wanted)
        for (org_id, _), found in zip(keys, await reading.each(statement, keys), strict=True):
            _meet(people, more, org_id, found)
    await fill(reading, more, now)
    return people, {(person.org_id, person.email): person for person in people.values()}


def _meet(people: dict[Key, Person], more: dict[Key, Person], org_id: str, found: list[Row]) -> None:
    """Add those who are not there yet (somebody may be found by id and by email), to `more` whose licenses are not."""
    for person_id, home, email, location, number, extension, held in found:
        key = (org_id, person_id)
        if key not in people:
            calling = Calling(location, number, extension) if location else None
            people[key] = Person(org_id, person_id, home, email, Holding(held or 0, frozenset(), calling))
            if held is None:
                more[key] = people[key]


async def fill(reading: Reading, people: dict[Key, Person], now: str) -> None:
    """Add to people who hold nothing yet the licenses and sites that they hold."""
    keys = by_organization(people)
    for (org_id, _), found in zip(keys, await reading.each(_LICENSES, keys), strict=True):
        _hold(people, org_id, found, now)
    for (org_id, _), found in zip(keys, await reading.each(_SITES, keys), strict=True):
        _attend(people, org_id, found, now)


def _hold(people: dict[Key, Person], org_id: str, found: list[Row], now: str) -> None:
    held: dict[str, int] = {}
    for person_id, license, until in found:
        if until is not None:
            if until <= now:
                people[org_id, person_id].lapsed_licenses |= 1 << license
                continue
            people[org_id, person_id].pending_licenses |= 1 << license
        held[person_id] = held.get(person_id, 0) | 1 << license
    for person_id, licenses in held.items():
        person = people[org_id, person_id]
        person.holding = Holding(licenses, person.holding.attendee, person.holding.calling)


def _attend(people: dict[Key, Person], org_id: str, found: list[Row], now: str) -> None:
    for person_id, site_url, until in found:
        person = people[org_id, person_id]
        if until is not None and until <= now:
            person.lapsed_sites |= {site_url}
        else:
            person.holding = person.holding._replace(attendee=person.holding.attendee | {site_url})
            if until is not None:
                person.pending_sites |= {site_url}


@dataclass(slots=True)
class Changes:
    """The difference that a batch makes, gathered person by person and saved set-wise."""

    give: list[tuple[str, str, int, str | None, str]] = field(default_factory=list)
    take: list[tuple[str, str, int]] = field(default_factory=list)
    attend: list[tuple[str, str, str, str | None]] = field(default_factory=list)
    leave: list[tuple[str, str, str]] = field(default_factory=list)
    reach: dict[Key, tuple[str | None, ...]] = field(default_factory=dict)
    count: dict[tuple[str, int], int] = field(default_factory=dict)

    def gather(self, person: Person, before: Holding, pending: int, times: tuple[str, str | None]) -> None:
        """Add what turns `before`, with these licenses pending, into what the person holds.

        `times` are now, and until when new things are pending, None where they are not.
        """
        org_id, person_id, after = person.org_id, person.id, person.holding
        now, pending_until = times
        # What was taken and given again is not as it was: it is pending, from now on.
        staying = before.licenses & after.licenses & ~person.renewed_licenses
        for license in bits(after.licenses & ~staying):
            self.give.append((org_id, person_id, license, pending_until, now))
            if pending_until is None:
                self._count(org_id, license, 1)
        for license in bits(before.licenses & ~staying):
            self.take.append((org_id, person_id, license))
            if not pending >> license & 1:
                self._count(org_id, license, -1)
        if person.lapsed_licenses:
            self.take += [(org_id, person_id, license) for license in bits(person.lapsed_licenses)]
        if before.attendee != after.attendee or person.lapsed_sites or person.renewed_sites:
            sites = before.attendee & after.attendee - person.renewed_sites
            self.attend += [(org_id, person_id, url, pending_until) for url in after.attendee - sites]
            self.leave += [(org_id, person_id, url) for url in before.attendee - sites | person.lapsed_sites]
        if before.calling != after.calling:
            calling = after.calling
            place = (calling.location_id, calling.phone_number, calling.extension) if calling else (None, None, None)
            self.reach[org_id, person_id] = (*place, now)

    def _count(self, org_id: str, license: int, by: int) -> None:
        self.count[org_id, license] = self.count.get((org_id, license), 0) + by


async def save(writing: Writing, changes: Changes) -> None:
    """Write a batch's changes and the counters that follow from them."""
    # What is taken goes first: a number or an invitation that ran out may be given again.
    await writing.many(_TAKE, changes.take)
    await writing.many(_GIVE, changes.give, apart=True)
    await writing.many(_LEAVE, changes.leave)
    await writing.many(_ATTEND, changes.attend)
    await writing.many(_UNREACH, list(changes.reach))
    await writing.many(_REACH, [(*key, *place) for key, place in changes.reach.items()])
    await writing.many(_COUNT, [(*key, count) for key, count in changes.count.items() if count])


async def given(reading: Reading, org_id: str, person_id: str) -> dict[int, str]:
    """When a person was given what they hold, by the number of the license; '' where that is not known."""
    return {row[0]: row[1] for row in await reading.rows(_GIVEN, org_id, person_id)}
