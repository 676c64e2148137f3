"""Searches: finding people, with all that is shown of them."""

from collections.abc import Collection
from dataclasses import dataclass, field

from allot.core.failure import Failure
from allot.core.fault import Fault
from allot.core.organization import Organization
from allot.core.person import Person, Profile, name_key, name_range
from allot.service.context import Context
from allot.store import organizations
from allot.store import people as store
from allot.store.database import Reading
from allot.store.holdings import fill
from allot.store.people import Found, Range

#: a person's place in the order of names: name key and id
Place = tuple[str, str]

NOT_KNOWN = "personId: the person is not known to this organization"


@dataclass(slots=True, eq=False)
class Seen:
    """A person as a request found or left them."""

    organization: Organization
    person: Person
    profile: Profile
    #: of the person's location
    routing_prefix: str | None = None
    #: why licenses and sites that a request asked for were refused
    faults: list[Fault] = field(default_factory=list)

    @property
    def location(self) -> tuple[str, str] | None:
        """Organization and location where the person uses calling."""
        calling = self.person.holding.calling
        return (self.person.org_id, calling.location_id) if calling else None


@dataclass(frozen=True, slots=True)
class Search:
    """Which people to find; whatever is not None narrows it down."""

    org_id: str
    limit: int
    email: str | None = None
    #: beginning of the display name, in any letter case
    name: str | None = None
    ids: tuple[str, ...] | None = None
    #: any of these
    roles: tuple[str, ...] | None = None
    location_id: str | None = None
    #: the last person of the page before
    after: Place | None = None


async def find(reading: Reading, context: Context, search: Search) -> tuple[list[Seen], Place | None]:
    """A page of people in the order of their names, and where the next page begins when there is one."""
    if search.email is None and search.ids is None and search.roles is None:
        first, end = name_range(search.name or "")
        after = max((first, ""), search.after or ("", ""))
        part = Range(search.org_id, after, end, search.limit + 1, search.location_id or "")
        found = await store.page(reading, part)
    else:
        found = await _few(reading, search)
    shown = found[: search.limit]
    last = _place(shown[-1]) if len(found) > len(shown) else None
    return await _seen(reading, context, search.org_id, shown), last


async def _few(reading: Reading, search: Search) -> list[Found]:
    """All people of a search that can find only a few, in order: by email, by ids, or by roles."""
    org_id, keys = search.org_id, {(search.org_id, id) for id in search.ids or ()}
    if search.roles is not None:
        holders = await store.with_roles(reading, org_id, search.roles)
        keys = holders if search.ids is None else keys & holders
    if search.email is None:
        found = await store.by_ids(reading, keys)
    else:
        found = await store.by_email(reading, org_id, search.email)
        if search.ids is not None or search.roles is not None:
            found = [each for each in found if _key(each[0]) in keys]
    return sorted((each for each in found if _fits(each, search)), key=_place)


def _fits(found: Found, search: Search) -> bool:
    """Whether someone has the name and the location that are searched, and is on no earlier page."""
    calling = found[0].holding.calling
    return (
        name_key(found[1].display_name).startswith(name_key(search.name or ""))
        and (search.location_id is None or (calling is not None and calling.location_id == search.location_id))
        and (search.after is None or _place(found) > search.after)
    )


def _place(found: Found) -> Place:
    return name_key(found[1].display_name), found[0].id


async def get(reading: Reading, context: Context, org_id: str, person_id: str) -> Seen:
    """One person. Raises Failure when the organization does not know them."""
    found, _ = await find(reading, context, Search(org_id, 1, ids=(person_id,)))
    if not found:
        raise Failure.not_found(NOT_KNOWN)
    return found[0]


async def organization_of(reading: Reading, org_id: str, *, person_id: str = "", email: str = "") -> str:
    """The organization, of this one and those that it manages, that knows a person; this one when none does."""
    if person_id:
        known = await store.by_ids(reading, [(org_id, person_id)])
    else:
        known = await store.by_email(reading, org_id, email)
    if known:
        return org_id
    managed = await store.managed_with(reading, org_id, person_id=person_id, email=email)
    return managed or org_id


async def _seen(reading: Reading, context: Context, org_id: str, found: list[Found]) -> list[Seen]:
    """Found people with their roles and what they hold, one statement a table."""
    if not found:
        return []
    await fill(reading, {_key(person): person for person, _ in found}, context.stamp())
    await store.add_roles(reading, {_key(person): profile for person, profile in found})
    organization = (await organizations.load(reading, context.rulebook.offers, [org_id], sites=False))[org_id]
    seen = [Seen(organization, person, profile) for person, profile in found]
    await add_prefixes(reading, seen)
    return seen


async def add_prefixes(reading: Reading, seen: Collection[Seen]) -> None:
    """Add the routing prefixes of the people's locations."""
    prefixes = await store.routing_prefixes(reading, {each.location for each in seen if each.location})
    for each in seen:
        each.routing_prefix = prefixes.get(each.location) if each.location else None


def _key(person: Person) -> tuple[str, str]:
    return person.org_id, person.id
