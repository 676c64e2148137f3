"""Decisions for many people at once: equal to `core.decision.decide` in what is refused and what is held after.

An engine is made once for a rulebook and an organization. `Engine.decide` takes arrays, with the licenses of a person
as the bits of one integer. What arrays cannot express is for the engine of core: sites, licenses that the
organization does not have, several properties for one person, and an organization of more than 64 licenses.
"""

import importlib
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np

from allot.bulk.decided.masks import PLACES_MAX, Bits, Masks, masks
from allot.bulk.decided.rounds import (
    EXTENSION,
    EXTERNAL,
    LACKING,
    LOCATION,
    NONE,
    NOWHERE,
    NUMBER,
    Bytes,
    People,
    Places,
    refuse,
)
from allot.bulk.decided.screens import ArrayScreener, Screener
from allot.core.holding import Properties
from allot.core.judgement import Situation, location_of
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook

# People at a time: their arrays stay in the cache of one core.
CHUNK = 16_384
#: people from whom on it is faster to load numba first
KERNEL_PAYS = 30_000_000


class Verdicts(NamedTuple):
    """What was decided, an element for each person. `rule` is the place in the rulebook of the first rule that
    refuses anything, or `rounds.NONE`."""

    refused: Bits
    after: Bits
    rule: Bytes


def marks(situation: Situation, properties: Properties | None) -> int:
    """What is judged of a person before arrays are made: the marks of `rounds`, as one integer."""
    found = EXTERNAL if situation.external else 0
    if properties is None:
        return found | LACKING
    organization, person_id = situation.organization, situation.person_id
    location_id, phone_number, extension = properties.location_id, properties.phone_number, properties.extension
    number = organization.numbers.get(phone_number or "")
    location = location_of(situation, properties)
    if not phone_number and not (extension and location_id):
        found |= LACKING | (NOWHERE if extension and situation.before.calling is None else 0)
    calling = situation.before.calling
    if location_id not in (None, calling and calling.location_id) and location_id not in organization.locations:
        found |= LOCATION
    if number is not None and number.location_id != location:
        found |= LOCATION
    if phone_number is not None and (number is None or number.owner_id not in (None, person_id)):
        found |= NUMBER
    user = organization.extensions.get((location or "", extension or ""))
    return found | (EXTENSION if extension is not None and user not in (None, person_id) else 0)


class Engine:
    """Decides under one rulebook for the people of one organization.

    `people` is about how many there will be: for very many of them numba is worth loading, where it is installed.
    """

    def __init__(self, rulebook: Rulebook, organization: Organization, people: int = 0) -> None:
        self._by_place = list(organization.licenses.values())
        self._masks: Masks | None = None
        if len(self._by_place) <= PLACES_MAX and len(rulebook.rules) <= NONE:
            self._masks = masks(rulebook, organization)
        self._screener = _screener(people)

    @property
    def full(self) -> int:
        """The licenses that have no unit left by the organization's own counters."""
        return sum(license.bit for license in self._by_place if not license.has_free_unit())

    def decide(
        self, before: Bits, add: Bits | int, remove: Bits | int, marks: Bytes | int = 0, full: Bits | int | None = None
    ) -> Verdicts:
        """Decide for everybody: an element of `before` for each person, and of the others too or one value for all.

        `full` are licenses without a unit for the person, the organization's own without it. Raises ValueError when
        the organization has more than 64 licenses or the rulebook more than 255 rules, arrays differ in length, or a
        license is both added and removed.
        """
        if self._masks is None:
            raise ValueError(
                f"the organization has more than {PLACES_MAX} licenses, or the rulebook more than {NONE} rules: "
                "decide for each person with core.decision.decide"
            )
        add, remove, full = (
            np.broadcast_to(np.asarray(each, np.uint64), before.shape)
            for each in (add, remove, self.full if full is None else full)
        )
        everybody = People(before, add, remove, np.broadcast_to(np.asarray(marks, np.uint8), before.shape), full)
        after = np.empty_like(before)
        suspects = self._suspects(self._masks, everybody, after)
        refused = np.zeros(before.shape, np.uint64)
        rule = np.full(before.shape, NONE, np.uint8)
        for start in range(0, len(suspects), CHUNK):
            who = suspects[start : start + CHUNK]
            people = everybody.at(who)
            if (people.add & people.remove).any():
                raise ValueError("a license is both to be added and to be removed: leave one of them out")
            fallen, rule[who] = refuse(self._masks, people)
            refused[who] = fallen
            after[who] = (people.before | people.add & ~fallen) & ~(people.remove & ~fallen)
        return Verdicts(refused, after, rule)

    def _suspects(self, masks: Masks, everybody: People, after: Bits) -> Places:
        """Fill `after` as if nothing were refused; the places of those to whom something may be."""
        suspect = np.empty(min(len(after), CHUNK), np.bool_)
        found = [np.empty(0, np.intp)]
        for start in range(0, len(after), CHUNK):
            part = slice(start, start + CHUNK)
            people = everybody.at(part).whole()
            flags = suspect[: len(people.before)]
            self._screener(masks.screen, people, after[part], flags)
            found.append(np.flatnonzero(flags) + start)
        return np.concatenate(found)


def _screener(people: int) -> Screener:
    if people >= KERNEL_PAYS and find_spec("numba") is not None:
        compiled: Screener = importlib.import_module("allot.bulk.decided.kernels").screen
        return compiled
    return ArrayScreener(CHUNK)
