"""Numbers: the inventory of an organization, and the extensions that have no number.

A list has two parts, one after the other, each in the order of an index, so that a page costs what it
shows: phone numbers, then extensions without one; or all that has an extension, then the rest.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

import msgspec

from allot.core.number import ListedNumber, NumberCount, NumberFilter, Owner
from allot.store import locations
from allot.store.database import Reading, Row, Writing, texts

BY_NUMBER = "dn"
BY_EXTENSION = "extension"

#: where a page begins: the part, and the keys of the last row that was shown
After = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a list: its place, where its rows come from, and what orders them."""

    place: int
    select: str
    tables: str
    where: str
    order: tuple[str, ...]
    location: str
    #: the people that filters by owner look at
    owner: str = "p"

    def only(self, condition: str, place: int) -> "_Part":
        """The rows of this part that fit, in another place."""
        return replace(self, where=f"{self.where} AND {condition}", place=place)


# SQLite takes an organization for small and would walk all of its rows in their order. Where few of them are wanted,
# it begins with those: `k` is read from an index alone, and `CROSS JOIN` keeps the tables in the order of the text.
_WHO = "LEFT JOIN people p ON p.org_id = n.org_id AND p.phone_number = n.phone_number"
_NUMBERS = _Part(
    0,
    "SELECT n.location_id, n.phone_number, p.extension, n.state, n.number_type, n.main, n.service, "
    "p.person_id, p.display_name, p.details",
    f"numbers n {_WHO}",
    "n.org_id = $1",
    ("n.phone_number",),
    "n.location_id",
)
_NUMBERS_THERE = replace(
    _NUMBERS,
    tables=f"numbers k CROSS JOIN numbers n {_WHO}",
    where="k.org_id = $1 AND n.org_id = k.org_id AND n.phone_number = k.phone_number",
    order=("k.phone_number",),
    location="k.location_id",
)
_NUMBERS_OWNED = replace(
    _NUMBERS,
    tables="people k CROSS JOIN people p CROSS JOIN numbers n",
    where="k.org_id = $1 AND p.org_id = k.org_id AND p.person_id = k.person_id "
    "AND n.org_id = p.org_id AND n.phone_number = p.phone_number",
    owner="k",
)
_WHAT = "LEFT JOIN numbers n ON n.org_id = p.org_id AND n.phone_number = p.phone_number"
_EXTENSIONS = _Part(
    0,
    "SELECT p.location_id, p.phone_number, p.extension, COALESCE(n.state, 'ACTIVE'), COALESCE(n.number_type, 'DID'), "
    "COALESCE(n.main, 0), COALESCE(n.service, 0), p.person_id, p.display_name, p.details",
    f"people p {_WHAT}",
    "p.org_id = $1 AND p.extension IS NOT NULL",
    ("p.extension", "p.location_id"),
    "p.location_id",
)
_EXTENSIONS_THERE = replace(
    _EXTENSIONS,
    tables=f"people k CROSS JOIN people p {_WHAT}",
    where="k.org_id = $1 AND p.org_id = k.org_id AND p.person_id = k.person_id AND p.extension IS NOT NULL",
    location="k.location_id",
)

_FIND = f"{_NUMBERS.select} FROM {_NUMBERS.tables} WHERE {_NUMBERS.where} AND n.phone_number IN LIST($2)"
_OF_PERSON = f"{_EXTENSIONS.select} FROM {_EXTENSIONS.tables} WHERE p.org_id = $1 AND p.person_id = $2"
_HOW_MANY = "SELECT COUNT(*)"
_COUNT = """
SELECT COUNT(*), SUM(CASE WHEN state = 'INACTIVE' THEN 1 ELSE 0 END),
       SUM(CASE WHEN number_type = 'TOLLFREE' THEN 1 ELSE 0 END),
       SUM(CASE WHEN number_type = 'MOBILE' THEN 1 ELSE 0 END), SUM(service)
FROM numbers WHERE org_id = $1
"""
_COUNT_ASSIGNED = "SELECT COUNT(*) FROM people WHERE org_id = $1 AND phone_number IS NOT NULL"
_COUNT_LONE = "SELECT COUNT(*) FROM people WHERE org_id = $1 AND extension IS NOT NULL AND phone_number IS NULL"

