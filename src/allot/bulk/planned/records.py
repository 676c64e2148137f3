"""Records: what is decided, told person by person as the changes and refusals of a plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from allot.bulk.actual.snapshots import Calling, Person, Snapshot
from allot.bulk.desired.desires import Desired
from allot.bulk.planned.asks import Shape, signs
from allot.bulk.planned.capacities import Numbers
from allot.bulk.planned.changes import Change, Reason, Refusal, Request, State
from allot.bulk.planned.comparisons import Comparison
from allot.bulk.planned.spools import Spool
from allot.bulk.planned.ways import Answer
from allot.core.holding import bits

_SIGN = "\x00"
# Remembered licenses; in practice some thousands.
_KNOWN_MAX = 100_000


@dataclass(slots=True, eq=False)
class _Words:
    """An answer in the form of records, as far as it is the same for everybody; `personal`: it has signs."""

    answer: Answer
    gained: list[int] = field(init=False)
    lost: frozenset[int] = field(init=False)
    personal: bool = field(init=False)
    #: whether what is desired has some of their texts
    tells: bool = field(init=False)
    #: whether calling stays as it is, and is sent so with licenses that are added
    keeps: bool = field(init=False)

    def __post_init__(self) -> None:
        answer = self.answer
        self.gained = list(bits(answer.gained))
        self.lost = frozenset(bits(answer.lost))
        shape = answer.ask if isinstance(answer.ask, Shape) else None
        own = shape.calling if shape else None
        sent = [request.calling for request in answer.requests if request.calling]
        told = sent or (answer.moved and answer.calling) or (answer.asked and answer.asked.calling)
        same = Calling(own.location_id, own.phone_number, own.extension) if own else None
        self.tells = shape is not None and shape.properties is not None
        self.keeps = bool(sent) and not answer.moved and all(each == same for each in sent)
        self.personal = not self.keeps and (bool(told) or any(_SIGN in each.what for each in answer.reasons))


class _Licenses(dict[tuple[int, tuple[int, ...]], tuple[list[int], list[int]]]):
    """By the number of an answer, and licenses by their places: what is held before, and after. People are alike:
    most are found here."""

    def __init__(self, words: list[_Words]) -> None:
        self._words = words

    def __missing__(self, key: tuple[int, tuple[int, ...]]) -> tuple[list[int], list[int]]:
        if len(self) == _KNOWN_MAX:
            self.clear()
        number, held = key
        words = self._words[number]
        found = self[key] = sorted(held), sorted([*(place for place in held if place not in words.lost), *words.gained])
        return found


class Records:
    """Tells what was decided: `numbers` and `waves` are those of `Capacities.settle`.

    `missing` refusals more come after those of the people who are there.
    """

    def __init__(
        self, comparison: Comparison, answers: list[Answer], numbers: Numbers, waves: Numbers, missing: int
    ) -> None:
        self._comparison = comparison
        self._words = [_Words(answer) for answer in answers]
        self._numbers = numbers
        self._waves = waves
        refused = np.array([bool(answer.reasons) for answer in answers], np.bool_)[numbers]
        order = comparison.order
        #: for each who asks, their place among the changes, or among the refusals
        self._ranks = np.empty(len(numbers), np.intp)
        going, staying = order[~refused[order]], order[refused[order]]
        going = going[np.argsort(waves[going], kind="stable")]
        self._ranks[going] = np.arange(len(going))
        self._ranks[staying] = np.arange(len(staying))
        self._refused = refused
        self._last = np.arange(len(staying), len(staying) + missing)

    def changes(self) -> Spool:
        """Where the changes of `tell` go, to be in their order."""
        return Spool(self._ranks[~self._refused])

    def refusals(self) -> Spool:
        """Where the refusals of `tell` go, to be in the order of the input."""
        return Spool(np.concatenate([self._ranks[self._refused], self._last]))

    def tell(self, snapshot: Snapshot, desired: Desired) -> Iterator[list[Change | Refusal]]:
        """Everybody's change or refusal, in the order of the snapshot, some thousands at a time."""
        places = np.array(self._comparison.places, np.int64)
        licenses = _Licenses(self._words)
        start = 0
        for block in snapshot.people():
            low, high = np.searchsorted(places, (start, start + len(block))).tolist()
            part = slice(low, high)
            told: list[Change | Refusal] = []
            for place, number, wave, rank, line in zip(
                places[part].tolist(),
                self._numbers[part].tolist(),
                self._waves[part].tolist(),
                self._ranks[part].tolist(),
                self._comparison.lines[part],
                strict=True,
            ):
                person, words = block[place - start], self._words[number]
                own = self._own(words, person, desired) if words.personal else None
                at = None if line < 0 else line
                if words.answer.reasons:
                    told.append(_refusal(person, words.answer, at, own))
                else:
                    held = licenses[number, tuple(person.licenses or ())]
                    told.append(_change(person, words, held, (rank + 1, wave, at), own))
            yield told
            start += len(block)

    def _own(self, words: _Words, person: Person, desired: Desired) -> dict[str, str]:
        """What each sign stands for with a person."""
        want = desired.of(person) if words.tells else None
        found = signs(person.calling or None, want.properties if want else None, self._comparison.taken)
        return {sign: text for sign, (_, text) in found.items()}


def _change(
    person: Person,
    words: _Words,
    licenses: tuple[list[int], list[int]],
    at: tuple[int, int, int | None],
    own: Mapping[str, str] | None,
) -> Change:
    answer = words.answer
    attendee = person.attendee or []
    calling = person.calling or None
    before = State(licenses[0], attendee, calling)
    after = State(licenses[1], answer.attendee if answer.attendee is not None else attendee, calling)
    if answer.moved:
        after.calling = _filled(answer.calling, own or {}) if answer.calling else None
    requests = answer.requests
    if words.keeps:
        requests = [
            Request(each.add, each.remove, each.calling and calling, each.attend, each.leave) for each in requests
        ]
    elif own:
        requests = [_request(each, own) for each in requests]
    number, wave, line = at
    return Change(
        number,
        person.id,
        person.email,
        before,
        requests,
        after,
        line,
        wave,
        answer.irreversible,
        answer.unasked,
        person.external,
    )


def _refusal(person: Person, answer: Answer, line: int | None, own: Mapping[str, str] | None) -> Refusal:
    reasons, asked = answer.reasons, answer.asked
    if own:
        reasons = [Reason(each.rule, _said(each.what, own), each.provenance) for each in reasons]
        asked = _request(asked, own) if asked else None
    return Refusal(person.email, reasons, person.id, line, asked)


def _request(request: Request, own: Mapping[str, str]) -> Request:
    calling = _filled(request.calling, own) if request.calling else None
    return Request(request.add, request.remove, calling, request.attend, request.leave)


def _filled(calling: Calling, own: Mapping[str, str]) -> Calling:
    texts = (calling.location_id, calling.phone_number, calling.extension)
    return Calling(*(own.get(text, text) if text else None for text in texts))


def _said(text: str, own: Mapping[str, str]) -> str:
    for sign, its in own.items():
        text = text.replace(sign, its)
    return text
