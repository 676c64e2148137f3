"""Values that many requests share: ids, phone numbers, extensions."""

import re
from datetime import UTC, datetime
from functools import lru_cache

import phonenumbers

from allot.core import ids
from allot.core.failure import Failure
from allot.core.person import is_email
from allot.service import organizations
from allot.service.clock import stamp
from allot.wire.operation import DIGITS_MAX, Parameter, Request

ORG_ID = Parameter("orgId", "The organization, for administrators who manage others; by default the token's own.")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# More than any organization has licenses or sites; a request beyond it is a mistake.
ITEMS_MAX = 500
# No way of writing a number takes more; a longer text is not looked at, and not remembered.
NUMBER_CHARACTERS_MAX = 100
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def check_length(found: list[str], name: str, text: str | None) -> None:
    """Add a fault to `found` for a text that is longer than any id: it would be in the answer and in the journal."""
    if text and len(text) > ids.LENGTH_MAX:
        found.append(f"{name}: at most {ids.LENGTH_MAX} characters")


def check_email(found: list[str], name: str, text: str | None) -> None:
    """Add a fault to `found` for a text that is no email address; its letter case does not matter."""
    if text is not None and not is_email(text.strip().lower()):
        found.append(f"{name}: is no email address")


def read_id(found: list[str], kind: str, name: str, text: str | None) -> str | None:
    """The value of an id in a body or query; a fault is added to `found` when it is none of this kind."""
    if not text:
        return None
    value = ids.decode(kind, text)
    if value is None:
        found.append(f"{name}: is no {kind} id; send the id as the API gave it, or its UUID")
    return value


def read_number(text: str) -> int | None:
    """The number that a text is; None where it is none, or larger than anything that is counted here."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX else None


def read_time(found: list[str], name: str, text: str | None) -> str | None:
    """A time of a query as it is stored, UTC where it names no zone; a fault is added to `found` when it is none."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        at = EPOCH
    if at <= EPOCH:
        found.append(f"{name}: must be a time after 1970 such as 2026-05-04T10:00:00.000Z")
    return stamp(at)


def path_id(request: Request, kind: str, name: str) -> str:
    """The value of an id in the path. Raises Failure (404) when it is none of this kind."""
    value = ids.decode(kind, request.path[name])
    if value is None:
        raise Failure.not_found(f"{name}: nothing has this id in this organization")
    return value


async def organization_of(request: Request, org_id: str | None) -> str:
    """The organization that a call is about: the named one when the caller may manage it, else the caller's own.

    Raises Failure (403) alike for an organization of somebody else and for one that does not exist.
    """
    caller = request.call.caller
    if not org_id or org_id == caller.org_id:
        return caller.org_id
    async with request.service.database.reading() as reading:
        if await organizations.manages(reading, caller.org_id, org_id):
            return org_id
    raise Failure.forbidden("orgId: the token may not manage this organization")


async def organization_in_query(request: Request) -> str:
    """The organization that the query's `orgId` names, else the caller's own."""
    text = request.query["orgId"]
    if not text:
        return request.call.caller.org_id
    return await organization_of(request, ids.decode("ORGANIZATION", text) or text)


def site_url(text: str) -> str:
    """The url of a site as sites are known by: in lower case, without scheme and slash."""
    return text.strip().lower().removeprefix("https://").rstrip("/")


def e164(text: str) -> str:
    """A phone number in E.164 with its plus; a text that is no number stays as it is, and is in no inventory.

    Cisco's own examples have it with and without the plus, and without the country code: of which country such a number
    is, it does not say, so that it stays as it is too.
    """
    return _in_e164(text) if len(text) <= NUMBER_CHARACTERS_MAX else text


def _has_country(text: str, parsed: phonenumbers.PhoneNumber) -> bool:
    """Whether a text without a plus is a number with its country code all the same.

    Ten digits are how people of North America write their own: their first ones are not taken for another country's.
    """
    digits = sum(map(str.isdigit, text))
    return (digits == 11 and parsed.country_code == 1) or (digits != 10 and phonenumbers.is_valid_number(parsed))


@lru_cache(maxsize=10_000)
def _in_e164(text: str) -> str:
    if _E164.fullmatch(text):
        return text
    complete = text.lstrip().startswith("+")
    try:
        parsed = phonenumbers.parse(text if complete else f"+{text}")
    except phonenumbers.NumberParseException:
        return text
    if not complete and not _has_country(text, parsed):
        return text
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
