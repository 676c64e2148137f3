"""The way: the shortest series of requests that ends with what was asked, each of them accepted whole.

Found by trying: the search goes breadth first over the number of requests, and every request that it
offers has been decided by the same `decide` that will decide it when it is sent. Among ways of equally
many requests it takes the one that changes the least besides what was asked, then the one with the
fewest steps, then the one that loses the least for good.

Unasked licenses are added only where a rule requires one of their offer, and removed only where the
person holds them. What no rule connects is searched apart, so that a long request costs its length.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from allot.core.decision import decide
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem
from allot.core.judgement import Situation
from allot.core.license import License
from allot.core.organization import Number, Organization
from allot.core.piece import Piece, connected, split
from allot.core.rule import DOUBLE, Rule
from allot.core.rulebook import Rulebook

# Longer ways than this are no help to anybody.
REQUESTS_MAX = 3
# Decisions tried for one explanation: some ten milliseconds.
TRIALS_MAX = 4_000

# Rules about what a person holds, whichever request led there.
_OF_STATE = ("conflict", "one-of", "requires")
#: stands for the location and the extension that the user has yet to name
SOMEWHERE = Properties("the location to name", None, "the extension to name")


#: what a way is made of
Move = LicenseItem | SiteItem


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One item of one request of a way. `item.properties` is what to send, as far as it is known."""

    item: Move
    #: whether the request asked for it; the others are prerequisites and conflicts
    asked: bool
    #: it takes the last calling license: number, extension and settings are lost
    irreversible: bool = False
    #: the user must say which number or extension, and at which location
    properties_needed: bool = False


#: the requests of a way, each with its steps
Way = tuple[tuple[Step, ...], ...]


@dataclass(slots=True, eq=False)
class _Path:
    """How a holding was reached."""

    holding: Holding
    requests: tuple[tuple[Move, ...], ...] = ()
    losses: int = 0

    @property
    def cost(self) -> tuple[object, ...]:
        steps = sum(len(items) for items in self.requests)
        return steps, self.losses, [[_key(item) for item in items] for items in self.requests]


