"""Pulls: reading all of an organization into a snapshot.

Licenses, locations and where calling is set up are asked for first: what people have is told in their terms. Then the
pages of people and those of numbers are followed side by side, each page kept in a draft together with the address of
the next one. At the end licenses are asked for once more, for their counters, and the draft becomes the snapshot.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from msgspec import UNSET

from allot.bulk.actual import conversions
from allot.bulk.actual.drafts import Draft, NumbersPage, Origin, PeoplePage, Start
from allot.bulk.actual.snapshots import Head, License, Person
from allot.bulk.files import Writer
from allot.client.failures import Absent, Forbidden, Nonsense
from allot.client.readers import Page, Reader
from allot.core import ids
from allot.core.scope import TELEPHONY_READ

T = TypeVar("T")
# Licenses that a sentence lists at most.
_SHOWN = 20


class PullFault(Exception):
    """A pull that cannot go on; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to pull, and where to. `path`: of the snapshot; the draft stands beside it."""

    path: Path
    origin: Origin
    #: plain id of the organization to name in each request; None: the token's own
    org_id: str | None
    #: whether a license is one of Webex Calling
    calling: Callable[[License], bool]
    #: the time, ISO-8601 UTC
    now: Callable[[], str]
    #: forget what an earlier pull has read
    fresh: bool = False


@dataclass(slots=True)
class Pulled:
    """What was read so far, and at the end what the snapshot has."""

    people: int = 0
    numbers: int = 0
    licenses: int = 0
    locations: int = 0
    #: people that an earlier pull had read, and when it began
    kept: int = 0
    since: str = ""
    digest: str = ""
    #: what the user should know, in sentences
    notices: list[str] = field(default_factory=list)


async def origin(reader: Reader, org_id: str | None, now: str) -> Origin:
    """Whose organization the API shows to this token."""
    found = await reader.organization(org_id)
    return Origin(ids.decode("ORGANIZATION", found.id) or found.id, found.display_name, reader.address, now)


def draft_path(path: Path) -> Path:
    """The draft of a snapshot."""
    return path.with_name(f"{path.name}.part")


async def pull(reader: Reader, order: Order, pulled: Pulled) -> None:
    """Read everything and write the snapshot. `pulled` is kept up to date, so that it can be shown.

    Whatever ends it early, what was read stays in the draft, and the next pull goes on there. Raises PullFault,
    DraftFault, ClientFault.
    """
    try:
        with Draft(draft_path(order.path)) as draft:
            _begin(draft, order, pulled)
            await _Pull(reader, order, draft, pulled).run()
            draft.delete()
    except OSError as error:
        raise PullFault(f"{order.path} cannot be written: {error.strerror}; make room, or name another file") from error


def _begin(draft: Draft, order: Order, pulled: Pulled) -> None:
    """Take up what an earlier pull has left, when it is of the same organization."""
    if order.fresh:
        draft.clear()
    draft.recall()
    was, now = draft.origin, order.origin
    if was is None:
        draft.clear()
        draft.add(now)
        return
    if (was.org_id, was.address) != (now.org_id, now.address):
        raise PullFault(
            f"{draft.path} has the beginning of another pull: of {was.org_name} at {was.address}, not of"
            f" {now.org_name} at {now.address}; name another file with -o, or give --fresh to forget that one"
        )
    if draft.start is not None:
        pulled.kept, pulled.since = draft.people, was.begun
    pulled.people, pulled.numbers = draft.people, draft.numbers


class _Pull:
    def __init__(self, reader: Reader, order: Order, draft: Draft, pulled: Pulled) -> None:
        self._reader = reader
        self._order = order
        self._draft = draft
        self._pulled = pulled

    async def run(self) -> None:
        start = self._draft.start or await self._start()
        self._pulled.licenses, self._pulled.locations = len(start.licenses), len(start.locations)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._numbers())
                tasks.create_task(self._people(start))
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        licenses = await self._licenses(start)
        self._write(start, licenses)

    async def _start(self) -> Start:
        org_id = self._order.org_id
        licenses, places, calling, parks = await asyncio.gather(
            self._reader.licenses(org_id),
            self._reader.locations(org_id),
            _told(self._reader.telephony_locations(org_id)),
            _told(self._reader.call_parks(org_id)),
        )
        start = Start(
            [conversions.license(each) for each in licenses],
            conversions.locations(places, calling),
            calling is not None,
            None if parks is None else conversions.parks(parks),
        )
        self._draft.add(start)
        return start

    async def _numbers(self) -> None:
        draft = self._draft
        last = draft.last_numbers
        if last is not None and last.next is None:
            return
        try:
            async for page in self._follow(self._reader.numbers, last.next if last else None):
                found, extensions = conversions.numbers(page.items), conversions.extensions(page.items)
                draft.add(NumbersPage(found, page.next, extensions))
                self._pulled.numbers = draft.numbers
        except (Forbidden, Absent):
            draft.add(NumbersPage(None))

    async def _people(self, start: Start) -> None:
        draft = self._draft
        last = draft.last_people
        if last is not None and last.next is None:
            return
        listed = [*start.licenses, *map(_unlisted, draft.met)]
        people = conversions.People(self._order.origin.org_id, listed, start.locations, self._order.calling)
        async for page in self._follow(self._reader.people, last.next if last else None):
            records = [people.record(each) for each in page.items]
            met, people.met = people.met, []
            draft.add(PeoplePage(records, met, page.next))
            self._pulled.people = draft.people

    async def _follow(
        self, read: Callable[[str | None, str | None], Awaitable[Page[T]]], at: str | None
    ) -> AsyncIterator[Page[T]]:
        """The pages from an address on that an earlier pull was given, or from the first."""
        seen, kept = {at}, at
        while True:
            try:
                page = await read(self._order.org_id, at)
            except (Absent, Nonsense) as error:
                if at is None or at != kept:
                    raise
                raise PullFault(
                    f"{self._draft.path} cannot be gone on with: {error}. Give --fresh to begin again"
                ) from error
            yield page
            at = page.next
            if at is None:
                return
            if at in seen:
                raise Nonsense(f"{self._reader.address} leads from page to page in a circle; ask whoever runs it")
            seen.add(at)

    async def _licenses(self, start: Start) -> list[License]:
        """The licenses in the order of their places, with counters as they are now."""
        now = {each.id: each for each in map(conversions.license, await self._reader.licenses(self._order.org_id))}
        known = {each.id: each for each in start.licenses}
        hidden = [id for id in self._draft.met if id not in now]
        if hidden:
            self._pulled.notices.append(
                f"{len(hidden)} licenses that people have are not in the list of licenses, and have neither name nor"
                f" units here: {', '.join(hidden[:_SHOWN])}{', …' if len(hidden) > _SHOWN else ''}"
            )
        found = known | {id: _unlisted(id) for id in self._draft.met} | now
        self._pulled.licenses = len(found)
        return list(found.values())

    def _write(self, start: Start, licenses: list[License]) -> None:
        whose = self._draft.origin or self._order.origin
        head = Head(whose.org_id, whose.org_name, whose.address, whose.begun, self._order.now())
        last = self._draft.last_numbers
        with Writer(self._order.path, "snapshot", head) as writer:
            writer.section("licenses")
            writer.write(licenses)
            writer.section("locations")
            writer.write(start.locations)
            if last is not None and last.records is not None:
                writer.section("numbers")
                writer.write(each for page in self._draft.pages(NumbersPage) for each in page.records or ())
                if start.parks is None:
                    self._pulled.notices.append(_PARKS)
            else:
                self._pulled.notices.append(_HIDDEN.format("the inventory of phone numbers"))
            writer.section("extensions")
            writer.write(start.parks or ())
            writer.write(each for page in self._draft.pages(NumbersPage) for each in page.extensions)
            if not start.calling_known:
                self._pulled.notices.append(_HIDDEN.format("where Webex Calling is set up"))
            writer.section("people")
            writer.write(self._everybody())
            self._pulled.digest = writer.close()

    def _everybody(self) -> Iterator[Person]:
        """Everybody once; who is renamed meanwhile may be listed twice. Says what was not told of them."""
        seen: set[str] = set()
        twice = hidden = unreached = 0
        for page in self._draft.pages(PeoplePage):
            for person in page.records:
                if person.id in seen:
                    twice += 1
                    continue
                seen.add(person.id)
                hidden += person.licenses is UNSET
                unreached += person.licenses is not UNSET and person.calling is UNSET
                yield person
        self._pulled.people = len(seen)
        told = (
            (hidden, "came without licenses, which only an administrator's token sees; what they have is unknown"),
            (unreached, "have a calling license and came without a location; how they are reached is unknown"),
            (twice, "were listed twice while they were read"),
        )
        self._pulled.notices += [f"{count} people {what}" for count, what in told if count]


_PARKS = "the extensions of call parks were not told: name none of them in a plan, since it would be refused then"
_HIDDEN = "{} is hidden from the token, and unknown in the snapshot: it lacks the scope " + TELEPHONY_READ


async def _told(asked: Awaitable[T]) -> T | None:
    """What is told; None where it is hidden from the token."""
    try:
        return await asked
    except (Forbidden, Absent):
        return None


def _unlisted(id: str) -> License:
    """A license that somebody has and the list lacks."""
    return License(id, id, 0, 0)
