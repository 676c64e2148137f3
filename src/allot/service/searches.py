"""Searches: finding people, with all that is shown of them."""

import asyncio
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from allot.core.failure import Failure
from allot.core.fault import Fault
from allot.core.organization import Organization
from allot.core.person import Person, Profile, name_key, name_range
from allot.service.context import Context
from allot.store import organizations
from allot.store import people as store
from allot.store import searches as scans
from allot.store.database import Reading
from allot.store.holdings import fill
from allot.store.people import Found, Range
from allot.store.searches import Filter, Place

#: a part of the order of names: the place after which it begins, and the key before which it ends
Part = tuple[Place, str]

# People that one statement looks at, which takes a millisecond or two; then others have their turn.
PIECE = 5_000
# A license of so few holders is searched by them; one of more by the order of names, where they fill a page soon.
FEW = 10_000
# Holders that one statement looks at, each by their key.
KEYS = 1_250
# People that one page looks at before it says how far it came: a tenth of a second.
LOOKED_MAX = 250_000

# A phone number or a part of one, and what people write in between.
_NUMBER = re.compile(r"\+?[0-9]+")
_SPACING = re.compile(r"[ ().-]")

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
    #: calling details were asked for, and there is and was no calling license that they could be of
    uncalled: bool = False

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


@dataclass(frozen=True, slots=True)
class Look:
    """Whom somebody looks for who types; whatever is not None or empty narrows it down.

    The text is, in any letter case, the beginning of the display name or of a word in it, a part of the email or of the
    phone number, or the beginning of the extension.
    """

    org_id: str
    limit: int
    text: str = ""
    #: number of a license that they hold or are invited to
    license: int | None = None
    location_id: str | None = None
    #: whether they are of another organization
    external: bool | None = None
    #: where the page before ended
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


async def look(reading: Reading, context: Context, wanted: Look) -> tuple[list[Seen], Place | None]:
    """A page of people, and where the next one begins when there may be one.

    First come those whose names begin with the text, then the others, each in the order of names. A page looks at a
    bounded number of people, so that it may be short or empty before the end.
    """
    text = name_key(wanted.text).replace("\0", "").strip()
    digits = _SPACING.sub("", text)
    number = digits if _NUMBER.fullmatch(digits) else ""
    now = context.stamp()
    sought = Filter(wanted.org_id, text, number, wanted.license, wanted.location_id, wanted.external, now)
    holders = await _holders(reading, sought)
    parts = _parts(text, wanted.after)
    if holders is None:
        places, last = await _scan(reading, sought, parts, wanted.limit)
    else:
        places = await _sift(reading, sought, parts, holders)
        last = places[wanted.limit - 1] if len(places) > wanted.limit else None
        places = places[: wanted.limit]
    rank = {id: n for n, (_, id) in enumerate(places)}
    found = await store.by_ids(reading, [(wanted.org_id, id) for id in rank])
    found.sort(key=lambda each: rank[each[0].id])
    return await _seen(reading, context, wanted.org_id, found), last


def _parts(text: str, after: Place | None) -> list[Part]:
    """The parts of the order of names that are left to look at, in turn."""
    first, end = name_range(text)
    _, beyond = name_range("")
    parts = [((first, ""), end), (("", ""), first), ((end, ""), beyond)]
    if after is not None:
        # A page that ended in a part goes on there.
        here = next((n for n, ((begin, _), end) in enumerate(parts) if begin <= after[0] < end), len(parts) - 1)
        parts = [(after, parts[here][1]), *parts[here + 1 :]]
    return [(begin, end) for begin, end in parts if begin < (end, "")]


async def _scan(reading: Reading, sought: Filter, parts: list[Part], limit: int) -> tuple[list[Place], Place | None]:
    """The first people of the parts who are looked for, and where the next page begins when there may be one."""
    places: list[Place] = []
    looked = 0
    # Whether somebody holds a license is to be looked for elsewhere, which takes as long again.
    piece = PIECE if sought.license is None else PIECE // 2
    for begin, end in parts:
        place = begin
        while place < (end, ""):
            if looked >= LOOKED_MAX:
                return places, place
            last = await scans.step(reading, sought.org_id, place, end, piece)
            places += await scans.within(reading, sought, place, last, limit + 1 - len(places))
            if len(places) > limit:
                return places[:limit], places[limit - 1]
            place, looked = last, looked + piece
            await asyncio.sleep(0)
    return places, None


async def _holders(reading: Reading, sought: Filter) -> list[str] | None:
    """The ids of those who hold the license or were invited to it, when they are few."""
    if sought.license is None:
        return None
    ids: list[str] = []
    after = ("", "")
    while len(ids) <= FEW:
        page = await scans.holders(reading, sought.org_id, sought.license, after, PIECE // 2)
        ids += [id for _, id in page]
        if len(page) < PIECE // 2:
            return ids
        after = page[-1]
        await asyncio.sleep(0)
    return None


async def _sift(reading: Reading, sought: Filter, parts: list[Part], ids: list[str]) -> list[Place]:
    """Those of these people who are in the parts and are looked for, in the order of the parts."""
    places: list[tuple[int, Place]] = []
    for first in range(0, len(ids), KEYS):
        for place in await scans.among(reading, sought, ids[first : first + KEYS]):
            places += [(n, place) for n, (after, end) in enumerate(parts) if after < place < (end, "")]
        await asyncio.sleep(0)
    return [place for _, place in sorted(places)]


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


async def known(reading: Reading, org_id: str, ids: Collection[str]) -> set[str]:
    """Which of these ids are of people whom the organization knows, whatever else is searched and on whatever page."""
    return {person.id for person, _ in await store.by_ids(reading, [(org_id, id) for id in ids])}


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