@dataclass(slots=True, eq=False)
class Search:
    """The search for one request. `exhausted` says that it was given up, not that there is no way."""

    rulebook: Rulebook
    situation: Situation
    items: list[Item]
    trials: int = 0
    exhausted: bool = False
    asked: dict[int, LicenseItem] = field(init=False)
    #: the asked item whose properties the person is to end with
    leading: LicenseItem | None = field(init=False)
    #: what the person holds at the end of the way that was found
    reached: Holding = field(init=False)
    _organization: Organization = field(init=False)
    _broken: frozenset[Rule] = field(init=False)

    def __post_init__(self) -> None:
        before = self.reached = self.situation.before
        self.asked = {item.license.number: item for item in self.items if type(item) is LicenseItem}
        telling = [item for item in self.asked.values() if _tells(item)]
        self.leading = min(telling, key=lambda item: (item.license.offer.bit, item.license.number), default=None)
        self._organization = _with_own_place(self.situation)
        self._broken = frozenset(self._breaks(before.licenses))

    def way(self) -> Way | None:
        """The shortest way, or None when there is none."""
        parts: list[_Path] = []
        for pieces in connected(self.rulebook, split(self.rulebook, self._organization, self.situation, self.items)):
            if self._fulfilled(pieces, self.situation.before):
                continue
            found = self._solve(pieces)
            if found is None or self.exhausted:
                return None
            parts.append(found)
        requests = [
            tuple(item for part in parts if place < len(part.requests) for item in part.requests[place])
            for place in range(max((len(part.requests) for part in parts), default=0))
        ]
        return tuple(self._verified(requests))

    # ---------------------------------------------------------------- the search of one group

    def _solve(self, pieces: list[Piece]) -> _Path | None:
        before = self.situation.before
        frontier = {before: _Path(before)}
        seen = {before}
        for _ in range(REQUESTS_MAX):
            found = self._finish(frontier, pieces)
            if found is not None:
                return found
            frontier = self._expand(frontier, pieces, seen)
            seen.update(frontier)
        return None

    def _finish(self, frontier: dict[Holding, _Path], pieces: list[Piece]) -> _Path | None:
        """The best path that one more request completes."""
        by_extent: dict[int, list[tuple[bool, ...]]] = {}
        for target in self._targets(pieces, final=True):
            extent = sum(
                piece.size
                for piece, wanted in zip(pieces, target, strict=True)
                if piece.goal is None and wanted != piece.present(self.situation.before)
            )
            by_extent.setdefault(extent, []).append(target)
        for extent in sorted(by_extent):
            paths = [path for target in by_extent[extent] for path in self._onward(frontier, pieces, target)]
            found = [path for path in paths if self._fulfilled(pieces, path.holding)]
            if found:
                return min(found, key=lambda path: path.cost)
        return None

    def _expand(self, frontier: dict[Holding, _Path], pieces: list[Piece], seen: set[Holding]) -> dict[Holding, _Path]:
        """All holdings that one more request leads to, each with the best path to it."""
        reached: dict[Holding, _Path] = {}
        for target in self._targets(pieces, final=False):
            for path in self._onward(frontier, pieces, target):
                known = reached.get(path.holding)
                if path.holding not in seen and (known is None or path.cost < known.cost):
                    reached[path.holding] = path
        return reached

    def _targets(self, pieces: list[Piece], *, final: bool) -> Iterator[tuple[bool, ...]]:
        """The ways to have or not to have each piece that break no rule of state anew."""
        choices = [(piece.goal,) if final and piece.goal is not None else (True, False) for piece in pieces]
        others = self.situation.before.licenses & ~sum(piece.bits for piece in pieces)
        for target in product(*choices):
            self._count()
            if self.exhausted:
                return
            bits = sum(piece.bits for piece, wanted in zip(pieces, target, strict=True) if wanted)
            if all(rule in self._broken for rule in self._breaks(others | bits)):
                yield tuple(bool(wanted) for wanted in target)

    def _onward(self, frontier: dict[Holding, _Path], pieces: list[Piece], target: tuple[bool, ...]) -> Iterator[_Path]:
        """The paths that reach a target by one more request, accepted whole."""
        for path in frontier.values():
            moves = [
                item
                for piece, wanted in zip(pieces, target, strict=True)
                if wanted != piece.present(path.holding)
                for item in self._moves(piece, wanted)
            ]
            for touch in self._touches(pieces, path.holding, moves):
                self._count()
                if self.exhausted:
                    return
                items = tuple(sorted([*moves, *touch], key=_key))
                after = self._try(path.holding, items) if items else None
                if after is not None:
                    lost = path.holding.calling is not None and after.calling is None
                    yield _Path(after, (*path.requests, items), path.losses + lost)

    def _moves(self, piece: Piece, wanted: bool) -> list[Move]:
        if piece.site is not None:
            return [SiteItem(piece.site, wanted)]
        return [
            LicenseItem(license, wanted, self._properties(license) if wanted and license.offer.calling else None)
            for license in piece.licenses
        ]

    def _touches(self, pieces: list[Piece], holding: Holding, moves: list[Move]) -> list[list[Move]]:
        """Nothing, or the leading item once more: to change the properties of a license that is held."""
        leading = self.leading
        moved = {item.license.number for item in moves if type(item) is LicenseItem}
        if leading is None or not leading.license.bit & holding.licenses or leading.license.number in moved:
            return [[]]
        if not any(leading.license.bit & piece.bits for piece in pieces):
            return [[]]
        return [[], [LicenseItem(leading.license, True, self._properties(leading.license))]]

    # ---------------------------------------------------------------- trying

    def _try(self, holding: Holding, items: tuple[Move, ...]) -> Holding | None:
        """The holding after a request, None when it is not accepted whole."""
        situation = replace(self.situation, organization=self._organization, before=holding)
        posed: list[Item] = [self._posed(holding, item) for item in items]
        decision = decide(self.rulebook, situation, posed)
        return None if any(decision.faults) else decision.after

    def _posed(self, holding: Holding, item: Move) -> Move:
        """An item as the simulated organization would see it: its own unit freed, unknown properties filled in."""
        if isinstance(item, SiteItem) or not item.add:
            return item
        license, properties = item.license, item.properties
        if license.bit & self.situation.before.licenses & ~holding.licenses:
            license = replace(license, consumed_by_users=license.consumed_by_users - 1)
        if license.offer.calling and not _complete(properties):
            given = properties or Properties()
            properties = replace(SOMEWHERE, extension=given.extension or SOMEWHERE.extension)
        return LicenseItem(license, True, properties)

    def _count(self) -> None:
        self.trials += 1
        self.exhausted = self.trials > TRIALS_MAX

    def _breaks(self, licenses: int) -> list[Rule]:
        """The rules of state that are broken by who holds these."""
        held = self._organization.held(licenses)
        offers = self._organization.offers(licenses) & ~DOUBLE
        return [rule for rule in self.rulebook.rules if rule.kind in _OF_STATE and _is_broken(rule, held, offers)]

    def _fulfilled(self, pieces: list[Piece], holding: Holding) -> bool:
        """Whether the holding is what was asked, as far as these pieces go."""
        if any(piece.goal is not None and piece.goal != piece.present(holding) for piece in pieces):
            return False
        leading = self.leading
        if leading is None or not any(leading.license.bit & piece.bits for piece in pieces):
            return True
        wanted, calling = leading.properties or Properties(), holding.calling or Calling("")
        return all(
            text is None or text == found
            for text, found in ((wanted.phone_number, calling.phone_number), (wanted.extension, calling.extension))
        )

    def _properties(self, license: License) -> Properties | None:
        """The properties to send: its own, else those that are asked for, else those of today; as far as known."""
        calling = self.situation.before.calling
        item = self.asked.get(license.number)
        own = item.properties if item is not None and item.add else None
        if own is not None and own.reachable:
            if _complete(own) or calling is None:
                return own
            return replace(own, location_id=calling.location_id)
        if self.leading is not None and self.leading.license is not license:
            return self._properties(self.leading.license)
        if calling is not None and (own is None or own.location_id in (None, calling.location_id)):
            return Properties(calling.location_id, calling.phone_number, calling.extension)
        return own

    # ---------------------------------------------------------------- what is offered

    def _verified(self, requests: list[tuple[Move, ...]]) -> Iterator[tuple[Step, ...]]:
        """The requests with their flags, decided once more as they will be sent: one after the other, whole."""
        holding = self.situation.before
        for items in requests:
            after = self._try(holding, items)
            assert after is not None  # the groups do not touch each other
            lost = holding.calling is not None and after.calling is None
            yield tuple(self._step(item, lost=lost) for item in sorted(items, key=_key))
            holding = self.reached = after

    def _step(self, item: Move, *, lost: bool) -> Step:
        if isinstance(item, SiteItem):
            return Step(item, asked=True)
        asked = self.asked.get(item.license.number)
        calling = item.license.offer.calling
        return Step(
            item,
            asked is not None and asked.add == item.add,
            irreversible=lost and calling and not item.add,
            properties_needed=item.add and calling and not _complete(item.properties),
        )


