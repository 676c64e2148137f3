"""Sendings: the requests of one change, one after the other, each answer held against what it should lead to."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from msgspec import UNSET, structs

from allot.bulk.applied.journals import FAILED, GONE, PARTLY, REFUSED, SENT, STALE, Entry
from allot.bulk.applied.standings import Actual, difference, standing, step
from allot.bulk.applied.surveys import Surveys
from allot.bulk.planned.changes import Change, Head, Request
from allot.bulk.shown.wordings import Names
from allot.bulk.words import count
from allot.client.connections import Answer
from allot.client.failures import ClientFault, Nonsense, Uncertain
from allot.client.shapes import Assignment, ErrorDetail, ErrorResponse, Holding, LicenseRequest, Properties, SiteRequest
from allot.client.writers import Writer
from allot.core import ids
from allot.core.pause import pause

T = TypeVar("T")

# How often a request is sent whose answers leave open what they did; the person is read between.
TRIES = 5
PAUSE_FIRST, PAUSE_LONGEST = 0.2, 5.0
#: the code of refusals that Cisco documents none for; ours of missing units and taken numbers are such
GENERIC = "400"
#: what is told of somebody who is not there
NOBODY = "there is no such person any more"


@dataclass(slots=True, eq=False)
class Sent:
    """What sending came to. `pending`, `sites`: licenses and sites that are only had when the person accepts.

    `fault`: why the API cannot be used any more, so that nothing is to be sent after this.
    """

    entry: Entry
    pending: frozenset[int] = frozenset()
    sites: frozenset[str] = frozenset()
    fault: ClientFault | None = None

    def accepted(self, actual: Actual) -> Actual:
        """What somebody has who accepts what is pending."""
        licenses, attendee = actual.licenses, actual.attendee
        if licenses is not UNSET and self.pending:
            licenses = sorted({*licenses}.union(self.pending))
        if attendee is not UNSET and self.sites:
            attendee = sorted({*attendee}.union(self.sites))
        return Actual(licenses, attendee, actual.calling, actual.others)


class Sender:
    """Sends the changes of one plan. `org_id` is the plain id of another organization than the token's."""

    def __init__(self, writer: Writer, head: Head, surveys: Surveys, org_id: str | None) -> None:
        self._writer = writer
        self._head = head
        self._surveys = surveys
        self._names = Names(head.licenses)
        self._licenses = [ids.encode("LICENSE", license.id) for license in head.licenses]
        self._org_id = ids.encode("ORGANIZATION", org_id) if org_id else None

    async def send(self, change: Change, place: int) -> Sent:
        """Send the requests from this place on, until all are answered as planned or one is not.

        Where an answer leaves open what was done the person is read, so that nothing is sent blindly twice.
        Raises ClientFault when the API cannot be used at all, and nothing was done.
        """
        doubt = Entry(change.number, FAILED)
        try:
            return await self._insist(change, place, doubt)
        except ClientFault as fault:
            if not doubt.what:
                raise
            return Sent(doubt, fault=fault)

    async def _insist(self, change: Change, place: int, doubt: Entry) -> Sent:
        """Send until an answer is certain, or often enough; `doubt` says what the last one was that is not."""
        for attempt in range(1, TRIES + 1):
            try:
                sent = await self._send(change, place)
            except Uncertain as error:
                doubt.what = f"no certain answer in {count(attempt, 'attempt')}: {error}"
                doubt.tracking_id = error.tracking_id
            else:
                sent.entry.ours = attempt > 1
                return sent
            await asyncio.sleep(pause(change.person_id, attempt, PAUSE_FIRST, PAUSE_LONGEST))
            actual = await self._surveys.one(change.person_id)
            if actual is None:
                return Sent(Entry(change.number, GONE, NOBODY, ours=True))
            found = standing(change, actual, touched=True)
            if found is None:
                return Sent(structs.replace(self.stale(change, actual), ours=True))
            if found == len(change.requests):
                return Sent(Entry(change.number, SENT, "", "", doubt.tracking_id))
            place = found
        return Sent(doubt)

    def stale(self, change: Change, actual: Actual) -> Entry:
        """That somebody is not as the plan expects."""
        what = difference(change.before, actual, self._names, self._head.locations)
        return Entry(change.number, STALE, f"changed since the snapshot: {what}; pull and plan again")

    def missing(self, change: Change, actual: Actual) -> str:
        """What somebody has otherwise than planned."""
        return difference(change.after, actual, self._names, self._head.locations)

    async def _send(self, change: Change, place: int) -> Sent:
        sent = Sent(Entry(change.number, SENT))
        held = set(change.before.licenses)
        for at, request in enumerate(change.requests):
            held = step(held, request)
            if at < place:
                continue
            answer = await self._writer.patch(self.body(change.person_id, request))
            sent = self._judged(change, held, answer)
            if sent.entry.outcome != SENT:
                if at:
                    sent.entry.what += f" (request {at + 1} of {len(change.requests)}; those before it were done)"
                return sent
        return sent

    def body(self, person_id: str, request: Request) -> Assignment:
        """What is sent for one request of one person."""
        told = request.calling
        properties = None
        if told is not None:
            location = ids.encode("LOCATION", told.location_id) if told.location_id else None
            properties = Properties(location, told.phone_number, told.extension)
        licenses = [LicenseRequest(self._licenses[each], "remove") for each in request.remove]
        licenses += [
            LicenseRequest(self._licenses[each], "add", properties if each in self._surveys.calling else None)
            for each in request.add
        ]
        sites = [SiteRequest(url, "attendee", "remove") for url in request.leave]
        sites += [SiteRequest(url, "attendee", "add") for url in request.attend]
        return Assignment(ids.encode("PEOPLE", person_id), self._org_id, licenses, sites)

    def _judged(self, change: Change, wanted: set[int], answer: Answer) -> Sent:
        """What an answer says. Raises Uncertain when it says nothing that can be read."""
        if answer.status == 404:
            return Sent(Entry(change.number, GONE, NOBODY, "", answer.tracking_id))
        if answer.status == 400:
            refused = self._read(answer, ErrorResponse)
            what, code = self._told(refused.errors or [ErrorDetail(refused.message)])
            return Sent(Entry(change.number, REFUSED, what, code, answer.tracking_id))
        holding = self._read(answer, Holding)
        sent = Sent(Entry(change.number, SENT, "", "", answer.tracking_id))
        if holding.licenses is UNSET:
            return sent
        # What was pending before is in no snapshot, and none of the plan's business.
        sent.pending = self._places(holding.pending_licenses or ()) & wanted
        sites = (each.site_url for each in holding.pending_site_urls or ())
        sent.sites = frozenset(sites).intersection(change.after.attendee)
        held = self._places(holding.licenses) | sent.pending
        lost = [f"{name} was not added" for name in self._names.all(sorted(wanted.difference(held)))]
        lost += [f"{name} was not removed" for name in self._names.all(sorted(held - wanted))]
        if not lost and not holding.errors:
            return sent
        what, sent.entry.code = self._told(holding.errors)
        what = what or f"the answer was {answer.status} without a reason"
        sent.entry.outcome, sent.entry.what = PARTLY, f"{', '.join(lost)}: {what}" if lost else what
        return sent

    def _told(self, errors: list[ErrorDetail]) -> tuple[str, str]:
        """The sentences of a refusal, in names, and its first code."""
        code = next((str(each.error_code) for each in errors if each.error_code is not None), GENERIC if errors else "")
        return self._names.sentence("; ".join(each.description for each in errors)), code

    def _places(self, licenses: Iterable[str]) -> frozenset[int]:
        return frozenset(place for each in licenses if (place := self._surveys.place(each)) is not None)

    def _read(self, answer: Answer, kind: type[T]) -> T:
        """A body; one that cannot be read leaves open what was done."""
        try:
            return self._writer.read(answer, kind)
        except Nonsense as error:
            raise Uncertain(str(error), answer.tracking_id) from error
