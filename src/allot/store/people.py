"""People: finding them, and the rows of their profiles. What they hold is in `holdings`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from allot.core.holding import Calling, Holding
from allot.core.person import Person, Profile, name_key
from allot.store.database import Reading, Row, Writing, by_organization, one, texts
from allot.store.holdings import Key

_PERSON = """
SELECT p.org_id, p.person_id, p.home_org_id, p.email, p.location_id, p.phone_number, p.extension,
       p.display_name, p.created, p.last_modified, p.details
FROM {people}
"""
_BY_ID = _PERSON.format(people="people p WHERE p.org_id = $1 AND p.person_id IN LIST($2)")
_BY_EMAIL = _PERSON.format(people="people p WHERE p.org_id = $1 AND p.email = $2")

# A page reads as many rows of an index as it shows.
_PAGE = """
WHERE p.org_id = $1 AND (p.name_key, p.person_id) > ($2, $3) AND p.name_key < $4 {only}
ORDER BY p.name_key, p.person_id LIMIT $5
"""
_BY_NAME = _PERSON.format(people="people p") + _PAGE.format(only="")
_BY_LOCATION = _PERSON.format(people="people p") + _PAGE.format(only="AND p.location_id = $6")
_WITH_ROLES = "SELECT person_id FROM roles WHERE org_id = $1 AND role_id IN LIST($2)"
_ROLES = """
SELECT org_id, person_id, role_id FROM roles WHERE org_id = $1 AND person_id IN LIST($2) ORDER BY role_id
"""
_PREFIXES = """
SELECT org_id, location_id, routing_prefix FROM locations WHERE org_id = $1 AND location_id IN LIST($2)
"""
# Of several organizations that know the person, the home comes first.
_MANAGED = """
SELECT p.org_id FROM organizations o CROSS JOIN people p
WHERE o.manager_id = $1 AND p.org_id = o.org_id AND p.{key} = $2
ORDER BY CASE WHEN p.home_org_id = p.org_id THEN 0 ELSE 1 END, p.org_id LIMIT 1
"""
_MANAGED_BY_ID = _MANAGED.format(key="person_id")
_MANAGED_BY_EMAIL = _MANAGED.format(key="email")

_HOMES = "SELECT p.email, p.org_id FROM people p WHERE p.email IN LIST($1) AND p.home_org_id = p.org_id"
_CREATE = """
INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created, last_modified)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_UPDATE = """
UPDATE people SET email = $3, display_name = $4, name_key = $5, details = $6, last_modified = $7
WHERE org_id = $1 AND person_id = $2
"""
_DELETE = "DELETE FROM people WHERE org_id = $1 AND person_id = $2"
_GIVE_ROLE = "INSERT INTO roles (org_id, person_id, role_id) VALUES ($1, $2, $3)"
_TAKE_ROLES = "DELETE FROM roles WHERE org_id = $1 AND person_id = $2"

#: a person without what they hold, and their profile without roles
Found = tuple[Person, Profile]


@dataclass(frozen=True, slots=True)
class Range:
    """A part of an organization's people, in the order of their names."""

    org_id: str
    #: name key and person id after which it begins
    after: tuple[str, str]
    #: the name key before which it ends
    end: str
    limit: int
    #: people of this location; everybody when empty
    location_id: str = ""


async def page(reading: Reading, wanted: Range) -> list[Found]:
    """The people of a range, at most `limit`."""
    common = (wanted.org_id, *wanted.after, wanted.end, wanted.limit)
    if wanted.location_id:
        return [_read(row) for row in await reading.rows(_BY_LOCATION, *common, wanted.location_id)]
    return [_read(row) for row in await reading.rows(_BY_NAME, *common)]


async def by_ids(reading: Reading, keys: Collection[Key]) -> list[Found]:
    """The people of these (organization id, person id); unknown ones are left out."""
    return [_read(row) for found in await reading.each(_BY_ID, by_organization(keys)) for row in found]


async def with_roles(reading: Reading, org_id: str, roles: Collection[str]) -> set[Key]:
    """The (organization id, person id) of all who have any of these roles."""
    return {(org_id, person_id) for (person_id,) in await reading.rows(_WITH_ROLES, org_id, texts(roles))}


async def by_email(reading: Reading, org_id: str, email: str) -> list[Found]:
    """The person with this email, in lower case; at most one."""
    return [_read(row) for row in await reading.rows(_BY_EMAIL, org_id, email)]


async def managed_with(reading: Reading, partner_id: str, *, person_id: str = "", email: str = "") -> str | None:
    """The organization, among those that the partner manages, that knows this id, else this email."""
    statement, value = (_MANAGED_BY_ID, person_id) if person_id else (_MANAGED_BY_EMAIL, email)
    row = await one(reading, statement, partner_id, value)
    return row[0] if row else None


async def add_roles(reading: Reading, profiles: dict[Key, Profile]) -> None:
    """Add their roles to profiles that have none yet."""
    for found in await reading.each(_ROLES, by_organization(profiles)):
        for org_id, person_id, role_id in found:
            profiles[org_id, person_id].roles.append(role_id)


async def routing_prefixes(reading: Reading, locations: Collection[Key]) -> dict[Key, str | None]:
    """The routing prefix of each of these (organization id, location id)."""
    found = await reading.each(_PREFIXES, by_organization(locations))
    return {(org_id, location_id): prefix for rows in found for org_id, location_id, prefix in rows}


async def create(writing: Writing, new: Sequence[Found]) -> None:
    """Write new people with their roles; what they hold is saved as a change of their holding."""
    await writing.many(
        _CREATE,
        [
            (*_key(person), person.home_org_id, *_columns(person, profile)[:-1], profile.created, profile.last_modified)
            for person, profile in new
        ],
    )
    await writing.many(_GIVE_ROLE, [(*_key(person), role) for person, profile in new for role in profile.roles])


async def update(writing: Writing, changed: Sequence[Found]) -> None:
    """Write the profiles of people that exist."""
    await writing.many(_UPDATE, [(*_key(person), *_columns(person, profile)) for person, profile in changed])


async def set_roles(writing: Writing, changed: Sequence[Found]) -> None:
    """Make these people's roles what their profiles say."""
    await writing.many(_TAKE_ROLES, [_key(person) for person, _ in changed])
    await writing.many(_GIVE_ROLE, [(*_key(person), role) for person, profile in changed for role in profile.roles])


async def delete(writing: Writing, keys: Sequence[Key]) -> None:
    """Remove people who hold nothing any more; their roles and tokens go with them."""
    await writing.many(_DELETE, keys)


def _read(row: Row) -> Found:
    org_id, person_id, home, email, location, number, extension, name, created, modified, details = row
    calling = Calling(location, number, extension) if location else None
    person = Person(org_id, person_id, home, email, Holding(0, frozenset(), calling))
    return person, Profile(name, created, modified, msgspec.json.decode(details))


def _key(person: Person) -> Key:
    return person.org_id, person.id


def _columns(person: Person, profile: Profile) -> tuple[str, ...]:
    details = msgspec.json.encode(profile.details).decode()
    return person.email, profile.display_name, name_key(profile.display_name), details, profile.last_modified


async def homes(reading: Reading, emails: Collection[str]) -> dict[str, set[str]]:
    """The organizations whose own people have these emails (in lower case), in all of the database."""
    found: dict[str, set[str]] = {}
    for email, org_id in await reading.rows(_HOMES, texts(emails)):
        found.setdefault(email, set()).add(org_id)
    return found