def _is_broken(rule: Rule, held: list[License], offers: int) -> bool:
    if rule.kind == "one-of":
        return any(sum(1 for license in held if license.offer.bit & each) > 1 for each in rule.sets)
    return rule.may_be_broken(0, 0, offers)


def _tells(item: LicenseItem) -> bool:
    return bool(item.add and item.license.offer.calling and item.properties and item.properties.reachable)


def _complete(properties: Properties | None) -> bool:
    return properties is not None and bool(properties.phone_number or (properties.extension and properties.location_id))


def _key(item: Move) -> tuple[bool, bool, int, str]:
    """Licenses before sites, removals before additions, then the organization's order."""
    if isinstance(item, LicenseItem):
        return False, item.add, item.license.number, ""
    return True, item.add, 0, item.url


def _with_own_place(situation: Situation) -> Organization:
    """The organization with what is sure to exist: where the person is reached now, and the place to name."""
    organization, calling = situation.organization, situation.before.calling
    locations = {*organization.locations, SOMEWHERE.location_id or ""}
    numbers = dict(organization.numbers)
    if calling is not None:
        locations.add(calling.location_id)
        if calling.phone_number:
            numbers[calling.phone_number] = Number(calling.location_id, situation.person_id)
    return replace(organization, locations=locations, numbers=numbers)
