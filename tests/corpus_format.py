"""The format of tests/corpus: dataclasses and a strict reader, without any part of allot.

The same files run through core and through HTTP, so nothing here knows who runs them.
tests/corpus/README.md describes the format for people.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "corpus"
STATUSES = (200, 206, 400)
#: the one person whom a case is about, and everybody else
PERSON = "person"
SOMEONE = "someone"


@dataclass(frozen=True, slots=True)
class LicenseSpec:
    """One license of the organization; `used` counts everybody's units, the person's own included."""

    offer: str
    used: int = 0
    total: int = 10
    policy: str = "strict"
    site: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class NumberSpec:
    """One phone number of the inventory; `owner` is PERSON, SOMEONE or nobody."""

    location: str
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class CallingSpec:
    """Where a person is reached."""

    location: str
    number: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """What the person holds before the request; of an external person it may still be pending."""

    licenses: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    calling: CallingSpec | None = None
    external: bool = False


@dataclass(frozen=True, slots=True)
class SituationSpec:
    """An organization and one person: licenses by short key, in the order of the organization's list."""

    licenses: dict[str, LicenseSpec]
    person: PersonSpec = PersonSpec()
    #: site url -> whether it has the attendee feature
    sites: dict[str, bool] = field(default_factory=dict)
    locations: tuple[str, ...] = ()
    numbers: dict[str, NumberSpec] = field(default_factory=dict)
    #: (location, extension) -> PERSON or SOMEONE
    extensions: dict[tuple[str, str], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PropertiesSpec:
    """The calling properties of one license of a request."""

    location: str | None = None
    number: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class LicenseAsk:
    """One license to add or remove; a key that the situation does not have is no license of the organization."""

    key: str
    add: bool = True
    properties: PropertiesSpec | None = None


@dataclass(frozen=True, slots=True)
class SiteAsk:
    """One attendee account to add or remove."""

    key: str
    add: bool = True


Ask = LicenseAsk | SiteAsk


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must come back, and what the person must hold afterwards."""

    status: int
    #: key of a license, or url of a site -> id of the rule that refuses it
    refused: dict[str, str]
    #: keys, in the order of the organization's list
    licenses: list[str]
    #: site url -> "attendee" or "host"
    sites: dict[str, str]
    calling: CallingSpec | None


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the corpus."""

    name: str
    description: str
    situation: SituationSpec
    asks: tuple[Ask, ...]
    expect: Expectation


def read_all(folder: Path = FOLDER) -> list[Case]:
    """All cases, by name."""
    return [read(path) for path in sorted(folder.glob("*.json"))]


def read(path: Path) -> Case:
    """One case. Raises ValueError, naming the file, for members that the format does not have."""
    try:
        document = _Table(json.loads(path.read_text(encoding="utf-8")))
        description = document.take("description")
        situation = _situation(document.table("situation"))
        asks = _asks(document.table("request"))
        expect = _expectation(document.table("expect"), situation)
        document.end()
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path.name}: {error}") from error
    return Case(path.stem, description, situation, asks, expect)


class _Table:
    """A JSON object whose members are taken one by one; what is left over at the end is a mistake."""

    def __init__(self, members: dict[str, Any]) -> None:
        self._members = dict(members)

    def take(self, key: str, *default: Any) -> Any:
        return self._members.pop(key, *default)

    def table(self, key: str) -> "_Table":
        return _Table(self._members.pop(key, {}))

    def tables(self, key: str) -> "dict[str, _Table]":
        return {name: _Table(value) for name, value in self._members.pop(key, {}).items()}

    def end(self) -> None:
        if self._members:
            raise ValueError(f"unknown members: {', '.join(self._members)}")


def _situation(table: _Table) -> SituationSpec:
    person = _person(table.table("person"))
    licenses = {key: _license(each, key in person.licenses and not person.external) for key, each in _each(table)}
    sites = {url: site.take("attendees", True) for url, site in table.tables("sites").items()}
    locations = tuple(table.take("locations", []))
    numbers = {
        number: NumberSpec(each.take("location"), each.take("owner", None))
        for number, each in table.tables("numbers").items()
    }
    extensions = {
        (each["location"], each["extension"]): each.get("user", SOMEONE) for each in table.take("extensions", [])
    }
    if person.calling and person.calling.number:
        numbers[person.calling.number] = NumberSpec(person.calling.location, PERSON)
    if person.calling and person.calling.extension:
        extensions[person.calling.location, person.calling.extension] = PERSON
    table.end()
    if not person.licenses <= set(licenses):
        raise ValueError("the person holds a license that the organization does not have")
    return SituationSpec(licenses, person, sites, locations, numbers, extensions)


def _each(table: _Table) -> list[tuple[str, _Table]]:
    return list(table.tables("licenses").items())


def _license(table: _Table, own: bool) -> LicenseSpec:
    spec = LicenseSpec(
        offer=table.take("offer"),
        used=table.take("used", int(own)),
        total=table.take("total", 10),
        policy=table.take("policy", "strict"),
        site=table.take("site", None),
        name=table.take("name", None),
    )
    table.end()
    if spec.used < own:
        raise ValueError("a license that the person holds uses at least one unit")
    return spec


def _person(table: _Table) -> PersonSpec:
    person = PersonSpec(
        licenses=frozenset(table.take("licenses", [])),
        sites=frozenset(table.take("siteUrls", [])),
        calling=_calling(table.take("calling", None)),
        external=table.take("external", False),
    )
    table.end()
    return person


def _calling(members: dict[str, Any] | None) -> CallingSpec | None:
    if members is None:
        return None
    table = _Table(members)
    calling = CallingSpec(table.take("locationId"), table.take("phoneNumber", None), table.take("extension", None))
    table.end()
    return calling


def _asks(table: _Table) -> tuple[Ask, ...]:
    asks: list[Ask] = []
    for members in table.take("licenses", []):
        ask = _Table(members)
        asks.append(LicenseAsk(ask.take("id"), _adds(ask), _properties(ask.take("properties", None))))
        ask.end()
    for members in table.take("siteUrls", []):
        ask = _Table(members)
        if ask.take("accountType") != "attendee":
            raise ValueError("accountType is always attendee")
        asks.append(SiteAsk(ask.take("siteUrl"), _adds(ask)))
        ask.end()
    table.end()
    if not asks or len({ask.key for ask in asks}) < len(asks):
        raise ValueError("a request needs items, and names each of them once")
    return tuple(asks)


def _adds(ask: _Table) -> bool:
    operation = ask.take("operation", "add")
    if operation not in ("add", "remove"):
        raise ValueError(f"operation is {operation}, must be add or remove")
    return bool(operation == "add")


def _properties(members: dict[str, Any] | None) -> PropertiesSpec | None:
    if members is None:
        return None
    table = _Table(members)
    properties = PropertiesSpec(
        table.take("locationId", None), table.take("phoneNumber", None), table.take("extension", None)
    )
    table.end()
    return properties


def _expectation(table: _Table, situation: SituationSpec) -> Expectation:
    expect = Expectation(
        status=table.take("status"),
        refused=table.take("refused", {}),
        licenses=table.take("licenses"),
        sites=table.take("siteUrls", {}),
        calling=_calling(table.take("calling", None)),
    )
    table.end()
    if expect.status not in STATUSES:
        raise ValueError(f"status is {expect.status}, must be one of {STATUSES}")
    if expect.licenses != [key for key in situation.licenses if key in expect.licenses]:
        raise ValueError("expected licenses must be the organization's, in its order")
    return expect
