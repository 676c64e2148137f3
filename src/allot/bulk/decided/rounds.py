"""The rounds of a decision for many people at once: what `core.decision` does for one, on arrays of bits.

Everybody's standing items are assumed applied and judged, what is refused falls together with the other halves of its
swaps, and those who lost something are judged again. Each person's licenses are one integer, and so are the licenses
that they ask to have added and removed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allot.bulk.decided.masks import Bits, Mask, Masks

#: the rule of a person to whom nothing is refused
NONE = 255
# What is judged of a person before: bits of `People.marks`.
#: the properties are no number and no extension at a location: they do for what is held, not for anything new
LACKING = 1
#: an extension for a person who is at no location: does for nothing
NOWHERE = 2
#: the location is not the organization's, or not the number's
LOCATION = 4
#: the number is not in the inventory, or somebody else's
NUMBER = 8
#: the extension is somebody else's
EXTENSION = 16
#: the person is of another organization
EXTERNAL = 32
#: those of the properties
PROPERTIES = EXTERNAL - 1

#: flags of people, or places of rules
Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]

_NOTHING = np.uint64(0)


class People(NamedTuple):
    """Arrays of one length, an element for each person."""

    before: Bits
    add: Bits
    remove: Bits
    marks: Bytes
    #: licenses that have no unit for the person
    full: Bits

    def at(self, places: Places | slice) -> "People":
        return People(self.before[places], self.add[places], self.remove[places], self.marks[places], self.full[places])

    def whole(self) -> "People":
        """The same in arrays whose elements lie side by side."""
        before, add, remove = map(np.ascontiguousarray, (self.before, self.add, self.remove))
        return People(before, add, remove, np.ascontiguousarray(self.marks), np.ascontiguousarray(self.full))


@dataclass(slots=True, eq=False)
class _State:
    """People as all their standing items would leave them; the names are those of `core.judgement.State`."""

    before: Bits
    #: the licenses of the offers that were held before
    held: Bits
    marks: Bytes
    full: Bits
    #: standing items
    add: Bits
    remove: Bits
    added: Bits
    removed: Bits
    after: Bits


def refuse(masks: Masks, people: People) -> tuple[Bits, Bytes]:
    """The items that are refused to each person, and the first of the rules that refuse them."""
    refused = np.zeros_like(people.before)
    rule = np.full(len(refused), NONE, np.uint8)
    left = np.arange(len(refused))
    while left.size:
        fresh, first = _judge(masks, people, refused[left])
        falling = np.flatnonzero(fresh)
        left, people = left[falling], people.at(falling)
        rule[left] = np.minimum(rule[left], first[falling])
        refused[left] = fallen = _keep_swaps_whole(masks.swaps, people, refused[left] | fresh[falling])
        standing = np.flatnonzero((people.add | people.remove) & ~fallen)
        left, people = left[standing], people.at(standing)
    return refused, rule


def _judge(masks: Masks, people: People, refused: Bits) -> tuple[Bits, Bytes]:
    """The standing items that this state refuses, and the first rule that refuses any."""
    state = _assume(masks, people, ~refused)
    fresh = np.zeros_like(refused)
    first = np.full(len(refused), NONE, np.uint8)
    for rule in reversed(masks.rules):
        named = _NAMED[rule.kind](rule, state)
        fresh |= named
        np.copyto(first, rule.order, where=named != 0)
    return fresh, first


def _assume(masks: Masks, people: People, standing: Bits) -> _State:
    before = people.before
    add, remove = people.add & standing, people.remove & standing
    added, removed = add & ~before, remove & before
    after = before ^ added ^ removed
    return _State(before, masks.held(before), people.marks, people.full, add, remove, added, removed, after)


def _keep_swaps_whole(swaps: list[tuple[np.uint64, np.uint64]], people: People, refused: Bits) -> Bits:
    """Refuse removals whose replacements are all refused, and additions whose removal is, until no more fall.

    Removals that fell in an earlier round took their replacements with them, so they change nothing here.
    """
    takes, gives = people.remove & people.before, people.add & ~people.before
    fallen = refused
    while True:
        for taken, given in swaps:
            replacements = gives & given
            lost = (replacements != 0) & (replacements & ~fallen == 0)
            fallen = fallen | np.where(lost, takes & taken, _NOTHING)
        kept = fallen
        for taken, given in swaps:
            kept = kept | np.where(takes & taken & fallen, gives & given, _NOTHING)
        if np.array_equal(kept, fallen):
            return kept
        fallen = kept


def _unmanaged(rule: Mask, state: _State) -> Bits:
    return (state.add | state.remove) & rule.left


def _properties(rule: Mask, state: _State) -> Bits:
    new = np.where(state.marks & LACKING, state.add & ~state.held, _NOTHING)
    return np.where(state.marks & NOWHERE, state.add, new) & rule.left


def _marked(mark: int) -> Callable[[Mask, _State], Bits]:
    return lambda rule, state: np.where(state.marks & mark, state.add & rule.left, _NOTHING)


def _external(rule: Mask, state: _State) -> Bits:
    return np.where(state.marks & EXTERNAL, state.added & rule.left, _NOTHING)


def _transition(rule: Mask, state: _State) -> Bits:
    arriving = state.added & rule.right & ~state.held
    leaves = (state.removed & rule.left != 0) & (state.after & rule.left == 0)
    return np.where(leaves & (arriving != 0), arriving | state.removed & rule.left, _NOTHING)


def _conflict(rule: Mask, state: _State) -> Bits:
    both = (state.after & rule.left != 0) & (state.after & rule.right != 0)
    return np.where(both, state.added & (rule.left | rule.right), _NOTHING)


def _one_of(rule: Mask, state: _State) -> Bits:
    held = state.after & rule.left
    return np.where(held & held - np.uint64(1), state.added & rule.left, _NOTHING)


def _requires(rule: Mask, state: _State) -> Bits:
    lacking = (state.after & rule.left != 0) & (state.after & rule.right == 0)
    return np.where(lacking, state.added & rule.left | state.removed & rule.right, _NOTHING)


def _implicit(rule: Mask, state: _State) -> Bits:
    return state.removed & rule.left


def _capacity(rule: Mask, state: _State) -> Bits:
    return np.where(state.marks & EXTERNAL, _NOTHING, state.added & rule.left & state.full)


#: kind of rule -> the items that it names
_NAMED: dict[str, Callable[[Mask, _State], Bits]] = {
    "unmanaged": _unmanaged,
    "properties": _properties,
    "location": _marked(LOCATION),
    "number": _marked(NUMBER),
    "extension": _marked(EXTENSION),
    "external": _external,
    "transition": _transition,
    "conflict": _conflict,
    "one-of": _one_of,
    "requires": _requires,
    "implicit": _implicit,
    "capacity": _capacity,
}