_INSERT = """
INSERT INTO numbers (org_id, phone_number, location_id, state, number_type, service) VALUES ($1, $2, $3, $4, $5, $6)
"""
_DELETE = "DELETE FROM numbers WHERE org_id = $1 AND phone_number = $2"
_SWITCH = "UPDATE numbers SET state = $3 WHERE org_id = $1 AND phone_number = $2"


async def page(
    reading: Reading, org_id: str, wanted: NumberFilter, order: str, after: After | int, size: int
) -> list[ListedNumber]:
    """Entries of a list, from the one after `after`; a number skips that many from the beginning."""
    found: list[Row] = []
    skip = after if isinstance(after, int) else 0
    for part in _parts(wanted, order):
        beyond = None if isinstance(after, int) else after
        if beyond is not None and part.place < beyond[0]:
            continue
        source, parameters = _source(part, org_id, wanted, beyond)
        here = await _rows(reading, part, source, parameters, (size - len(found), skip))
        if skip:
            skip = 0 if here else skip - await _count(reading, source, parameters)
        found += here
        if len(found) >= size:
            break
    return await _listed(reading, org_id, found)


def after_of(number: ListedNumber, order: str) -> After:
    """Where the page after this entry begins."""
    by_extension = order == BY_EXTENSION
    if number.phone_number is not None and not (by_extension and number.extension):
        return (1 if by_extension else 0), number.phone_number, ""
    return (0 if by_extension else 1), number.extension or "", number.location.id


def _parts(wanted: NumberFilter, order: str) -> Iterator[_Part]:
    owned = wanted.extension is not None or wanted.owner_id is not None or wanted.owner_names is not None
    there = wanted.location_id is not None
    numbers = _NUMBERS_OWNED if owned else _NUMBERS_THERE if there else _NUMBERS
    extensions = _EXTENSIONS_THERE if there and not owned else _EXTENSIONS
    lone = "p.phone_number IS NULL"
    if order == BY_EXTENSION:
        if not wanted.lone_extensions:
            yield extensions.only("p.phone_number IS NOT NULL", 0)
        else:
            yield extensions if wanted.numbers else extensions.only(lone, 0)
        if wanted.numbers:
            yield numbers.only("p.extension IS NULL", 1)
        return
    if wanted.numbers:
        yield numbers
    if wanted.lone_extensions:
        yield extensions.only(lone, 1)


def _source(part: _Part, org_id: str, wanted: NumberFilter, beyond: After | None) -> tuple[str, list[object]]:
    """Where a part's wanted rows come from, and the parameters of it."""
    parameters: list[object] = [org_id]
    conditions = [part.where]

    def add(condition: str, *values: object) -> None:
        places = range(len(parameters) + 1, len(parameters) + 1 + len(values))
        parameters.extend(values)
        conditions.append(condition.format(*(f"${place}" for place in places)))

    for condition, value in (
        (f"{part.location} = {{}}", wanted.location_id),
        ("n.phone_number = {}", wanted.phone_number),
        (f"{part.owner}.extension = {{}}", wanted.extension),
        (f"{part.owner}.person_id = {{}}", wanted.owner_id),
        ("n.state = {}", wanted.state),
    ):
        if value is not None:
            add(condition, value)
    if wanted.owner_names is not None:
        add(f"{part.owner}.name_key >= {{}} AND {part.owner}.name_key < {{}}", *wanted.owner_names)
    if wanted.types is not None:
        places = ", ".join("{}" for _ in wanted.types)
        add(f"COALESCE(n.number_type, 'DID') IN ({places})" if places else "1 = 0", *wanted.types)
    if wanted.service is not None:
        add("n.service = {}", int(wanted.service))
    if wanted.assigned is not None:
        add(f"p.person_id IS {'NOT ' if wanted.assigned else ''}NULL")
    if beyond is not None and beyond[0] == part.place:
        keys = beyond[1 : 1 + len(part.order)]
        add(f"({', '.join(part.order)}) > ({', '.join('{}' for _ in keys)})", *keys)
    return f"{part.tables} WHERE {' AND '.join(conditions)}", parameters


