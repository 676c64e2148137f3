"""Extensions: whether they can be used at a location."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import phonenumbers

from allot.core.location import Location
from allot.store import extensions as store
from allot.store.database import Reading

_DIGITS = re.compile(r"[0-9]+")
# Not documented here; other operations of Webex take 2 to 10 digits.
LENGTH_MIN, LENGTH_MAX = 2, 10


class State(StrEnum):
    """What an extension is at a location, in Webex's words."""

    VALID = "VALID"
    DUPLICATE = "DUPLICATE"
    DUPLICATE_IN_LIST = "DUPLICATE_IN_LIST"
    INVALID = "INVALID"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one extension. Codes and their sentences are from Cisco's example; the others are ours."""

    extension: str
    state: State
    code: int | None = None
    message: str | None = None


async def validate(reading: Reading, location: Location, extensions: Sequence[str]) -> list[Verdict]:
    """A verdict on each extension, in their order: whether it could be given to somebody at the location now."""
    used = await store.used(reading, location.org_id, location.id, set(extensions))
    verdicts: list[Verdict] = []
    seen: set[str] = set()
    for extension in extensions:
        if extension in seen:
            verdicts.append(Verdict(extension, State.DUPLICATE_IN_LIST, 9498))
        else:
            verdicts.append(_verdict(extension, location, used.get(extension)))
        seen.add(extension)
    return verdicts


def _verdict(extension: str, location: Location, user: str | None) -> Verdict:
    if not _DIGITS.fullmatch(extension):
        message = "[Error 4910] Invalid extension.  The extension can only contain characters 0-9."
        return Verdict(extension, State.INVALID, 4910, message)
    if not LENGTH_MIN <= len(extension) <= LENGTH_MAX:
        return Verdict(extension, State.INVALID, None, f"The extension must have {LENGTH_MIN} to {LENGTH_MAX} digits.")
    if phonenumbers.is_emergency_number(extension, location.country):
        message = "[Error 4911] Invalid extension.  The extension cannot be an emergency number."
        return Verdict(extension, State.INVALID, 4911, message)
    if user == store.CALL_PARK:
        sentence = "The extension is not available. It is already assigned as a Call Park Extension"
        return Verdict(extension, State.DUPLICATE, 9495, f"[Error 9495] {sentence}: {extension}.")
    if user is not None:
        message = f"The extension is not available. It is already assigned to a person: {extension}."
        return Verdict(extension, State.DUPLICATE, None, message)
    return Verdict(extension, State.VALID)
