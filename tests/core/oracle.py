"""The oracle: the rules of a decision a second time, with plain sets and no thought of speed.

Written from the contract alone. It shares nothing with the engine but the rulebook's TOML text,
which it reads for itself, and the neutral types of `corpus_format`.
"""

import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import corpus_format as form
from corpus_format import Ask, CallingSpec, LicenseAsk, LicenseSpec, PropertiesSpec, SiteAsk, SituationSpec

WEBEX = Path(__file__).parents[2] / "src" / "allot" / "rulebooks" / "webex.toml"

RuleTable = dict[str, Any]


class Book:
    """The rulebook as it is written: tables of offers and rules."""

    def __init__(self, text: str) -> None:
        document = tomllib.loads(text)
        self.offers: dict[str, dict[str, Any]] = {offer["code"]: offer for offer in document["offers"]}
        self.rules: list[RuleTable] = document["rules"]
        self.places = {rule["id"]: place for place, rule in enumerate(self.rules)}

    def is_calling(self, offer: str) -> bool:
        return bool(self.offers[offer].get("calling"))

    def is_free(self, offer: str) -> bool:
        return bool(self.offers[offer].get("free"))

    def is_meetings(self, offer: str) -> bool:
        return bool(self.offers[offer].get("meetings"))

    def exclude(self, one: str, other: str) -> bool:
        """Whether nobody may hold licenses of these two offers together."""
        for rule in self.rules:
            if rule["kind"] == "conflict":
                left, right = rule["offers"], rule["with"]
                if (one in left and other in right) or (one in right and other in left):
                    return True
            if rule["kind"] == "one-of" and any(one in each and other in each for each in rule["sets"]):
                return True
        return False

    def first(self, rules: Iterable[str]) -> str:
        return min(rules, key=self.places.__getitem__)


@cache
def webex() -> Book:
    """The rulebook that is shipped, read once."""
    return Book(WEBEX.read_text(encoding="utf-8"))


@dataclass
class World:
    """The person as these items would leave them."""

    book: Book
    situation: SituationSpec
    items: list[Ask]
    before: set[str] = field(init=False)
    after: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.before = set(self.situation.person.licenses)
        adds = {ask.key for ask in self.licenses if ask.add}
        removes = {ask.key for ask in self.licenses if not ask.add}
        self.after = (self.before | adds) - removes

    @cached_property
    def licenses(self) -> list[LicenseAsk]:
        """The asks for licenses that the organization has."""
        return [ask for ask in self.items if type(ask) is LicenseAsk and ask.key in self.situation.licenses]

    @cached_property
    def new(self) -> list[LicenseAsk]:
        return [ask for ask in self.licenses if ask.add and ask.key not in self.before]

    @cached_property
    def lost(self) -> list[LicenseAsk]:
        return [ask for ask in self.licenses if not ask.add and ask.key in self.before]

    @cached_property
    def offers_before(self) -> set[str]:
        return {self.spec(key).offer for key in self.before}

    @cached_property
    def offers_after(self) -> set[str]:
        return {self.spec(key).offer for key in self.after}

    @cached_property
    def hosted(self) -> set[str | None]:
        return {self.spec(key).site for key in self.after}

    def spec(self, key: str) -> LicenseSpec:
        return self.situation.licenses[key]

    def offer(self, ask: LicenseAsk) -> str:
        return self.spec(ask.key).offer

    def brought(self) -> list[tuple[LicenseAsk, PropertiesSpec]]:
        """Added calling licenses, with the properties that they bring."""
        return [
            (ask, ask.properties)
            for ask in self.licenses
            if ask.add and ask.properties is not None and self.book.is_calling(self.offer(ask))
        ]

    def location(self, properties: PropertiesSpec) -> str | None:
        if self.situation.person.calling is not None:
            return self.situation.person.calling.location
        if properties.location is not None:
            return properties.location
        number = self.situation.numbers.get(properties.number or "")
        return number.location if number else None


# ---- one function per kind of rule: the items that it refuses in a world


def unknown(rule: RuleTable, world: World) -> list[Ask]:
    return [ask for ask in world.items if type(ask) is LicenseAsk and ask.key not in world.situation.licenses]


def site(rule: RuleTable, world: World) -> list[Ask]:
    def valid(ask: SiteAsk) -> bool:
        if ask.key not in world.situation.sites:
            return False
        person = world.situation.person
        attends = person.external and ask.key in person.sites
        return not ask.add or (world.situation.sites[ask.key] and (attends or ask.key not in world.hosted))

    return [ask for ask in world.items if type(ask) is SiteAsk and not valid(ask)]


def unmanaged(rule: RuleTable, world: World) -> list[Ask]:
    return [ask for ask in world.licenses if world.offer(ask) in rule["offers"]]


def properties(rule: RuleTable, world: World) -> list[Ask]:
    def enough(ask: LicenseAsk) -> bool:
        given = ask.properties or PropertiesSpec()
        if given.number or (given.extension and given.location):
            return True
        if world.offer(ask) not in world.offers_before:
            return False
        # Held already: nothing is needed, but an extension cannot be given to someone who is nowhere.
        return world.situation.person.calling is not None or not given.extension

    calling = [ask for ask in world.licenses if ask.add and world.book.is_calling(world.offer(ask))]
    return [ask for ask in calling if not enough(ask)]