async def _rows(
    reading: Reading, part: _Part, source: str, parameters: Sequence[object], limits: tuple[int, int]
) -> list[Row]:
    size, skip = len(parameters) + 1, len(parameters) + 2
    sql = f"{part.select} FROM {source} ORDER BY {', '.join(part.order)} LIMIT ${size} OFFSET ${skip}"
    return await reading.rows(sql, *parameters, *limits)


async def _count(reading: Reading, source: str, parameters: Sequence[object]) -> int:
    [(number,)] = await reading.rows(f"{_HOW_MANY} FROM {source}", *parameters)
    return int(number)


async def find(reading: Reading, org_id: str, phone_numbers: Collection[str]) -> dict[str, ListedNumber]:
    """Those of these numbers that are in the inventory, by number."""
    found = await reading.rows(_FIND, org_id, texts(phone_numbers)) if phone_numbers else []
    return {number.phone_number or "": number for number in await _listed(reading, org_id, found)}


async def of_person(reading: Reading, org_id: str, person_id: str) -> ListedNumber | None:
    """Number and extension of a person; None when the organization has no such person or they have neither."""
    found = await reading.rows(_OF_PERSON, org_id, person_id)
    listed = await _listed(reading, org_id, [row for row in found if row[0] is not None])
    return listed[0] if listed else None


async def count(reading: Reading, org_id: str) -> NumberCount:
    """How many numbers an organization has; it looks at each."""
    numbers, *kinds = (await reading.rows(_COUNT, org_id))[0]
    [(assigned,)] = await reading.rows(_COUNT_ASSIGNED, org_id)
    [(lone,)] = await reading.rows(_COUNT_LONE, org_id)
    inactive, toll_free, mobile, service = (int(kind or 0) for kind in kinds)
    return NumberCount(numbers, assigned, inactive, toll_free, mobile, service, lone)


async def insert(writing: Writing, org_id: str, numbers: Sequence[ListedNumber]) -> None:
    """Write new numbers, which nobody has."""
    await writing.many(
        _INSERT,
        [
            (org_id, number.phone_number, number.location.id, number.state, number.type, int(number.service))
            for number in numbers
        ],
    )


async def delete(writing: Writing, org_id: str, phone_numbers: Collection[str]) -> None:
    """Delete numbers that nobody has."""
    await writing.many(_DELETE, [(org_id, number) for number in phone_numbers])


async def switch(writing: Writing, org_id: str, phone_numbers: Collection[str], state: str) -> None:
    """Write the state of numbers."""
    await writing.many(_SWITCH, [(org_id, number, state) for number in phone_numbers])


class _Names(msgspec.Struct, rename="camel"):
    """What is read of a person's other members."""

    first_name: str | None = None
    last_name: str | None = None


_names = msgspec.json.Decoder(_Names)


async def _listed(reading: Reading, org_id: str, found: Sequence[Row]) -> list[ListedNumber]:
    places = await locations.load(reading, org_id, {row[0] for row in found})
    return [
        ListedNumber(places[place], number, extension, state, kind, bool(main), bool(service), _owner(*owner))
        for place, number, extension, state, kind, main, service, *owner in found
    ]


def _owner(person_id: str | None, display_name: str, details: str) -> Owner | None:
    if person_id is None:
        return None
    names = _names.decode(details)
    if not names.first_name and not names.last_name:
        return Owner(person_id, display_name, "")
    return Owner(person_id, names.first_name or "", names.last_name or "")
