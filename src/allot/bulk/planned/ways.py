"""Ways: what is to be done for each shape of people, or why nothing can be: found once, and told of everybody alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from allot.bulk.actual.snapshots import Calling
from allot.bulk.decided.decisions import Engine, marks
from allot.bulk.decided.masks import PLACES_MAX
from allot.bulk.planned.asks import ME, SOMEBODY, Refused, Shape
from allot.bulk.planned.changes import Reason, Request
from allot.core.explanation import Explanation, explain
from allot.core.fault import describe
from allot.core.holding import Holding, Item, LicenseItem, SiteItem, bits
from allot.core.judgement import Situation
from allot.core.license import STRICT, License
from allot.core.organization import Number, Organization
from allot.core.rule import Rule
from allot.core.rulebook import Rulebook

Ask = Shape | Refused


@dataclass(slots=True)
class Answer:
    """What becomes of the people of a shape; texts are the signs of `asks` where they are a person's own."""

    ask: Ask
    #: licenses that have no unit for them, as bits
    full: int = 0
    #: licenses that they have in the end and had not, and that they had and have no more, as bits
    gained: int = 0
    lost: int = 0
    #: licenses of which a unit is needed on the way, as bits; people of another organization need none
    uses: int = 0
    requests: list[Request] = field(default_factory=list)
    #: whether calling is another one in the end, and which
    moved: bool = False
    calling: Calling | None = None
    #: attendee sites in the end; None: as before
    attendee: list[str] | None = None
    irreversible: bool = False
    unasked: list[int] = field(default_factory=list)
    #: why nothing is done; then there are no requests
    reasons: list[Reason] = field(default_factory=list)
    #: what was asked for, as one request
    asked: Request | None = None

    @property
    def gives(self) -> int:
        """Licenses of which a unit is there for others in the end, as bits."""
        return 0 if isinstance(self.ask, Refused) or self.ask.external else self.lost