def location(rule: RuleTable, world: World) -> list[Ask]:
    def found(given: PropertiesSpec) -> bool:
        calling = world.situation.person.calling
        here = calling is not None and given.location == calling.location
        if given.location is not None and not here and given.location not in world.situation.locations:
            return False
        number = world.situation.numbers.get(given.number or "")
        return number is None or number.location == world.location(given)

    return [ask for ask, given in world.brought() if not found(given)]


def number(rule: RuleTable, world: World) -> list[Ask]:
    free = {key for key, spec in world.situation.numbers.items() if spec.owner in (None, form.PERSON)}
    return [ask for ask, given in world.brought() if given.number is not None and given.number not in free]


def extension(rule: RuleTable, world: World) -> list[Ask]:
    taken = {place for place, user in world.situation.extensions.items() if user != form.PERSON}
    return [
        ask
        for ask, given in world.brought()
        if given.extension is not None and (world.location(given), given.extension) in taken
    ]


def external(rule: RuleTable, world: World) -> list[Ask]:
    if not world.situation.person.external:
        return []
    return [ask for ask in world.new if not world.book.is_meetings(world.offer(ask))]


def transition(rule: RuleTable, world: World) -> list[Ask]:
    left, right = set(rule["from"]), set(rule["to"])
    arriving = (world.offers_after - world.offers_before) & right
    if not left & world.offers_before or left & world.offers_after or not arriving:
        return []
    incoming = [ask for ask in world.new if world.offer(ask) in arriving]
    outgoing = [ask for ask in world.lost if world.offer(ask) in left]
    return incoming + outgoing


def conflict(rule: RuleTable, world: World) -> list[Ask]:
    left, right = set(rule["offers"]), set(rule["with"])
    if not left & world.offers_after or not right & world.offers_after:
        return []
    return [ask for ask in world.new if world.offer(ask) in left | right]


def one_of(rule: RuleTable, world: World) -> list[Ask]:
    named: list[Ask] = []
    for each in rule["sets"]:
        if len([key for key in world.after if world.spec(key).offer in each]) > 1:
            named += [ask for ask in world.new if world.offer(ask) in each]
    return named


def requires(rule: RuleTable, world: World) -> list[Ask]:
    dependent, prerequisite = set(rule["offers"]), set(rule["any_of"])
    if not dependent & world.offers_after or prerequisite & world.offers_after:
        return []
    asking = [ask for ask in world.new if world.offer(ask) in dependent]
    taking = [ask for ask in world.lost if world.offer(ask) in prerequisite]
    return asking + taking


def implicit(rule: RuleTable, world: World) -> list[Ask]:
    return [ask for ask in world.lost if world.offer(ask) in rule["offers"]]


def capacity(rule: RuleTable, world: World) -> list[Ask]:
    if world.situation.person.external:
        return []

    def exceeded(spec: LicenseSpec) -> bool:
        return not world.book.is_free(spec.offer) and spec.policy == "strict" and spec.used + 1 > spec.total

    return [ask for ask in world.new if exceeded(world.spec(ask.key))]


NAMED: dict[str, Callable[[RuleTable, World], list[Ask]]] = {
    "unknown": unknown,
    "site": site,
    "unmanaged": unmanaged,
    "properties": properties,
    "location": location,
    "number": number,
    "extension": extension,
    "external": external,
    "transition": transition,
    "conflict": conflict,
    "one-of": one_of,
    "requires": requires,
    "implicit": implicit,
    "capacity": capacity,
}


# ---- swaps: what takes, what gives, and what excludes what


def takes(situation: SituationSpec, ask: Ask) -> bool:
    """Whether this removes something that the person holds."""
    person = situation.person
    return not ask.add and ask.key in (person.licenses if type(ask) is LicenseAsk else person.sites)


def gives(situation: SituationSpec, ask: Ask) -> bool:
    """Whether this adds something that the person does not hold yet."""
    if type(ask) is LicenseAsk:
        return ask.add and ask.key in situation.licenses and ask.key not in situation.person.licenses
    return ask.add and ask.key not in situation.person.sites


def excludes(book: Book, situation: SituationSpec, one: Ask, other: Ask) -> bool:
    """Whether nobody may have both of what these two items name."""
    if type(one) is LicenseAsk and type(other) is LicenseAsk:
        return book.exclude(situation.licenses[one.key].offer, situation.licenses[other.key].offer)
    if type(one) is LicenseAsk and type(other) is SiteAsk:
        return situation.licenses[one.key].site == other.key
    if type(one) is SiteAsk and type(other) is LicenseAsk:
        return situation.licenses[other.key].site == one.key
    return False


def swaps(book: Book, situation: SituationSpec, asks: Iterable[Ask]) -> dict[Ask, list[Ask]]:
    """Each removal of something held that the request replaces, with its replacements."""
    asks = list(asks)
    giving = [ask for ask in asks if gives(situation, ask)]
    found = {
        removal: [ask for ask in giving if excludes(book, situation, removal, ask)]
        for removal in asks
        if takes(situation, removal)
    }
    return {removal: replacements for removal, replacements in found.items() if replacements}


