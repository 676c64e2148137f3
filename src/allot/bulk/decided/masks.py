"""The rules of a rulebook as masks over the licenses of one organization: bit n is the license at place n of its list.

Rules speak of offers, holdings of licenses. Here each set of offers becomes the set of this organization's licenses
of those offers, once, so that a rule is a few operations on the bits of a person, or of thousands in an array.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from allot.core.license import STRICT, License
from allot.core.offer import Offer
from allot.core.organization import Organization
from allot.core.rule import Rule
from allot.core.rulebook import Rulebook

#: sets of licenses, one for each person
Bits = npt.NDArray[np.uint64]
#: licenses that an array of bits can speak of
PLACES_MAX = 64

_NOTHING = np.uint64(0)


class Mask(NamedTuple):
    """One rule, or one set of a `one-of` rule; `left` and `right` mean what they do in `core.rule.Rule`.

    `left` of a rule about single licenses are those that it can name.
    """

    kind: str
    order: int
    left: np.uint64
    right: np.uint64 = _NOTHING


class Screen(NamedTuple):
    """What nobody is refused without: tests that are cheaper than the rules, and miss no refusal.

    Rules of one kind are merged where the test stays the same.
    """

    #: refused whether added or removed
    unmanaged: np.uint64
    #: refused when taken away
    implicit: np.uint64
    #: refused when newly added and there is no unit
    limited: np.uint64
    #: refused when newly added to somebody of another organization
    foreign: np.uint64
    #: refused when added with properties that will not do
    calling: np.uint64
    #: rows of two: not both after; not the first without the second after; not the first lost and the second added
    apart: Bits
    needs: Bits
    moves: Bits
    #: at most one license of each after
    sets: Bits


@dataclass(frozen=True, slots=True, eq=False)
class Masks:
    """A rulebook compiled for one organization of at most 64 licenses."""

    #: in the order of judgement, without those that can name no license of this organization
    rules: list[Mask]
    #: licenses whose offer is one of the rulebook's
    known: np.uint64
    #: the licenses of each offer that has several: to have one is to have the offer
    alike: list[np.uint64]
    #: removals and the additions that replace them: both happen, or neither
    swaps: list[tuple[np.uint64, np.uint64]]
    screen: Screen

    def held(self, before: Bits) -> Bits:
        """The licenses of the offers that are held."""
        held = before & self.known
        for mask in self.alike:
            held |= np.where(before & mask, mask, _NOTHING)
        return held


def masks(rulebook: Rulebook, organization: Organization) -> Masks:
    """Compile; the organization has at most 64 licenses."""
    licenses = list(organization.licenses.values())

    def of(offers: int) -> np.uint64:
        return _bits(licenses, lambda each: bool(each.offer.bit & offers))

    rules = [mask for rule in rulebook.rules for mask in _compile(rule, licenses, of) if _can_name(mask)]
    by_offer: dict[Offer, list[License]] = {}
    for license in licenses:
        if license.offer.bit:
            by_offer.setdefault(license.offer, []).append(license)
    replaced: dict[np.uint64, np.uint64] = {}
    for offer in by_offer:
        if given := of(rulebook.exclusive(offer)):
            replaced[given] = replaced.get(given, _NOTHING) | of(offer.bit)
    return Masks(
        rules,
        of(-1),
        [of(offer.bit) for offer, same in by_offer.items() if len(same) > 1],
        [(taken, given) for given, taken in replaced.items()],
        _screen(rules),
    )


def _compile(rule: Rule, licenses: list[License], of: Callable[[int], np.uint64]) -> Iterable[Mask]:
    match rule.kind:
        case "unknown" | "site":  # not about licenses of the organization
            return ()
        case "properties" | "location" | "number" | "extension":
            return (Mask(rule.kind, rule.order, _bits(licenses, lambda each: each.offer.calling)),)
        case "external":
            return (Mask(rule.kind, rule.order, _bits(licenses, lambda each: not each.offer.meetings)),)
        case "capacity":
            limited = _bits(licenses, lambda each: each.policy == STRICT and not each.offer.free)
            return (Mask(rule.kind, rule.order, limited),)
        case "one-of":
            return [Mask(rule.kind, rule.order, of(each)) for each in rule.sets]
    return (Mask(rule.kind, rule.order, of(rule.left), of(rule.right)),)


def _can_name(mask: Mask) -> bool:
    if mask.kind in ("transition", "conflict"):
        return bool(mask.left and mask.right)
    return mask.left.bit_count() > 1 if mask.kind == "one-of" else bool(mask.left)


def _screen(rules: list[Mask]) -> Screen:
    def any_of(*kinds: str) -> np.uint64:
        return reduce(or_, (rule.left for rule in rules if rule.kind in kinds), _NOTHING)

    return Screen(
        any_of("unmanaged"),
        any_of("implicit"),
        any_of("capacity"),
        any_of("external"),
        any_of("properties", "location", "number", "extension"),
        _merged(rules, "conflict"),
        _merged(rules, "requires"),
        _merged(rules, "transition"),
        np.array([rule.left for rule in rules if rule.kind == "one-of"], np.uint64),
    )


def _merged(rules: list[Mask], kind: str) -> Bits:
    """The two sides of the rules of a kind, one row for each right side: the left is all that stands against it."""
    merged: dict[np.uint64, np.uint64] = {}
    for rule in rules:
        if rule.kind == kind:
            merged[rule.right] = merged.get(rule.right, _NOTHING) | rule.left
    return np.array([(left, right) for right, left in merged.items()], np.uint64).reshape(-1, 2)


def _bits(licenses: list[License], chosen: Callable[[License], bool]) -> np.uint64:
    return np.uint64(sum(license.bit for license in licenses if chosen(license)))
