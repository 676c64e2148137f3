"""Rehearsals: a plan is applied to its twin, and what happens is held against what the plan predicts.

The changes are applied by the very code that applies them later. Then everybody who is refused is sent what they asked
for, so that it shows whether the refusals hold, too. The twin's own journal tells the rules that it refused by.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from allot.bulk.applied.applies import Apply, Options
from allot.bulk.applied.journals import Entry, Journal
from allot.bulk.applied.sendings import Sender
from allot.bulk.applied.surveys import Surveys
from allot.bulk.planned.changes import Refusal
from allot.bulk.planned.plans import Plan
from allot.client.failures import Nonsense, Uncertain
from allot.client.writers import Writer
from allot.core.rulebook import Rulebook

# Requests under way at once: what one process serves and one asks for.
WORKERS = 32
# Reasons that no API knows, although there is a request: what they refuse would be given.
_OURS = ("protected-license", "location-stays")
# Entries on a page of the twin's journal.
_PAGE = 1_000


class RehearsalFault(Exception):
    """The rehearsal came to no end; the text says why."""


class Difference(msgspec.Struct, rename="camel", omit_defaults=True):
    """Somebody of whom the plan predicts something else than what happened."""

    email: str
    predicted: str
    happened: str
    #: the rules that the twin refused by
    rules: list[str] = []
    #: of the input
    line: int | None = None


class Rehearsal(msgspec.Struct, rename="camel"):
    """What a rehearsal came to."""

    #: changes that came out as planned, of how many
    done: int
    changes: int
    #: refusals that came out as predicted, of how many could be sent
    refused: int
    refusals: int
    #: people who are refused by no rule of the rulebook but by allot, as when nobody has the email: nothing is sent
    unsent: int
    differences: list[Difference]
    #: where the twin is not as the snapshot
    notices: list[str] = []

    @property
    def as_predicted(self) -> bool:
        return not self.differences and self.done == self.changes


@dataclass(slots=True)
class _Answered:
    """What the twin answered to somebody who is refused."""

    refusal: Refusal
    #: the rules that are predicted
    predicted: list[str]
    #: 0 where there is no answer that is one
    status: int
    tracking_id: str
    what: str


class Rehearse:
    """One rehearsal of one plan on its twin, which `writer` speaks to."""

    def __init__(self, plan: Plan, writer: Writer, rulebook: Rulebook, journal: Journal) -> None:
        self._plan = plan
        self._writer = writer
        self._journal = journal
        self._apply = Apply(plan, writer, rulebook, journal, Options(workers=WORKERS, settle=0))
        surveys = Surveys(writer, plan, rulebook, None, WORKERS)
        self._sender = Sender(writer, plan.head, surveys, None)
        #: refused people of whom it is known what happened
        self._refused = 0

    @property
    def progress(self) -> tuple[int, int]:
        """Of how many people it is known what happened, and how many there are."""
        total = self._plan.summary.changes + self._plan.summary.refused
        return self._apply.tally.decided + self._refused, total

    async def run(self) -> Rehearsal:
        """Rehearse. Raises RehearsalFault when the plan could not be applied to its end, ClientFault."""
        tally = await self._apply.run()
        if tally.stopped:
            raise RehearsalFault(f"the rehearsal came to no end: {tally.stopped}")
        failed = {entry.number: entry for entry in self._journal.entries.values() if not entry.settled}
        answered = [each async for each in self._ask()]
        tracked = {entry.tracking_id for entry in failed.values()} | {each.tracking_id for each in answered}
        rules = await self._rules(tracked - {""})
        changed = list(self._changed(failed, rules))
        refused = [found for each in answered if (found := _compare(each, rules.get(each.tracking_id, [])))]
        unsent = self._plan.summary.refused - len(answered)
        held = len(answered) - len(refused)
        return Rehearsal(tally.done, tally.total, held, len(answered), unsent, changed + refused)

    async def _ask(self) -> AsyncIterator[_Answered]:
        """Send everybody who is refused what they asked for, as far as it can be sent."""
        refusals = (refusal for block in self._plan.refusals() for refusal in block)
        while some := list(islice(refusals, WORKERS)):
            for each in await asyncio.gather(*map(self._ask_one, some)):
                if each is not None:
                    yield each
            self._refused += len(some)

    async def _ask_one(self, refusal: Refusal) -> _Answered | None:
        """Send what somebody asked for, when it is a rule that refuses it."""
        rules = [reason.rule for reason in refusal.reasons if reason.rule not in _OURS]
        if refusal.person_id is None or refusal.request is None or not rules:
            return None
        try:
            answer = await self._writer.patch(self._sender.body(refusal.person_id, refusal.request))
        except (Nonsense, Uncertain) as fault:
            return _Answered(refusal, rules, 0, "", str(fault))
        what = "" if answer.status == 200 else self._writer.reason(answer)
        return _Answered(refusal, rules, answer.status, answer.tracking_id, what)

    async def _rules(self, wanted: set[str]) -> dict[str, list[str]]:
        """Tracking id -> the rules that the twin refused by, from its journal, newest entries first."""
        found: dict[str, list[str]] = {}
        root = self._writer.address.removesuffix("/v1")
        at: str | None = f"{root}/allot/v1/journal?action=licenses.assign&max={_PAGE}"
        while at is not None and len(found) < len(wanted):
            answer = await self._writer.get(at)
            for entry in self._writer.read(answer, _Entries).items:
                if entry.tracking_id in wanted:
                    found[entry.tracking_id] = list(dict.fromkeys(entry.detail.refused.values()))
            at = answer.next
        return found

    def _changed(self, failed: dict[int, Entry], rules: dict[str, list[str]]) -> Iterator[Difference]:
        """The changes that did not come out as planned."""
        for change in (change for block in self._plan.changes() for change in block):
            entry = failed.get(change.number)
            if entry is not None:
                happened = entry.what or f"it is not known what became of them ({entry.outcome})"
                yield Difference(change.email, "changed", happened, rules.get(entry.tracking_id, []), change.line)


class _Detail(msgspec.Struct):
    refused: dict[str, str] = {}


class _Entry(msgspec.Struct, rename="camel"):
    tracking_id: str
    detail: _Detail


class _Entries(msgspec.Struct):
    items: list[_Entry]


def _compare(answered: _Answered, rules: list[str]) -> Difference | None:
    """What is different about somebody who is refused; None when the twin refuses them for a reason of the plan's."""
    if answered.status in (206, 400) and set(rules) & set(answered.predicted):
        return None
    predicted = f"refused by {', '.join(dict.fromkeys(answered.predicted))}"
    happened = answered.what or "everything that they asked for was given"
    return Difference(answered.refusal.email, predicted, happened, rules, answered.refusal.line)