def keep_whole(book: Book, swapped: dict[Ask, list[Ask]], refused: dict[Ask, str]) -> dict[Ask, str]:
    """First the removals that nothing replaces any more, then the replacements of what stays, until no more fall."""
    while True:
        removals = {
            removal: book.first(refused[ask] for ask in replacements)
            for removal, replacements in swapped.items()
            if removal not in refused and all(ask in refused for ask in replacements)
        }
        grown = refused | removals
        kept: dict[Ask, list[str]] = {}
        for removal, replacements in swapped.items():
            if removal in grown:
                for ask in replacements:
                    kept.setdefault(ask, []).append(grown[removal])
        grown |= {ask: book.first(rules) for ask, rules in kept.items() if ask not in grown}
        if grown == refused:
            return refused
        refused = grown


@dataclass
class Outcome:
    """What the oracle says: the refused items with the id of their rule, and the holding after."""

    refused: dict[Ask, str]
    licenses: frozenset[str]
    sites: frozenset[str]
    calling: CallingSpec | None


def decide(book: Book, situation: SituationSpec, asks: Iterable[Ask]) -> Outcome:
    """Decide a request by the contract, round by round."""
    asks = list(asks)
    swapped = swaps(book, situation, asks)
    refused: dict[Ask, str] = {}
    while True:
        world = World(book, situation, [ask for ask in asks if ask not in refused])
        fresh: dict[Ask, str] = {}
        for rule in book.rules:
            for ask in NAMED[rule["kind"]](rule, world):
                fresh.setdefault(ask, rule["id"])
        if not fresh:
            break
        refused = keep_whole(book, swapped, refused | fresh)
    person = situation.person
    if len(refused) == len(asks):
        return Outcome(refused, person.licenses, person.sites, person.calling)
    return Outcome(refused, frozenset(world.after), attendee_after(world), calling_after(world))


def attendee_after(world: World) -> frozenset[str]:
    sites = set(world.situation.person.sites)
    sites |= {ask.key for ask in world.items if type(ask) is SiteAsk and ask.add}
    sites -= {ask.key for ask in world.items if type(ask) is SiteAsk and not ask.add}
    # People of another organization are only invited to be host.
    return frozenset(sites if world.situation.person.external else sites - world.hosted)


def calling_after(world: World) -> CallingSpec | None:
    """The first offer of the rulebook that says a number or an extension decides, whatever the order of the items."""
    if not any(world.book.is_calling(offer) for offer in world.offers_after):
        return None
    before = world.situation.person.calling
    offers, keys = list(world.book.offers), list(world.situation.licenses)
    telling = [(ask, given) for ask, given in world.brought() if given.number or given.extension]
    if not telling:
        return before
    _, first = min(telling, key=lambda pair: (offers.index(world.offer(pair[0])), keys.index(pair[0].key)))
    place = world.location(first)
    assert place is not None
    return CallingSpec(
        place,
        first.number or (before.number if before else None),
        first.extension or (before.extension if before else None),
    )


def wrongs(book: Book, situation: SituationSpec, holding: Outcome) -> list[str]:
    """What is not legal about a holding, whoever came to hold it: the rules of state, in words."""
    offers = [situation.licenses[key].offer for key in holding.licenses]
    found: list[str] = []
    for rule in book.rules:
        if rule["kind"] == "conflict" and set(rule["offers"]) & set(offers) and set(rule["with"]) & set(offers):
            found.append(rule["id"])
        if rule["kind"] == "one-of":
            found += [rule["id"] for each in rule["sets"] if sum(offer in each for offer in offers) > 1]
        if rule["kind"] == "requires" and set(rule["offers"]) & set(offers) and not set(rule["any_of"]) & set(offers):
            found.append(rule["id"])
    if situation.person.external and not all(book.is_meetings(offer) for offer in offers):
        found.append("external with more than meetings")
    hosted = {situation.licenses[key].site for key in holding.licenses}
    if not situation.person.external and holding.sites & hosted:
        found.append("host and attendee of one site")
    if any(book.is_calling(offer) for offer in offers) != (holding.calling is not None):
        found.append("calling without its license, or the license without calling")
    if holding.calling is not None:
        found += _calling_wrongs(situation, holding.calling)
    return found


def _calling_wrongs(situation: SituationSpec, calling: CallingSpec) -> list[str]:
    found: list[str] = []
    if calling.location not in situation.locations:
        found.append("unknown location")
    if calling.number is None and calling.extension is None:
        found.append("neither number nor extension")
    number = situation.numbers.get(calling.number or "")
    if calling.number is not None and (number is None or number.owner == form.SOMEONE):
        found.append("a number that is not theirs")
    if number is not None and number.location != calling.location:
        found.append("a number of another location")
    if situation.extensions.get((calling.location, calling.extension or "")) == form.SOMEONE:
        found.append("somebody else's extension")
    return found
