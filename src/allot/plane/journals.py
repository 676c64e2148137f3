"""The journal on the wire: every change that was asked for, with what it found and what it left."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.journal import Entry as Kept
from allot.core.journal import Search
from allot.service import journals, licenses
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import CURSOR, encode_cursor, next_link, read_below
from allot.wire.values import ORG_ID, organization_in_query, read_id, read_number, read_time

ENTRIES_MAX = 1000

#: what the target of an action is by the action's noun; others have ids of allot's own
_TARGETS = {
    **dict.fromkeys(("licenses", "people", "invitations", "sessions"), "PEOPLE"),
    **dict.fromkeys(("locations", "numbers"), "LOCATION"),
    **dict.fromkeys(("customers", "runs", "outcomes", "reviews"), "ENTERPRISE"),
    "organization": "ORGANIZATION",
    "reports": "BILLING_REPORT",
    "subscribers": "SUBSCRIBER",
}
_NAMES = {"location_id": "locationId", "phone_number": "phoneNumber", "person_id": "personId"}


class Entry(msgspec.Struct, rename="camel"):
    """One entry. `detail` depends on the action; of a change to licenses it has the items, before and after.

    What was held after it and waits for the answer of a person of another organization is `pending`.
    """

    number: int
    at: str
    tracking_id: str
    action: str
    outcome: int
    detail: dict[str, Any]
    actor_id: str | UnsetType = UNSET
    target_id: str | UnsetType = UNSET


class EntryCollectionResponse(msgspec.Struct):
    items: list[Entry]


async def list_journal(request: Request) -> Reply:
    """List the entries of an organization's journal, newest first, a page at a time.

    With filters a page looks through 100,000 entries at most: it may be short, or empty, before the end. Follow the
    Link header until there is none. Looking for one `trackingId` goes through the whole journal.
    """
    query = request.query
    found: list[str] = []
    search = Search(
        query["trackingId"] or None,
        read_id(found, "PEOPLE", "personId", query["personId"]),
        read_id(found, "PEOPLE", "actorId", query["actorId"]),
        (query["action"],) if query["action"] else (),
        read_time(found, "from", query["from"]),
        read_time(found, "to", query["to"]),
    )
    if found:
        raise invalid(found)
    org_id = await organization_in_query(request)
    below = read_below(request)
    limit = query["max"] or ENTRIES_MAX
    async with request.service.database.reading() as reading:
        entries, below = await journals.page(reading, org_id, search, below, limit)
        shown, _ = await licenses.of_organization(reading, request.service.rulebook, org_id)
    names = {license.number: ids.encode("LICENSE", license.id) for license in shown}
    headers = [] if below is None else [next_link(request, cursor=encode_cursor(str(below)))]
    return Reply(200, EntryCollectionResponse([_entry(each, names) for each in entries]), headers)


async def get_journal_entry(request: Request) -> Reply:
    """Show one entry of an organization's journal by its number."""
    number = read_number(request.path["number"]) or 0
    org_id = await organization_in_query(request)
    async with request.service.database.reading() as reading:
        entry = await journals.entry(reading, org_id, number)
        shown, _ = await licenses.of_organization(reading, request.service.rulebook, org_id)
    if entry is None:
        raise Failure.not_found("number: the journal of this organization has no such entry")
    return Reply(200, _entry(entry, {license.number: ids.encode("LICENSE", license.id) for license in shown}))


def _entry(entry: Kept, names: dict[int, str]) -> Entry:
    kind = _TARGETS.get(entry.action.partition(".")[0])
    target = ids.encode(kind, entry.target_id) if kind and entry.target_id else entry.target_id
    return Entry(
        entry.number,
        entry.at,
        entry.tracking_id,
        entry.action,
        entry.outcome,
        _told(entry.detail, "", names),
        ids.encode("PEOPLE", entry.actor_id) if entry.actor_id else UNSET,
        target or UNSET,
    )


def _told(value: Any, name: str, names: dict[int, str]) -> Any:
    """A detail with ids as the API has them: the journal keeps licenses by number, to be small."""
    if isinstance(value, dict):
        return {_NAMES.get(key, key): _told(each, key, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_told(each, name, names) for each in value]
    if name in ("license", "licenses") and type(value) is int:
        return names.get(value, value)
    if name == "location_id" and value:
        return ids.encode("LOCATION", value)
    return value


_RIGHTS = Rights((scopes.AUDIT_READ,), "read")

OPERATIONS = (
    Operation(
        "GET",
        "/journal",
        list_journal,
        _RIGHTS,
        "List the Journal",
        query=(
            ORG_ID,
            Parameter("trackingId", "Entries of the request that had this tracking id."),
            Parameter("personId", "Entries about this person."),
            Parameter("actorId", "Entries of what this person asked for."),
            Parameter("action", "Entries of this action, such as licenses.assign."),
            Parameter("from", "Entries at this time or later.", format="date-time"),
            Parameter("to", "Entries before this time.", format="date-time"),
            Parameter("max", "How many entries at most; 0 stands for the most.", int, 100, most=ENTRIES_MAX),
            CURSOR,
        ),
        answers={200: EntryCollectionResponse},
    ),
    Operation(
        "GET",
        "/journal/{number}",
        get_journal_entry,
        _RIGHTS,
        "Show a Journal Entry",
        query=(ORG_ID,),
        answers={200: Entry},
    ),
)
