"""Snapshots: what an organization had when it was read, as a file of records.

What was not told is unknown and stays apart from none: a member that is absent from a record is unknown, an empty
list or `null` is none. Ids are the last part of Webex's (`core.ids`); licenses are called by their place in the
list of licenses, from 0.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import UNSET, UnsetType

from allot.bulk.files import File, FileFault


class Head(msgspec.Struct, rename="camel", omit_defaults=True):
    """Whose snapshot it is, where it was read, and when (ISO-8601 UTC)."""

    org_id: str
    org_name: str
    #: the address of the API, as `http://127.0.0.1:8080/v1`
    address: str
    begun: str
    finished: str


class License(msgspec.Struct, rename="camel", omit_defaults=True):
    """One license as `GET /licenses` told it."""

    id: str
    name: str
    total_units: int
    consumed_units: int
    consumed_by_users: int | None = None
    consumed_by_workspaces: int | None = None
    subscription_id: str | None = None
    site_url: str | None = None
    site_type: str | None = None


class Location(msgspec.Struct, rename="camel", omit_defaults=True):
    """One location; whether Webex Calling is set up there, when that is known."""

    id: str
    name: str
    calling: bool | UnsetType = UNSET
    routing_prefix: str | None = None


class Number(msgspec.Struct, rename="camel", omit_defaults=True):
    """One phone number of the inventory, E.164, and the id of who or what has it."""

    phone_number: str
    location_id: str
    owner_id: str | None = None
    #: PEOPLE, PLACE, … as Webex says it
    owner_type: str | None = None


class Extension(msgspec.Struct, rename="camel", omit_defaults=True):
    """An extension of what is no person: a call park, a queue, a device. It is without the routing prefix."""

    extension: str
    location_id: str
    owner_id: str
    #: as Webex says it, or CALL_PARK_EXTENSION
    owner_type: str


class Calling(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """Where a calling user is reached."""

    location_id: str | None = None
    phone_number: str | None = None
    #: without the routing prefix of the location
    extension: str | None = None


class Person(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """One person. `email` is in lower case."""

    id: str
    email: str
    name: str = ""
    #: places in the list of licenses
    licenses: list[int] | UnsetType = UNSET
    #: sites where the person is attendee
    attendee: list[str] | UnsetType = UNSET
    calling: Calling | UnsetType | None = UNSET
    #: whether the person is of another organization
    external: bool = False
    department: str | UnsetType | None = UNSET
    #: ISO-8601; None: never
    last_activity: str | UnsetType | None = UNSET
    #: as Webex says it: active, inactive, pending, …
    status: str | UnsetType | None = UNSET


class Snapshot:
    """A snapshot that was read whole. Raises FileFault when the file is none, OSError when it is away."""

    def __init__(self, path: Path) -> None:
        self.file = File(path, "snapshot")
        try:
            self.head = msgspec.json.decode(self.file.head, type=Head)
        except (ValueError, RecursionError) as error:
            raise FileFault(f"{path} is no snapshot that this allot reads; pull again") from error

    @property
    def digest(self) -> str:
        return self.file.digest

    @cached_property
    def licenses(self) -> list[License]:
        return list(self.file.records("licenses", License))

    @cached_property
    def locations(self) -> list[Location]:
        return list(self.file.records("locations", Location))

    def numbers(self) -> Iterator[list[Number]]:
        """The numbers of the inventory, some thousands at a time."""
        return self.file.blocks("numbers", Number)

    def extensions(self) -> Iterator[list[Extension]]:
        """The extensions that nobody can have because something else has them, some thousands at a time."""
        return self.file.blocks("extensions", Extension)

    def people(self) -> Iterator[list[Person]]:
        """Everybody, some thousands at a time."""
        return self.file.blocks("people", Person)
