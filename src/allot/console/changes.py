"""Changes: trying what would become of a request for one person before anything is sent, and then sending it."""

from urllib.parse import parse_qsl, urlencode

import msgspec

from allot.api.licenses import LicenseProperties, PatchUserLicenses, read_assignment
from allot.console import asks, holdings, journals, licenses, verdicts
from allot.console.asks import Form
from allot.console.verdicts import Verdict
from allot.console.visits import Page, Visit, lead
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure, Kind
from allot.core.journal import Search
from allot.service import journals as entries
from allot.service import licenses as service
from allot.service.licenses import Assigned, Assignment
from allot.wire.errors import STATUSES
from allot.wire.forms import decode
from allot.wire.operation import Reply, Rights
from allot.wire.values import read_number

#: to see what would happen; to send it takes what PATCH /licenses/users needs
RIGHTS: Rights = holdings.RIGHTS
APPLY = Rights((scopes.PEOPLE_WRITE,))
#: entries that tell what somebody else has changed meanwhile
MEANWHILE_MAX = 20
NOT_SURE = "Number, extension and settings would be lost for good. Tick that they may be, and apply it again"

_DECODER = msgspec.json.Decoder(PatchUserLicenses)


async def show_change(visit: Visit) -> Reply:
    """The form, and what would become of what is ticked in it."""
    return await _page(visit)


async def send_change(visit: Visit) -> Reply:
    """Send one request, the one that was shown, and lead to what became of it."""
    person_id = holdings.person_of(visit)
    try:
        if visit.text("irreversible") and not visit.text("sure"):
            raise Failure.invalid(NOT_SURE)
        argument = _assignment(visit, person_id)
        assigned: Assigned = await visit.service.writes.submit(visit.org_id, service.assign, argument)
    except Failure as failure:
        return await _page(visit, failure)
    number = await _entry(visit, person_id)
    done, steps = _count(visit.query["done"]) + 1, _count(visit.text("steps"))
    left: dict[str, object] = {}
    if assigned.status != 200 or done < steps:
        left["then"] = urlencode(asks.only_asked(visit.query))
    if assigned.status == 200 and done < steps:
        left |= {"done": done, "steps": steps}
    return lead(visit.link(f"{_address(person_id)}/{number}", **left))


async def show_result(visit: Visit) -> Reply:
    """What became of a request that the caller has sent."""
    person_id = holdings.person_of(visit)
    told = await journals.entry(visit)
    sent = told.entry.action, told.entry.target_id, told.entry.actor_id
    if sent != ("licenses.assign", person_id, visit.call.caller.person_id):
        raise Failure.not_found("You have sent no such request for this person")
    done = _count(visit.query["done"])
    then = asks.only_asked(dict(parse_qsl(visit.query["then"])))
    onward = visit.link(_address(person_id), **then, done=done or "")
    return visit.show(
        *("changed.html", 200),
        told=told,
        done=done,
        steps=_count(visit.query["steps"]),
        onward=onward,
        person=visit.link(_person(person_id)),
        rights_of_journal=journals.RIGHTS,
    )


async def _page(visit: Visit, failure: Failure | None = None) -> Reply:
    """The form with the ticks of the address; with what went wrong when it was sent."""
    licenses.RIGHTS.check(visit.call.caller)
    person_id = holdings.person_of(visit)
    try:
        form = await asks.read(visit, person_id, visit.query)
        verdict, fault = await _verdict(visit, form)
    except Failure as wrong:
        if wrong.kind is not Kind.NOT_FOUND:
            raise
        return await holdings.gone(visit, person_id)
    moved = failure is not None and failure.kind is Kind.CONFLICT
    reply = visit.show(
        "change.html",
        STATUSES[failure.kind] if failure and visit.form else 200,
        form=form,
        verdict=verdict,
        fault=fault,
        done=_count(visit.query["done"]),
        failure=failure,
        meanwhile=await _meanwhile(visit, person_id) if moved else (),
    )
    if not form.ask.fresh and not visit.form:
        # What the browser's address says is what is shown, without the fields that are empty.
        reply.headers.append((b"hx-replace-url", visit.link(_address(person_id), **form.ask.query).encode("latin-1")))
    return reply


async def _verdict(visit: Visit, form: Form) -> tuple[Verdict | None, Failure | None]:
    """What would become of what is ticked, or what is wrong with it; neither when nothing is."""
    if not form.ask.ticks:
        return None, None
    try:
        return await verdicts.decide(visit, form), None
    except Failure as failure:
        if failure.kind is not Kind.INVALID:
            raise
        return None, failure


def _assignment(visit: Visit, person_id: str) -> Assignment:
    """The request of the form. Whatever that says, it is about the person and the organization of the page."""
    body = decode(_DECODER, visit.text("request").encode())
    body.person_id, body.email, body.org_id = ids.encode("PEOPLE", person_id), None, None
    left_open = set(visit.texts("open"))
    place = LicenseProperties(visit.text("location"), visit.text("number"), visit.text("extension"))
    for license in body.licenses or ():
        if license.id in left_open:
            license.properties = place
    assignment = read_assignment(visit, body)
    assignment.org_id, assignment.expected = visit.org_id, visit.text("expected") or None
    return assignment


async def _entry(visit: Visit, person_id: str) -> int:
    """The number of the journal's entry about the request that was just sent."""
    search = Search(tracking_id=visit.call.tracking_id, target_id=person_id, actions=("licenses.assign",))
    async with visit.service.database.reading() as reading:
        [found], _ = await entries.page(reading, visit.org_id, search, None, 1)
    return found.number


async def _meanwhile(visit: Visit, person_id: str) -> list[journals.Told]:
    """What became of the person since the form was shown, newest first."""
    async with visit.service.database.reading() as reading:
        found = await entries.since(reading, visit.org_id, person_id, _count(visit.text("last")), MEANWHILE_MAX)
    return await journals.tell(visit, found)


def _count(text: str) -> int:
    """A number of a form or an address; 0 where there is none."""
    return read_number(text) or 0


def _person(person_id: str) -> str:
    return f"/people/{ids.encode('PEOPLE', person_id)}"


def _address(person_id: str) -> str:
    return f"{_person(person_id)}/change"


PAGES = (
    Page("GET", "/people/{personId}/change", show_change, RIGHTS),
    Page("POST", "/people/{personId}/change", send_change, APPLY),
    Page("GET", "/people/{personId}/change/{number}", show_result, APPLY),
)
