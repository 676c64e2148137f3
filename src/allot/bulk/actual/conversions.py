"""What an API answers, as records of a snapshot.

Told and not told: a token that sees no licenses sees nothing else of an administrator's either, so that what is
absent there is unknown. To administrators Webex shows what there is, and leaves out what there is not. Two members are
left out for other reasons as well: calling details while they are set up (who has a calling license and no location is
unknown), and the last activity (unknown, but for people who never signed in).
"""

from collections.abc import Callable, Iterable

from msgspec import UNSET, UnsetType

from allot.bulk.actual.snapshots import Calling, Extension, License, Location, Number, Person
from allot.client import shapes
from allot.core import ids

_ATTENDEE = "#attendee"
#: the type of a number's owner who is one of the people
PERSON = "PEOPLE"
#: people who have not signed in yet. Source: Cisco's schema of Person, `status`
_PENDING = "pending"


def license(told: shapes.License) -> License:
    """A license as a record."""
    return License(
        ids.decode("LICENSE", told.id) or told.id,
        told.name,
        told.total_units,
        told.consumed_units,
        told.consumed_by_users,
        told.consumed_by_workspaces,
        told.subscription_id,
        told.site_url,
        told.site_type,
    )


def locations(told: Iterable[shapes.Location], calling: list[shapes.TelephonyLocation] | None) -> list[Location]:
    """Locations as records; `calling` are those where calling is set up, None when that is not known."""
    known = {_location_id(each.id): each for each in calling or ()}
    found = []
    for each in told:
        id = _location_id(each.id)
        setup = known.get(id)
        prefix = setup.routing_prefix if setup else None
        found.append(Location(id, each.name, UNSET if calling is None else setup is not None, prefix or None))
    return found


def numbers(told: Iterable[shapes.Number]) -> list[Number]:
    """The phone numbers of a page as records; what is an extension only is none."""
    found = []
    for each in told:
        if each.phone_number and each.location:
            owner = each.owner or shapes.NumberOwner()
            owner_id = (ids.decode(owner.type or PERSON, owner.id) or owner.id) if owner.id else None
            found.append(Number(each.phone_number, _location_id(each.location.id), owner_id, owner.type))
    return found


def extensions(told: Iterable[shapes.Number]) -> list[Extension]:
    """The extensions of a page of numbers as records; those of people are told with the people."""
    found = []
    for each in told:
        owner = each.owner
        if each.extension and each.location and owner and owner.id and owner.type and owner.type != PERSON:
            at = _location_id(each.location.id)
            found.append(Extension(each.extension, at, ids.decode(owner.type, owner.id) or owner.id, owner.type))
    return found


def parks(told: Iterable[shapes.CallPark]) -> list[Extension]:
    """The extensions of call parks as records."""
    kind = "CALL_PARK_EXTENSION"
    return [
        Extension(each.extension, _location_id(each.location_id), ids.decode(kind, each.id) or each.id, kind)
        for each in told
    ]


class People:
    """Makes records of people.

    `licenses`: the list that records call licenses by their places in; ids that it lacks are added to `met`, which goes
    on where the list ends. `calling` says of a license whether it is one of Webex Calling.
    """

    def __init__(
        self, org_id: str, licenses: list[License], locations: list[Location], calling: Callable[[License], bool]
    ) -> None:
        self.met: list[str] = []
        self._org_id = org_id
        self._places = {each.id: place for place, each in enumerate(licenses)}
        #: the same by what the wire calls them
        self._wire: dict[str, int] = {}
        self._calling = {place for place, each in enumerate(licenses) if calling(each)}
        self._prefixes = {each.id: each.routing_prefix for each in locations}

    def record(self, told: shapes.Person) -> Person:
        """One person as a record."""
        places = self._licenses(told.licenses)
        admin = places is not UNSET
        return Person(
            ids.decode("PEOPLE", told.id) or told.id,
            told.emails[0].strip().lower() if told.emails else "",
            told.display_name,
            places,
            _attendee(told.site_urls, admin=admin),
            self._reached(told, places),
            _is_another(told.org_id, self._org_id),
            _known(told.department, admin=admin),
            None if told.status == _PENDING else told.last_activity or UNSET,
            told.status,
        )

    def _licenses(self, told: list[str] | UnsetType | None) -> list[int] | UnsetType:
        if told is UNSET:
            return UNSET
        places = self._wire
        return sorted({places[id] if id in places else self._place(id) for id in told or ()})

    def _place(self, wire_id: str) -> int:
        id = ids.decode("LICENSE", wire_id) or wire_id
        if id not in self._places:
            self._places[id] = len(self._places)
            self.met.append(id)
        place = self._wire[wire_id] = self._places[id]
        return place

    def _reached(self, told: shapes.Person, places: list[int] | UnsetType) -> Calling | UnsetType | None:
        if not told.location_id:
            unknown = places is UNSET or not self._calling.isdisjoint(places)
            return UNSET if unknown else None
        location_id = _location_id(told.location_id)
        values = {each.type: each.value for each in reversed(told.phone_numbers or ())}
        extension = told.extension or None
        if extension is None and (whole := values.get("work_extension")):
            extension = whole.removeprefix(self._prefixes.get(location_id) or "") or whole
        return Calling(location_id, values.get("work") or None, extension)


def _location_id(wire_id: str) -> str:
    return ids.decode("LOCATION", wire_id) or wire_id


def _is_another(told: str | UnsetType, org_id: str) -> bool:
    """Whether a person's organization is told and another one."""
    return told is not UNSET and (ids.decode("ORGANIZATION", told) or told) != org_id


def _attendee(told: list[str] | UnsetType | None, *, admin: bool) -> list[str] | UnsetType:
    if told is UNSET:
        return [] if admin else UNSET
    return sorted(url.removesuffix(_ATTENDEE) for url in told or () if url.endswith(_ATTENDEE))


def _known(told: str | UnsetType | None, *, admin: bool) -> str | UnsetType | None:
    if told is UNSET:
        return None if admin else UNSET
    return told or None
