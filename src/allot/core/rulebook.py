"""The rulebook: offers, rules and packages read from one TOML text, validated and compiled to bit masks."""

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from allot.core.offer import Offer, Provenance
from allot.core.package import Package
from allot.core.rule import KINDS, Rule

PROVENANCES = ("documented", "observed", "assumed", "ours")
FAMILIES = ("calling", "messaging", "meetings", "hybrid", "contact-center", "device")
# The bits of `core.rule` that are no offers begin here.
OFFERS_MAX = 64
# Remembered answers of `called_for`; an organization meets a few hundred combinations in practice.
REMEMBERED_MAX = 10_000

_FLAGS = ("calling", "free", "default", "meetings")
_OFFER_FIELDS = {"code", "name", "family", "provenance", "source", *_FLAGS}
_DOCUMENT_FIELDS = {"name", "title", "version", "offers", "rules", "packages"}
_RULE_FIELDS = {"id", "kind", "code", "message", "description", "remedy", "provenance", "source"}
_PACKAGE_FLAGS = ("calling", "meetings", "subscribers", "base", "single")
_PACKAGE_FIELDS = {"name", "title", "grants", "any_of", "provenance", "source", *_PACKAGE_FLAGS}
_LIST_FIELDS = {key for lists in KINDS.values() for key in lists}


class RulebookError(ValueError):
    """The text is no rulebook. `faults` holds one sentence per fault, each with its line and field."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(slots=True, eq=False)
class Rulebook:
    """The offers by code, the rules in the order of judgement, and the wholesale packages by name."""

    name: str
    title: str
    version: str
    offers: dict[str, Offer]
    rules: tuple[Rule, ...]
    packages: dict[str, Package]
    #: offers that need calling properties
    calling: int
    _exclusive: dict[Offer, int] = field(repr=False)
    _called_for: dict[tuple[int, int, int], tuple[Rule, ...]] = field(default_factory=dict, repr=False)

    def rule(self, id: str) -> Rule:
        """The rule of this id; KeyError when there is none."""
        return {rule.id: rule for rule in self.rules}[id]

    def codes(self, offers: int) -> list[str]:
        """The codes of a set of offers, in the rulebook's order."""
        return [offer.code for offer in self.offers.values() if offer.bit & offers]

    def lists(self, rule: Rule) -> list[tuple[str, list[str]]]:
        """The codes that a rule speaks of, by the names of its lists; each of its sets without a name."""
        named = zip(KINDS[rule.kind], (rule.left, rule.right), strict=False)
        return [(name, self.codes(mask)) for name, mask in named if mask] + [("", self.codes(e)) for e in rule.sets]

    def called_for(self, attention: int, before: int, after: int) -> tuple[Rule, ...]:
        """The rules that may be broken, in order; remembered, since people and requests are alike."""
        key = (attention, before, after)
        rules = self._called_for.get(key)
        if rules is None:
            if len(self._called_for) >= REMEMBERED_MAX:
                self._called_for.clear()
            rules = tuple(rule for rule in self.rules if rule.may_be_broken(*key))
            self._called_for[key] = rules
        return rules

    def exclusive(self, offer: Offer) -> int:
        """The offers of which nobody may have one together with `offer`, as bits; none for an unknown one."""
        return self._exclusive.get(offer, 0)


