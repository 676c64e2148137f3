"""Policies: what everybody is to have of whom something is true, made of what is written in whatever form.

All filters of a policy must fit, of the values of one filter any; of `lacks` all, as it is the opposite of `holds`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import reduce
from typing import NamedTuple, TypeVar

from msgspec import UNSET

from allot.bulk.actual.snapshots import Person
from allot.bulk.desired.catalogues import Catalogue, Unclear
from allot.bulk.desired.cells import EMAIL, NOTHING, Named, extension, one, phone_number
from allot.bulk.desired.desires import Fault
from allot.core.holding import Properties

T = TypeVar("T")
#: whether a person fits; None where the snapshot does not tell
Filter = Callable[[Person], bool | None]
WHO = ("email", "department", "location", "group", "holds", "lacks")
WHAT = ("add", "remove", "exact")
CALLING = ("location", "extension", "number")
_WILD = re.compile(r"[*?\[]")


class Text(NamedTuple):
    """A text and where it is written: line and column from 1, or the name of an option."""

    text: str
    line: int | None = None
    column: int | str | None = None


@dataclass(slots=True)
class Written:
    """A policy as it is written: the texts of `WHO`, of `WHAT` and of `CALLING` by these names."""

    name: Text
    who: dict[str, list[Text]] = field(default_factory=dict)
    what: dict[str, list[Text]] = field(default_factory=dict)
    calling: dict[str, list[Text]] = field(default_factory=dict)


@dataclass(slots=True)
class Policy:
    """A policy that is clear."""

    name: str
    line: int | None
    filters: dict[str, Filter] = field(default_factory=dict)
    #: emails that are named one by one, with their lines
    emails: dict[str, int | None] = field(default_factory=dict)
    add: Named = NOTHING
    remove: Named = NOTHING
    exact: bool = False
    properties: Properties | None = None

    def unknown(self, person: Person) -> str | None:
        """The filter because of which it is not known whether the policy is for a person."""
        said = {name: fits(person) for name, fits in self.filters.items()}
        if False in said.values():
            return None
        return next((name for name, fits in said.items() if fits is None), None)

    def fits(self, person: Person) -> bool:
        """Whether the policy is for a person."""
        return all(fits(person) for fits in self.filters.values())


class Maker:
    """Makes policies of what is written; everything that is wrong goes to `faults`."""

    def __init__(self, catalogue: Catalogue, groups: Mapping[str, frozenset[str]] | None = None) -> None:
        self.faults: list[Fault] = []
        self.notices: list[Fault] = []
        self._catalogue = catalogue
        self._groups = groups or {}

    def make(self, written: Written) -> Policy:
        """One policy."""
        policy = Policy(written.name.text, written.name.line)
        filters: dict[str, Callable[[list[Text]], Filter]] = {
            "email": self._email,
            "department": self._department,
            "location": self._location,
            "group": self._group,
            "holds": lambda texts: self._licenses(texts, held=True),
            "lacks": lambda texts: self._licenses(texts, held=False),
        }
        for name, texts in written.who.items():
            if name == "email":
                policy.emails = {text.lower(): line for text, line, _ in texts if not _WILD.search(text)}
            policy.filters[name] = filters[name](texts)
        add, remove, exact = (self._named(written.what.get(name, [])) for name in WHAT)
        policy.add, policy.remove, policy.exact = add.and_(exact), remove, "exact" in written.what
        policy.properties = self._properties(written, policy)
        if policy.exact and len(written.what) > 1:
            at = [*written.what["exact"], written.name][0]
            self._fault(at, "`exact` says all that there is to have; it stands without `add` and `remove`")
        if any(add.both(remove)):
            what = f"{add.both(remove).show(self._catalogue)} is both to be added and to be removed"
            self._fault(written.what["remove"][0], what)
        if not written.what and not written.calling:
            self._fault(written.name, "it does not say what; write `add`, `remove` or `exact`")
        return policy

    def _fault(self, at: Text, what: str) -> None:
        self.faults.append(Fault(at.line, at.column, what))

    def _each(self, texts: list[Text], read: Callable[[str], T]) -> list[T]:
        """What every text means that means something."""
        found: list[T] = []
        for text in texts:
            try:
                found.append(read(text.text))
            except Unclear as unclear:
                self._fault(text, str(unclear))
        return found

    def _named(self, texts: list[Text]) -> Named:
        return reduce(Named.and_, self._each(texts, lambda text: one(self._catalogue, text)), NOTHING)

    def _email(self, texts: list[Text]) -> Filter:
        exact, wild = set[str](), list[str]()
        for text in texts:
            if _WILD.search(text.text):
                wild.append(translate(text.text.lower()))
            elif EMAIL.fullmatch(text.text):
                exact.add(text.text.lower())
            else:
                self._fault(text, f"`{text.text}` is no email, and no pattern as *@example.com")
        # With no pattern it fits nobody.
        pattern = re.compile("|".join(wild) or "(?!)")
        return lambda person: person.email in exact or pattern.match(person.email) is not None

    def _department(self, texts: list[Text]) -> Filter:
        wanted = {text.text.strip().casefold() for text in texts}
        return lambda person: (
            None if person.department is UNSET else (person.department or "").strip().casefold() in wanted
        )

    def _location(self, texts: list[Text]) -> Filter:
        wanted = set(self._each(texts, self._catalogue.location))
        return lambda person: (
            None if person.calling is UNSET else person.calling is not None and person.calling.location_id in wanted
        )

    def _group(self, texts: list[Text]) -> Filter:
        members = frozenset[str]().union(*self._each(texts, self._members))
        return lambda person: person.email in members

    def _members(self, name: str) -> frozenset[str]:
        if name not in self._groups:
            known = ", ".join(self._groups) or "none"
            raise Unclear(
                f"there is no group `{name}` in the section `groups`, and a snapshot has none; known: {known}"
            )
        return self._groups[name]

    def _licenses(self, texts: list[Text], *, held: bool) -> Filter:
        wanted = reduce(int.__or__, self._each(texts, self._catalogue.any), 0)
        return lambda person: (
            None if person.licenses is UNSET else any(wanted >> place & 1 for place in person.licenses) is held
        )

    def _number(self, text: str) -> str:
        found, mended = phone_number(text)
        if mended:
            self.notices.append(Fault(None, None, f"the plus of {found} was lost, and was put back"))
        return found

    def _properties(self, written: Written, policy: Policy) -> Properties | None:
        for name in ("extension", "number"):
            if written.calling.get(name) and not (len(policy.emails) == len(written.who.get("email", ())) == 1):
                self._fault(written.calling[name][0], f"one {name} is for one person; name them by their email")
        readers = (self._catalogue.location, extension, self._number)
        said = [self._each(written.calling.get(name, []), read) for name, read in zip(CALLING, readers, strict=True)]
        for name, found in zip(CALLING, said, strict=True):
            if len(found) > 1:
                self._fault(written.calling[name][1], f"there can be only one {name}")
        location_id, short, number = (found[0] if found else None for found in said)
        return Properties(location_id, number, short) if any(said) else None
