"""Audits: the journal's entries with the names that Webex's admin audit events show."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from allot.core.journal import Entry, Search
from allot.service import journals
from allot.store import organizations, people
from allot.store.database import Reading


@dataclass(frozen=True, slots=True)
class Name:
    """How a person is shown."""

    display_name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Audit:
    """A page of entries, newest first, with the names of the people in them by id."""

    entries: list[Entry]
    names: dict[str, Name]
    organization: str
    #: whether there are more
    more: bool


async def page(reading: Reading, org_id: str, search: Search, offset: int, limit: int) -> Audit:
    """The entries after the newest `offset`, at most `limit`."""
    found: list[Entry] = []
    below: int | None = None
    while len(found) <= offset + limit:
        entries, below = await journals.page(reading, org_id, search, below, offset + limit + 1 - len(found))
        found += entries
        if below is None:
            break
    shown = found[offset : offset + limit]
    organization = await organizations.name(reading, org_id)
    return Audit(shown, await names(reading, org_id, shown), organization, len(found) > offset + limit)


async def names(reading: Reading, org_id: str, entries: Sequence[Entry]) -> dict[str, Name]:
    """The names of those of the organization who did something in these entries, or whom they are about, by id."""
    return await known(reading, org_id, {id for entry in entries for id in (entry.actor_id, entry.target_id) if id})


async def known(reading: Reading, org_id: str, ids: Collection[str]) -> dict[str, Name]:
    """The names of those of these people whom the organization knows, by id."""
    profiles = {
        (person.org_id, person.id): (person, profile)
        for person, profile in await people.by_ids(reading, [(org_id, id) for id in ids])
    }
    await people.add_roles(reading, {key: profile for key, (_, profile) in profiles.items()})
    return {
        person.id: Name(profile.display_name, person.email, tuple(profile.roles))
        for person, profile in profiles.values()
    }
