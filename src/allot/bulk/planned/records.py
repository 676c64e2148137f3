"""Records: what is decided, told person by person as the changes and refusals of a plan."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import numpy as np

from allot.bulk.actual.snapshots import Calling, Person, Snapshot
from allot.bulk.desired.desires import Desired, Want
from allot.bulk.planned.asks import Shape, signs
from allot.bulk.planned.capacities import Numbers
from allot.bulk.planned.changes import Change, Refusal, Request, State
from allot.bulk.planned.comparisons import Comparison
from allot.bulk.planned.spools import Spool
from allot.bulk.planned.templates import CALLING, EMAIL, ID, LINE, NO_TEXTS, ORDER, Template, texts
from allot.bulk.planned.ways import Answer
from allot.core.holding import bits

_SIGN = "\x00"
# Remembered templates; in practice some thousands.
_KNOWN_MAX = 20_000


@dataclass(slots=True, eq=False)
class _Words:
    """An answer, and how it is told."""

    answer: Answer
    #: whether it speaks of some of a person's own texts, and whether what is desired has some of these
    personal: bool = field(init=False)
    tells: bool = field(init=False)
    #: whether calling stays as it is, and is sent so with licenses that are added
    keeps: bool = field(init=False)

    def __post_init__(self) -> None:
        answer = self.answer
        shape = answer.ask if isinstance(answer.ask, Shape) else None
        own = shape.calling if shape else None
        sent = [request.calling for request in answer.requests if request.calling]
        told = sent or (answer.moved and answer.calling) or (answer.asked and answer.asked.calling)
        same = Calling(own.location_id, own.phone_number, own.extension) if own else None
        self.keeps = bool(sent) and not answer.moved and all(each == same for each in sent)
        self.personal = not self.keeps and (bool(told) or any(_SIGN in each.what for each in answer.reasons))
        self.tells = self.personal and shape is not None and shape.properties is not None


class _Alike(NamedTuple):
    """What people have in common whose records differ only in what is their own."""

    #: of the answer
    number: int
    wave: int
    #: whether it is known in which line of the input they are
    lined: bool
    #: whether they have calling data
    reached: bool
    external: bool
    licenses: tuple[int, ...]
    attendee: tuple[str, ...]


#: an `_Alike` as a plain tuple, which is made in a third of the time
_Key = tuple[int, int, bool, bool, bool, tuple[int, ...], tuple[str, ...]]


class _Templates(dict[_Key, Template]):
    """Made when they are looked for. People are alike: most find theirs here."""

    def __init__(self, words: list[_Words]) -> None:
        self._words = words

    def __missing__(self, key: _Key) -> Template:
        if len(self) == _KNOWN_MAX:
            self.clear()
        alike = _Alike(*key)
        words = self._words[alike.number]
        found = self[key] = Template(_refusal(words, alike) if words.answer.reasons else _change(words, alike))
        return found


class Told(NamedTuple):
    """Some records as lines of JSON, and whether each is a refusal."""

    lines: list[bytes]
    refused: list[bool]


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
        self._ranks = np.empty(len(numbers), np.int32)
        going, staying = order[~refused[order]], order[refused[order]]
        going = going[np.argsort(waves[going], kind="stable")]
        self._ranks[going] = np.arange(len(going))
        self._ranks[staying] = np.arange(len(staying))
        self._refused = refused
        self._last = np.arange(len(staying), len(staying) + missing, dtype=np.int32)

    def changes(self) -> Spool:
        """Where the changes of `tell` go, to be in their order."""
        return Spool(self._ranks[~self._refused])

    def refusals(self) -> Spool:
        """Where the refusals of `tell` go, to be in the order of the input."""
        return Spool(np.concatenate([self._ranks[self._refused], self._last]))

    def tell(self, snapshot: Snapshot, desired: Desired) -> Iterator[Told]:
        """Everybody's change or refusal, in the order of the snapshot, some thousands at a time."""
        places = self._comparison.places
        templates = _Templates(self._words)
        start = 0
        for block in snapshot.people():
            part = slice(bisect_left(places, start), bisect_left(places, start + len(block)))
            people = [block[place - start] for place in places[part]]
            words = [self._words[number] for number in self._numbers[part].tolist()]
            # Of most people everything is known by now.
            wants = iter(desired.of([person for person, each in zip(people, words, strict=True) if each.tells]))
            texts = [
                self._texts(person, next(wants) if each.tells else None) if each.personal else NO_TEXTS
                for person, each in zip(people, words, strict=True)
            ]
            yield Told(self._lines(templates, part, people, texts), self._refused[part].tolist())
            start += len(block)

    def _lines(
        self, templates: _Templates, part: slice, people: list[Person], texts: list[tuple[bytes, ...]]
    ) -> list[bytes]:
        """The records of some people; `texts` are their own."""
        encode = msgspec.json.Encoder().encode
        lines = []
        for person, own, number, wave, rank, line in zip(
            people,
            texts,
            self._numbers[part].tolist(),
            self._waves[part].tolist(),
            self._ranks[part].tolist(),
            self._comparison.lines[part],
            strict=True,
        ):
            held, attendee, calling = tuple(person.licenses or ()), tuple(person.attendee or ()), person.calling
            template = templates[number, wave, line >= 0, bool(calling), person.external, held, attendee]
            whole = encode(calling) if calling else b""
            lines.append(template.fill((rank + 1, line, encode(person.id), encode(person.email), whole, *own)))
        return lines

    def _texts(self, person: Person, want: Want | None) -> tuple[bytes, ...]:
        """What the signs stand for with a person."""
        told = want.properties if want else None
        return texts(signs(person.calling or None, told, self._comparison.taken))


def _change(words: _Words, alike: _Alike) -> Change:
    answer = words.answer
    attendee = list(alike.attendee)
    calling = CALLING if alike.reached else None
    kept = [place for place in alike.licenses if not answer.lost >> place & 1]
    before = State(sorted(alike.licenses), attendee, calling)
    after = State(sorted([*kept, *bits(answer.gained)]), attendee, answer.calling if answer.moved else calling)
    if answer.attendee is not None:
        after.attendee = answer.attendee
    requests = answer.requests
    if words.keeps:
        requests = [
            Request(each.add, each.remove, each.calling and calling, each.attend, each.leave) for each in requests
        ]
    return Change(
        ORDER,
        ID,
        EMAIL,
        before,
        requests,
        after,
        LINE if alike.lined else None,
        alike.wave,
        answer.irreversible,
        answer.unasked,
        alike.external,
    )


def _refusal(words: _Words, alike: _Alike) -> Refusal:
    answer = words.answer
    return Refusal(EMAIL, answer.reasons, ID, LINE if alike.lined else None, answer.asked)
