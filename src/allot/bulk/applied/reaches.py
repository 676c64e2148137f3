"""Reaches: where the people of a twin are reached, as an import takes it; what it would refuse is left out and told."""

import re
from collections.abc import Iterable
from typing import Any

from allot.bulk.actual.snapshots import Extension, Location, Number, Person
from allot.core.holding import EXTENSION

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Reaches:
    """Locations, numbers and extensions of a twin. `notices` says where they differ from the snapshot."""

    def __init__(self, locations: Iterable[Location], numbers: Iterable[Number]) -> None:
        self.notices: list[str] = []
        #: the members of an import document, by the id of the location and by the number
        self.locations: dict[str, dict[str, Any]] = {}
        self.numbers: dict[str, dict[str, str]] = {}
        self._names: set[str] = set()
        self._owners: dict[str, str] = {}
        self._users: dict[tuple[str, str], str] = {}
        for each in locations:
            self._locate(each.id, each.name, calling=each.calling is not False)
        for number in numbers:
            self._number(number.phone_number, number.location_id)
            if number.owner_id:
                self._owners[number.phone_number] = number.owner_id

    def of(self, person: Person) -> dict[str, str]:
        """Where a person is reached, as members of an import document."""
        calling = person.calling
        if not calling:
            return {}
        phone, extension = calling.phone_number, calling.extension
        at = calling.location_id or self.numbers.get(phone or "", {}).get("location")
        if at is None:
            self._tell(person.email, f"{phone or extension or 'calling'}, since it is not known at which location")
            return {}
        told = {"location": at}
        self._locate(at, at, calling=True)
        if phone and not self._number(phone, at):
            self._tell(person.email, f"the number {phone}, which is none of E.164")
        elif phone and self._users.setdefault(("", phone), person.id) != person.id:
            self._tell(person.email, f"the number {phone}, which somebody else has too")
        elif phone:
            told["phoneNumber"] = phone
        if extension and not EXTENSION.fullmatch(extension):
            self._tell(person.email, f"the extension {extension}, which has not 2 to 10 digits")
        elif extension and self._users.setdefault((at, extension), person.id) != person.id:
            self._tell(person.email, f"the extension {extension}, which somebody else there has too")
        elif extension:
            told["extension"] = extension
        return told

    def features(self, extensions: Iterable[Extension]) -> list[dict[str, str]]:
        """Call parks that stand for whatever has one of these extensions and is no person."""
        told = []
        for each in extensions:
            at, extension = each.location_id, each.extension
            if EXTENSION.fullmatch(extension) and (at, extension) not in self._users:
                self._users[at, extension] = each.owner_id
                self._locate(at, at, calling=True)
                told.append({"location": at, "extension": extension, "name": f"{each.owner_type} {extension}"})
        return told

    def strangers(self, people: set[str]) -> list[dict[str, str]]:
        """People who stand for those who have a number and are none of `people` (ids): devices, queues, …"""
        taken = [
            phone for phone, owner in self._owners.items() if owner not in people and ("", phone) not in self._users
        ]
        return [
            {
                "email": f"owner.of.{phone[1:]}@twin.invalid",
                "location": self.numbers[phone]["location"],
                "phoneNumber": phone,
            }
            for phone in taken
        ]

    def _locate(self, id: str, name: str, *, calling: bool) -> None:
        if id not in self.locations:
            name = f"{name} ({id})" if name in self._names else name
            self._names.add(name)
            self.locations[id] = {"id": id, "name": name, "calling": calling}

    def _number(self, phone: str, at: str) -> bool:
        """Have a number at a location; whether it is one."""
        if not _E164.fullmatch(phone):
            return False
        self._locate(at, at, calling=True)
        self.numbers[phone] = {"phoneNumber": phone, "location": at}
        return True

    def _tell(self, email: str, what: str) -> None:
        self.notices.append(f"on the twin {email} lacks {what}")
