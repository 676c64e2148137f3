"""Admin audit events on the wire: the journal as Webex shows what administrators did.

Which events Webex makes for license changes, and in what words, is not published: categories are
its own, descriptions are ours.
"""

import base64
import uuid
from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.journal import Entry, Search
from allot.core.role import ROLES
from allot.service import audits
from allot.service.audits import Audit
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import next_link
from allot.wire.values import ORG_ID, organization_in_query, read_id, read_time

# Documented: max <= 200, and one year of events a request.
EVENTS_MAX = 200
DAYS_MAX = 366
# Beyond this the times are to be narrowed: each page reads again what it skips.
OFFSET_MAX = 10_000

#: journal action -> category of Webex, description, kind of target
EVENTS = {
    "licenses.assign": ("LICENSE", "Licenses of a user were changed", "PEOPLE"),
    "invitations.accept": ("LICENSE", "An external user accepted licenses", "PEOPLE"),
    "invitations.decline": ("LICENSE", "An external user declined licenses", "PEOPLE"),
    "people.create": ("USERS", "A user was created", "PEOPLE"),
    "people.update": ("USERS", "A user was changed", "PEOPLE"),
    "people.delete": ("USERS", "A user was deleted", "PEOPLE"),
    "locations.create": ("LOCATIONS", "A location was created", "LOCATION"),
    "locations.update": ("LOCATIONS", "A location was changed", "LOCATION"),
    "locations.delete": ("LOCATIONS", "A location was deleted", "LOCATION"),
    "numbers.add": ("WEBEX_CALLING", "Numbers were added to a location", "LOCATION"),
    "numbers.remove": ("WEBEX_CALLING", "Numbers were removed from a location", "LOCATION"),
    "numbers.state": ("WEBEX_CALLING", "Numbers of a location were activated or deactivated", "LOCATION"),
}


class AdminAuditEventData(msgspec.Struct, rename="camel"):
    """What happened. Source: Cisco's schema of the same name."""

    event_category: str
    event_description: str
    action_text: str
    tracking_id: str
    target_type: str
    target_org_id: str
    target_org_name: str
    target_id: str | UnsetType = UNSET
    target_name: str | UnsetType = UNSET
    actor_name: str | UnsetType = UNSET
    actor_email: str | UnsetType = UNSET
    actor_ip: str | UnsetType = UNSET
    actor_user_agent: str | UnsetType = UNSET
    actor_org_name: str | UnsetType = UNSET
    admin_roles: list[str] | UnsetType = UNSET
    error_message: str | UnsetType = UNSET


class AdminAuditEvent(msgspec.Struct, rename="camel"):
    id: str
    created: str
    data: AdminAuditEventData
    actor_id: str | UnsetType = UNSET
    actor_org_id: str | UnsetType = UNSET


class AdminAuditEventsResponse(msgspec.Struct):
    items: list[AdminAuditEvent]


async def list_admin_audit_events(request: Request) -> Reply:
    """List what administrators changed in an organization, newest first.

    Events come from the journal; requests that were refused as a whole are events with an error message.
    """
    query = request.query
    found: list[str] = []
    since, until = read_time(found, "from", query["from"]), read_time(found, "to", query["to"])
    actor = read_id(found, "PEOPLE", "actorId", query["actorId"])
    found += [f"{name}: is required" for name in ("from", "to") if not query[name]]
    if since and until and not found and _days(since, until) > DAYS_MAX:
        found.append("from, to: are more than a year apart")
    offset, limit = query["offset"], query["max"] or EVENTS_MAX
    if offset > OFFSET_MAX:
        found.append(f"offset: must be at most {OFFSET_MAX}; bring from and to closer together")
    if found:
        raise invalid(found)
    org_id = await organization_in_query(request)
    actions = _actions(query["eventCategories"])
    if not actions:
        return Reply(200, AdminAuditEventsResponse([]))
    async with request.service.database.reading() as reading:
        search = Search(actor_id=actor, actions=actions, since=since, until=until)
        audit = await audits.page(reading, org_id, search, offset, limit)
    events = AdminAuditEventsResponse([_event(org_id, audit, entry) for entry in audit.entries])
    return Reply(200, events, [next_link(request, offset=offset + limit)] if audit.more else [])


def _days(since: str, until: str) -> int:
    return (datetime.fromisoformat(until) - datetime.fromisoformat(since)).days


def _actions(categories: str | None) -> tuple[str, ...]:
    if not categories:
        return tuple(EVENTS)
    wanted = {category.strip().upper() for category in categories.split(",")}
    return tuple(action for action, (category, _, _) in EVENTS.items() if category in wanted)


def _event(org_id: str, audit: Audit, entry: Entry) -> AdminAuditEvent:
    category, description, kind = EVENTS[entry.action]
    organization = ids.encode("ORGANIZATION", org_id)
    data = AdminAuditEventData(
        f"EventCategory.{category}",
        description,
        f"{description} ({entry.action}, {entry.outcome})",
        entry.tracking_id,
        kind,
        organization,
        audit.organization,
        ids.encode(kind, entry.target_id) if entry.target_id else UNSET,
    )
    target, actor = audit.names.get(entry.target_id or ""), audit.names.get(entry.actor_id or "")
    if target is not None:
        data.target_name = target.display_name
    if actor is not None:
        data.actor_name, data.actor_email, data.actor_org_name = actor.display_name, actor.email, audit.organization
        data.admin_roles = [ROLES[role].name for role in actor.roles if role in ROLES]
    source = entry.detail.get("from", {})
    data.actor_ip, data.actor_user_agent = source.get("address") or UNSET, source.get("agent") or UNSET
    if entry.outcome >= 400:
        data.error_message = f"Refused with {entry.outcome}"
    event_id = base64.b64encode(str(uuid.uuid5(uuid.NAMESPACE_OID, f"{org_id} {entry.number}")).encode()).decode()
    actor_id = ids.encode("PEOPLE", entry.actor_id) if entry.actor_id else UNSET
    return AdminAuditEvent(event_id, entry.at, data, actor_id, organization if actor is not None else UNSET)


OPERATIONS = (
    Operation(
        "GET",
        "/adminAudit/events",
        list_admin_audit_events,
        Rights((scopes.AUDIT_READ,), "read"),
        "List Admin Audit Events",
        query=(
            ORG_ID,
            Parameter("from", "Events at this time or later.", required=True, format="date-time"),
            Parameter("to", "Events before this time, at most a year after `from`.", required=True, format="date-time"),
            Parameter("actorId", "Events of what this person did."),
            Parameter("max", "How many events at most; 0 stands for the most.", int, 100, most=EVENTS_MAX),
            Parameter("offset", "How many of the newest events to leave out.", int, 0),
            Parameter("eventCategories", "Events of these categories, separated by commas: USERS, LICENSE, …"),
        ),
        answers={200: AdminAuditEventsResponse},
    ),
)