class Answers:
    """The answers for one organization, remembered: `told` has them by number.

    `organization` has units for everybody; `free` are the units of each license by its place, None: no limit.
    `protected`: licenses that are neither given nor taken, as bits.
    """

    def __init__(
        self, rulebook: Rulebook, organization: Organization, free: Sequence[int | None], protected: int
    ) -> None:
        self._rulebook = rulebook
        self._organization = organization
        self._licenses = list(organization.licenses.values())
        self._free = free
        self._protected = protected
        self._engine = Engine(rulebook, organization)
        self._calling = sum(license.bit for license in self._licenses if license.offer.calling)
        self._organizations: dict[int, Organization] = {}
        self._numbers: dict[tuple[Ask, int], int] = {}
        self.told: list[Answer] = []

    def number(self, asks: Iterable[Ask]) -> list[int]:
        """The numbers of the answers to asks, while every license has units."""
        asks = list(asks)
        accepted = self._accepted([ask for ask in asks if isinstance(ask, Shape)])
        return [self._number(ask, 0, ask in accepted) for ask in asks]

    def without(self, number: int, place: int) -> int:
        """The number of the answer to the same people, when this license too has no unit for them."""
        answer = self.told[number]
        return self._number(answer.ask, answer.full | 1 << place, False)

    def _number(self, ask: Ask, full: int, accepted: bool) -> int:
        found = self._numbers.get((ask, full))
        if found is None:
            found = self._numbers[ask, full] = len(self.told)
            self.told.append(self._answer(ask, full, accepted))
        return found

    def _accepted(self, shapes: list[Shape]) -> set[Shape]:
        """The shapes to which nothing is refused: all at once, as far as arrays can express them."""
        plain = [shape for shape in shapes if not (shape.attendee or shape.attend or shape.leave or shape.properties)]
        if len(self._licenses) > PLACES_MAX or not plain:
            return set()
        before, add, remove = (np.array([shape[column] for shape in plain], np.uint64) for column in range(3))
        marked = np.array([marks(self._situation(shape, 0), None) for shape in plain], np.uint8)
        found = self._engine.decide(before, add, remove, marked, 0)
        return {shape for shape, refused in zip(plain, found.refused.tolist(), strict=True) if not refused}

    def _answer(self, ask: Ask, full: int, accepted: bool) -> Answer:
        if isinstance(ask, Refused):
            return Answer(ask, full, reasons=[Reason(ask.rule, ask.what)])
        items = self._items(ask, full)
        answer = Answer(ask, full, asked=_request(_moves(ask, items)))
        if accepted:
            answer.requests = [answer.asked or Request()]
            after = ask.held & ~ask.lack | ask.have
            self._reach(answer, ask, Holding(after, ask.attendee, ask.calling if after & self._calling else None))
        else:
            self._explain(answer, ask, items)
        held_back = [] if answer.reasons else self._held_back(answer, ask)
        return Answer(ask, full, reasons=held_back, asked=answer.asked) if held_back else answer

    def _explain(self, answer: Answer, shape: Shape, items: list[Item]) -> None:
        found = explain(self._rulebook, self._situation(shape, answer.full), items)
        if not found.decision.refused:
            answer.requests = [_request(_moves(shape, items))]
            self._reach(answer, shape, found.decision.after)
        elif not (found.way and found.reached):
            answer.reasons = self._reasons(found)
        elif needing := [step.item for steps in found.way for step in steps if step.properties_needed]:
            answer.reasons = [self._needing(item) for item in needing if isinstance(item, LicenseItem)]
            named = {reason.rule for reason in answer.reasons}
            # What refuses the request as it was asked is told, too, behind what would do.
            answer.reasons += [reason for reason in self._reasons(found) if reason.rule not in named]
        else:
            answer.requests = [_request([step.item for step in steps]) for steps in found.way]
            answer.irreversible = any(step.irreversible for steps in found.way for step in steps)
            unasked = {
                step.item.license.number
                for steps in found.way
                for step in steps
                if isinstance(step.item, LicenseItem) and not step.asked
            }
            answer.unasked = sorted(unasked)
            self._reach(answer, shape, found.reached)

    def _reach(self, answer: Answer, shape: Shape, after: Holding) -> None:
        """Write down what a shape comes to."""
        answer.gained, answer.lost = after.licenses & ~shape.held, shape.held & ~after.licenses
        taken = sum({1 << place for request in answer.requests for place in request.add}) & ~shape.held
        answer.uses = 0 if shape.external else answer.gained | taken
        answer.attendee = sorted(after.attendee) if after.attendee != shape.attendee else None
        answer.moved = after.calling != shape.calling
        answer.irreversible |= shape.calling is not None and after.calling is None
        told = after.calling
        answer.calling = Calling(told.location_id or None, told.phone_number, told.extension) if told else None

    def _held_back(self, answer: Answer, shape: Shape) -> list[Reason]:
        """Why a way is not gone, though the rules would let it."""
        short = [self._short(self._licenses[place]) for place in bits(answer.uses & answer.full)]
        if short:  # a rulebook of one's own may have no rule about units; they are counted all the same
            return [Reason("no-units-left", ". ".join(short))]
        touched = {place for request in answer.requests for place in (*request.add, *request.remove)}
        protected = [self._name(place) for place in sorted(touched) if self._protected >> place & 1]
        if protected:
            what = (
                f"{', '.join(protected)} is protected, and would be given or taken; plan with --force if that is meant"
            )
            return [Reason("protected-license", what)]
        wanted = shape.properties.location_id if shape.properties else None
        if wanted is not None and answer.calling is not None and answer.calling.location_id != wanted:
            what = "they are at another location, and Webex moves people by a job of its own; leave the location out"
            return [Reason("location-stays", what, "assumed")]
        return []

    def _reasons(self, found: Explanation) -> list[Reason]:
        reasons: dict[Rule, list[Item]] = {}
        for item, rules in zip(found.decision.items, found.violations, strict=True):
            for rule in rules:
                reasons.setdefault(rule, []).append(item)
        # Units come first: no request mends that they are gone, and most of the others a way would have mended.
        ordered = sorted(reasons, key=lambda rule: (rule.kind != "capacity", rule.order))
        return [Reason(rule.id, self._sentence(rule, reasons[rule]), rule.provenance.kind) for rule in ordered]

    def _sentence(self, rule: Rule, items: list[Item]) -> str:
        if rule.kind == "capacity":
            return ". ".join(self._short(item.license) for item in items if isinstance(item, LicenseItem))
        return f"{describe(self._rulebook, rule, items).rstrip('.')}. {rule.remedy}"

    def _short(self, license: License) -> str:
        free = max(0, self._free[license.number] or 0)
        left = f"its {free} free units go" if free > 1 else "its free unit goes" if free else "what becomes free goes"
        return f"{self._name(license.number)} has no unit left: {left} to others. Take it from somebody, or buy more"

    def _needing(self, item: LicenseItem) -> Reason:
        what = f"{self._name(item.license.number)} needs a number, or an extension and its location. Name them"
        return Reason("calling-properties", what, "documented")

    def _name(self, place: int) -> str:
        license = self._licenses[place]
        return f"{license.name} in {license.subscription_id}" if license.subscription_id else license.name

    def _items(self, shape: Shape, full: int) -> list[Item]:
        licenses = list(self._with_units(full).licenses.values())
        items: list[Item] = [LicenseItem(licenses[place], False) for place in bits(shape.lack)]
        for place in bits(shape.have):
            license, moves = licenses[place], bool(1 << place & (shape.touch | ~shape.held))
            items.append(LicenseItem(license, True, shape.properties if license.offer.calling and moves else None))
        items += [SiteItem(url, True) for url in shape.attend]
        return items + [SiteItem(url, False) for url in shape.leave]

    def _situation(self, shape: Shape, full: int) -> Situation:
        """The situation of somebody who is nobody: their own texts are the signs."""
        base = self._with_units(full)
        told, numbers = shape.properties, dict[str, Number]()
        if told is not None and told.phone_number and shape.number:
            numbers[told.phone_number] = Number(*shape.number)
        extensions = {(place, told.extension or ""): SOMEBODY for place in shape.taken} if told else {}
        organization = replace(base, locations=set(shape.locations), numbers=numbers, extensions=extensions)
        return Situation(organization, ME, shape.external, Holding(shape.held, shape.attendee, shape.calling))

    def _with_units(self, full: int) -> Organization:
        """The organization when only these licenses have no unit."""
        found = self._organizations.get(full)
        if found is None:
            licenses = {
                license.id: replace(license, policy=STRICT, total_units=license.consumed_units)
                if license.bit & full
                else license
                for license in self._licenses
            }
            found = self._organizations[full] = replace(self._organization, licenses=licenses)
        return found


def _moves(shape: Shape, items: Sequence[Item]) -> list[Item]:
    """The items that change something: what is held or lacked already is asked for only so that no way loses it."""
    return [
        item
        for item in items
        if (isinstance(item, LicenseItem) and item.add != bool(item.license.bit & shape.held & ~shape.touch))
        or (isinstance(item, SiteItem) and item.add != (item.url in shape.attendee))
    ]


def _request(items: Sequence[Item]) -> Request:
    request = Request()
    for item in items:
        if isinstance(item, LicenseItem):
            (request.add if item.add else request.remove).append(item.license.number)
            if item.properties:
                told = item.properties
                request.calling = Calling(told.location_id, told.phone_number, told.extension)
        elif isinstance(item, SiteItem):
            (request.attend if item.add else request.leave).append(item.url)
    return request