def load(text: str, name: str = "rulebook") -> Rulebook:
    """Read a rulebook. Raises RulebookError naming every fault; `name` stands for the file."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError([f"{name}: not a TOML document: {error}"]) from None
    reader = _Reader(text, name)
    reader.only(document, None, _DOCUMENT_FIELDS)
    offers = reader.offers(document)
    rules = reader.rules(document, offers)
    packages = reader.packages(document, offers)
    name_, title, version = (reader.text(document, None, key) for key in ("name", "title", "version"))
    if reader.faults:
        raise RulebookError(reader.faults)
    calling = sum(offer.bit for offer in offers.values() if offer.calling)
    return Rulebook(name_, title, version, offers, tuple(rules), packages, calling, _exclusives(offers, rules))


def _exclusives(offers: dict[str, Offer], rules: list[Rule]) -> dict[Offer, int]:
    pairs = [pair for rule in rules for pair in rule.exclusive]
    exclusives = dict.fromkeys(offers.values(), 0)
    for offer in exclusives:
        for left, right in pairs:
            exclusives[offer] |= (right if offer.bit & left else 0) | (left if offer.bit & right else 0)
    return exclusives


class _Reader:
    """Reads the tables of a document and keeps the faults, each with its place in the text."""

    def __init__(self, text: str, name: str) -> None:
        self._lines = text.splitlines()
        self._name = name
        self.faults: list[str] = []

    def offers(self, document: dict[str, Any]) -> dict[str, Offer]:
        found: dict[str, Offer] = {}
        for at, table in self._tables(document, "offers"):
            self.only(table, at, _OFFER_FIELDS)
            code = self.text(table, at, "code")
            if code and code in found:
                self._fault(at, "code", f"offer `{code}` is defined twice")
            family = self.text(table, at, "family", FAMILIES)
            flags = {flag: self._flag(table, at, flag) for flag in _FLAGS}
            bit = 1 << len(found)
            found[code] = Offer(
                code, self.text(table, at, "name"), family, bit, **flags, provenance=self._provenance(table, at)
            )
        if len(found) > OFFERS_MAX:
            self._fault(("offers", OFFERS_MAX), "code", f"is one of {len(found)}, at most {OFFERS_MAX} are possible")
        return found

    def rules(self, document: dict[str, Any], offers: dict[str, Offer]) -> list[Rule]:
        found: list[Rule] = []
        for order, (at, table) in enumerate(self._tables(document, "rules")):
            kind = self.text(table, at, "kind", tuple(KINDS))
            lists = KINDS.get(kind, ())
            self.only(table, at, _RULE_FIELDS | (set(lists) if kind in KINDS else _LIST_FIELDS))
            masks = [self._mask(table, at, key, offers) for key in lists if key != "sets"]
            sets = tuple(self._masks(table, at, offers)) if "sets" in lists else ()
            code = self._integer(table, at, "code")
            texts = {key: self.text(table, at, key) for key in ("id", "message", "description", "remedy")}
            if texts["id"] and any(rule.id == texts["id"] for rule in found):
                self._fault(at, "id", f"rule `{texts['id']}` is defined twice")
            left, right = (*masks, 0, 0)[:2]
            if kind == "implicit":
                self._free(at, "offers", left, offers)
            provenance = self._provenance(table, at)
            found.append(
                Rule(
                    **texts, kind=kind, code=code, provenance=provenance, order=order, left=left, right=right, sets=sets
                )
            )
        return found

    def packages(self, document: dict[str, Any], offers: dict[str, Offer]) -> dict[str, Package]:
        """The packages; a rulebook without wholesale has none."""
        found: dict[str, Package] = {}
        needs: list[tuple[tuple[str, int], list[str]]] = []
        for at, table in self._tables(document, "packages") if "packages" in document else ():
            self.only(table, at, _PACKAGE_FIELDS)
            name, title = self.text(table, at, "name"), self.text(table, at, "title")
            if name and name in found:
                self._fault(at, "name", f"package `{name}` is defined twice")
            grants = self._names(table, at, "grants", "offer codes")
            self._defined(grants, at, "grants", "offer", offers)
            others = self._names(table, at, "any_of", "packages") if "any_of" in table else []
            needs.append((at, others))
            flags = {flag: self._flag(table, at, flag) for flag in _PACKAGE_FLAGS}
            provenance = self._provenance(table, at)
            found[name] = Package(name, title, tuple(grants), **flags, any_of=tuple(others), provenance=provenance)
        for at, others in needs:
            self._defined(others, at, "any_of", "package", found)
        return found

    def text(self, table: dict[str, Any], at: tuple[str, int] | None, key: str, choices: tuple[str, ...] = ()) -> str:
        value = table.get(key)
        if type(value) is not str or not value:
            self._fault(at, key, "must be a text that is not empty" if key in table else "is missing")
            return ""
        if choices and value not in choices:
            self._fault(at, key, f"is `{value}`, must be one of {', '.join(choices)}")
        return value

    def only(self, table: dict[str, Any], at: tuple[str, int] | None, known: set[str]) -> None:
        for key in table:
            if key not in known:
                self._fault(at, key, f"is not known here; known are {', '.join(sorted(known))}")

    def _provenance(self, table: dict[str, Any], at: tuple[str, int]) -> Provenance:
        return Provenance(self.text(table, at, "provenance", PROVENANCES), self.text(table, at, "source"))

    def _flag(self, table: dict[str, Any], at: tuple[str, int], key: str) -> bool:
        value = table.get(key, False)
        if type(value) is not bool:
            self._fault(at, key, "must be true or false")
        return bool(value)

    def _integer(self, table: dict[str, Any], at: tuple[str, int], key: str) -> int:
        value = table.get(key)
        if type(value) is not int:
            self._fault(at, key, "must be an integer, the errorCode of the refusal")
            return 0
        return value

    def _mask(self, table: dict[str, Any], at: tuple[str, int], key: str, offers: dict[str, Offer]) -> int:
        return self._codes(table.get(key), at, key, offers)

    def _masks(self, table: dict[str, Any], at: tuple[str, int], offers: dict[str, Offer]) -> list[int]:
        sets = table.get("sets")
        if type(sets) is not list or not sets:
            self._fault(at, "sets", "must be a list of lists of offer codes")
            return []
        return [self._codes(each, at, "sets", offers) for each in sets]

    def _codes(self, codes: object, at: tuple[str, int], key: str, offers: dict[str, Offer]) -> int:
        named = self._names({key: codes}, at, key, "offer codes")
        self._defined(named, at, key, "offer", offers)
        return sum(offers[code].bit for code in set(named) & offers.keys())

    def _free(self, at: tuple[str, int], key: str, mask: int, offers: dict[str, Offer]) -> None:
        """What everybody is given has no limit: with one, a new person would be refused for it."""
        for offer in offers.values():
            if offer.bit & mask and not offer.free:
                self._fault(at, key, f"names offer `{offer.code}`, which is not free; say `free = true` of that offer")

    def _names(self, table: dict[str, Any], at: tuple[str, int], key: str, what: str) -> list[str]:
        names = table.get(key)
        if type(names) is not list or not names or not all(type(name) is str for name in names):
            self._fault(at, key, f"must be a list of {what} that is not empty")
            return []
        return names

    def _defined(self, names: list[str], at: tuple[str, int], key: str, what: str, known: Collection[str]) -> None:
        for name in names:
            if name not in known:
                self._fault(at, key, f"names {what} `{name}`, which is not defined")

    def _tables(self, document: dict[str, Any], kind: str) -> list[tuple[tuple[str, int], dict[str, Any]]]:
        tables = document.get(kind)
        if type(tables) is not list or not tables or not all(type(table) is dict for table in tables):
            self._fault(None, kind, f"must be [[{kind}]] tables, at least one")
            return []
        return [((kind, place), table) for place, table in enumerate(tables)]

    def _fault(self, at: tuple[str, int] | None, key: str, what: str) -> None:
        self.faults.append(f"{self._name}, line {self._line(at, key)}, {key}: {what}")

    def _line(self, at: tuple[str, int] | None, key: str) -> int:
        """The line of a field, or of its table's header when the field is missing; from 1."""
        heads = self._heads(at[0] if at else key)
        if at is None and heads:
            return heads[0] + 1
        start = heads[at[1]] if at is not None and at[1] < len(heads) else 0
        for number in range(start, len(self._lines)):
            if number > start and self._lines[number].lstrip().startswith("[["):
                break
            if re.match(rf"\s*{re.escape(key)}\s*=", self._lines[number]):
                return number + 1
        return start + 1

    def _heads(self, name: str) -> list[int]:
        header = re.compile(rf"\s*\[\[?\s*{re.escape(name)}\s*\]")
        return [number for number, line in enumerate(self._lines) if header.match(line)]
