"""A piece: what of a person's holding comes and goes together on the way to what was asked."""

from collections.abc import Iterator
from dataclasses import dataclass

from allot.core.holding import Holding, Item, LicenseItem, SiteItem
from allot.core.judgement import Situation
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook


@dataclass(slots=True, eq=False)
class Piece:
    """Licenses of one offer, or one site."""

    licenses: tuple[License, ...] = ()
    site: str | None = None
    #: what was asked of it; None when nothing was
    goal: bool | None = None
    bits: int = 0

    def __post_init__(self) -> None:
        self.bits = sum(license.bit for license in self.licenses)

    @property
    def size(self) -> int:
        """How many steps it takes to move it."""
        return len(self.licenses) or 1

    def present(self, holding: Holding) -> bool:
        """Whether it is held."""
        return bool(holding.licenses & self.bits) if self.site is None else self.site in holding.attendee


def split(rulebook: Rulebook, organization: Organization, situation: Situation, items: list[Item]) -> list[Piece]:
    """All that may be changed: what is asked, what is held, and what a rule may require."""
    held = situation.before.licenses
    asked = {item.license.number: item.add for item in items if type(item) is LicenseItem}
    needed = 0
    for rule in rulebook.rules:
        needed |= rule.right if rule.kind == "requires" else 0
    limited = any(rule.kind == "capacity" for rule in rulebook.rules)
    pieces: dict[tuple[int, str | None, bool, bool | None], list[License]] = {}
    for license in organization.licenses.values():
        goal, has = asked.get(license.number), bool(held & license.bit)
        key = (license.offer.bit, license.site_url, has, goal)
        if goal is not None or has:
            pieces.setdefault(key, []).append(license)
        elif license.offer.bit & needed and (license.has_free_unit() or not limited):
            pieces.setdefault(key, [license])  # one of them will do
    sites = [Piece(site=item.url, goal=item.add) for item in items if type(item) is SiteItem]
    return [Piece(tuple(licenses), goal=key[3]) for key, licenses in pieces.items()] + sites


def connected(rulebook: Rulebook, pieces: list[Piece]) -> Iterator[list[Piece]]:
    """The pieces in groups that no rule connects."""
    # Calling licenses share a number; the two sides of a rule share that rule.
    masks = [mask for rule in rulebook.rules for mask in rule.sets or (rule.left | rule.right,)] + [rulebook.calling]
    left = pieces
    while left:
        group, left = left[:1], left[1:]
        for member in group:  # grows while it is read
            near = [piece for piece in left if _touch(masks, member, piece)]
            left = [piece for piece in left if piece not in near]
            group += near
        yield group


def _touch(masks: list[int], one: Piece, other: Piece) -> bool:
    if one.site is not None or other.site is not None:
        sites = [{piece.site, *(license.site_url for license in piece.licenses)} - {None} for piece in (one, other)]
        return bool(sites[0] & sites[1])
    left, right = one.licenses[0].offer.bit, other.licenses[0].offer.bit
    return any(left & mask and right & mask for mask in masks)
