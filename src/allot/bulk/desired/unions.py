"""Unions: what several policies for one person come to.

What they add is put together, and what they remove. `exact` takes every license that no policy adds, but those that
Webex gives without counting them. A license that one policy adds and another removes is a contradiction, and so are
two locations, numbers or extensions: nobody gets whatever is written last.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from itertools import combinations

from msgspec import UNSET, structs

from allot.bulk.actual.snapshots import Person, Snapshot
from allot.bulk.desired.catalogues import Catalogue
from allot.bulk.desired.cells import Named
from allot.bulk.desired.desires import DesireFault, Fault, Want, in_order
from allot.bulk.desired.policies import Policy
from allot.bulk.desired.wants import calling_of
from allot.core.holding import Properties

# Emails that a sentence lists at most.
_SHOWN = 5


class Union:
    """What policies say of everybody: a `Desired`.

    Raises DesireFault with every contradiction there is for somebody, and where a policy asks for what the snapshot
    does not tell.
    """

    def __init__(self, source: str, catalogue: Catalogue, policies: list[Policy]) -> None:
        self.source = source
        self.notices: list[Fault] = []
        self._catalogue = catalogue
        self._policies = policies
        #: places of policies -> what they come to together
        self._known: dict[tuple[int, ...], Want] = {}
        self._left = {email: policy.line for policy in policies for email in policy.emails}
        self._clashes = {
            (one.name, other.name): what
            for one, other in combinations(policies, 2)
            if (what := _clash(catalogue, one, other))
        }

    def of(self, people: Sequence[Person]) -> list[Want | None]:
        """What all policies for each of these people come to."""
        return [self._of(person) for person in people]

    def _of(self, person: Person) -> Want | None:
        fitting = tuple(place for place, policy in enumerate(self._policies) if policy.fits(person))
        if not fitting:
            return None
        want = self._known.get(fitting)
        if want is None:
            want = self._known[fitting] = self._add_up([self._policies[place] for place in fitting])
        if want.properties is None:
            return want
        return structs.replace(want, have=calling_of(self._catalogue.calling, want.have, want.lack, person))

    def _add_up(self, policies: list[Policy]) -> Want:
        add = reduce(Named.and_, (policy.add for policy in policies))
        remove = reduce(Named.and_, (policy.remove for policy in policies))
        lack = remove.licenses
        if any(policy.exact for policy in policies):
            lack |= self._catalogue.all & ~self._catalogue.free & ~add.licenses
        return Want(policies[0].line, add.licenses, lack, _merge(policies), add.sites, remove.sites)

    def missing(self) -> Iterable[tuple[int | None, str]]:
        """Whoever is named one by one and is not in the snapshot."""
        return [(line, email) for email, line in self._left.items()]

    def look(self, snapshot: Snapshot, groups: Mapping[str, frozenset[str]]) -> None:
        """Go through everybody beforehand, so that all faults are told at once; `groups`: name -> emails."""
        fitted, strangers = Counter[str](), set[str]().union(*groups.values())
        #: line and sentence -> how many people, and the first of them
        wrong: dict[tuple[int | None, str], tuple[int, str]] = {}
        for block in snapshot.people():
            for person in block:
                self._left.pop(person.email, None)
                strangers.discard(person.email)
                fitting = [policy for policy in self._policies if policy.fits(person)]
                fitted.update(policy.name for policy in fitting)
                for at in self._wrong(person, fitting):
                    count, first = wrong.get(at, (0, person.email))
                    wrong[at] = count + 1, first
        if wrong:
            faults = [
                Fault(line, None, f"{what} (people: {count:,}, the first is {first})")
                for (line, what), (count, first) in wrong.items()
            ]
            raise DesireFault(self.source, in_order(faults))
        for policy in self._policies:
            if not fitted[policy.name] and not policy.emails:
                self.notices.append(Fault(policy.line, None, f"{policy.name} is for nobody in the snapshot"))
        for name, members in groups.items():
            if absent := sorted(members & strangers):
                what = f"group `{name}` has {len(absent):,} emails that nobody in the snapshot has: "
                more = ", …" if len(absent) > _SHOWN else ""
                self.notices.append(Fault(None, None, f"{what}{', '.join(absent[:_SHOWN])}{more}"))

    def _wrong(self, person: Person, fitting: list[Policy]) -> Iterable[tuple[int | None, str]]:
        for one, other in combinations(fitting, 2) if len(fitting) > 1 else ():
            if (one.name, other.name) in self._clashes:
                yield other.line, self._clashes[one.name, other.name]
        if UNSET in (person.department, person.calling, person.licenses):
            for policy in self._policies:
                asked = policy.unknown(person)
                if asked is not None:
                    what = f"{policy.name} asks for `{asked}`, which the snapshot does not tell of some who fit"
                    yield policy.line, f"{what}; pull it again as a full administrator, or leave `{asked}` out"


def _clash(catalogue: Catalogue, one: Policy, other: Policy) -> str | None:
    """How two policies contradict each other, where they are for the same person."""
    for adds, removes in ((one, other), (other, one)):
        both = adds.add.both(removes.remove)
        if any(both):
            return f"{adds.name} adds {both.show(catalogue)} and {removes.name} removes it, for the same people"
    if one.properties and other.properties:
        for member in ("location_id", "phone_number", "extension"):
            if len({getattr(one.properties, member), getattr(other.properties, member)} - {None}) > 1:
                what = member.removesuffix("_id").replace("_", " ")
                return f"{one.name} and {other.name} give two {what}s to the same people"
    return None


def _merge(policies: list[Policy]) -> Properties | None:
    said = [policy.properties for policy in policies if policy.properties]
    if not said:
        return None
    return Properties(
        next((each.location_id for each in said if each.location_id), None),
        next((each.phone_number for each in said if each.phone_number), None),
        next((each.extension for each in said if each.extension), None),
    )
