"""The rulebook on the wire: offers, the rules between them, wholesale packages, and where each comes from."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.core.offer import Offer as KnownOffer
from allot.core.package import Package as KnownPackage
from allot.core.rule import Rule as KnownRule
from allot.core.rulebook import Rulebook
from allot.wire.operation import Operation, Reply, Request


class Offer(msgspec.Struct):
    """An offer. `calling` needs properties, `free` has no unit limit, `default` comes with a new person,
    `meetings` is open to people of other organizations. `provenance` is documented, observed, assumed or ours."""

    code: str
    name: str
    family: str
    calling: bool
    free: bool
    default: bool
    meetings: bool
    provenance: str
    source: str


class Rule(msgspec.Struct, rename="camel"):
    """A rule, in the order in which rules are judged. `offers` and `others` are its two sides, as its kind
    reads them; of `sets` a person may have one each. `provenance` is as for offers."""

    id: str
    kind: str
    error_code: int
    message: str
    description: str
    remedy: str
    provenance: str
    source: str
    offers: list[str] | UnsetType = UNSET
    others: list[str] | UnsetType = UNSET
    sets: list[list[str]] | UnsetType = UNSET


class Package(msgspec.Struct, rename="camel"):
    """A wholesale package: it `grants` one license of each of these offers. `calling` needs a calling location, and
    of a subscriber a number or an extension; `meetings` needs a site. Of those for `subscribers`, each has one that
    is `base`; `single` may be named by the deprecated member `package`. Of `anyOf` one must be there too.
    `provenance` is as for offers."""

    name: str
    title: str
    grants: list[str]
    calling: bool
    meetings: bool
    subscribers: bool
    base: bool
    single: bool
    provenance: str
    source: str
    any_of: list[str] | UnsetType = UNSET


class RulebookResponse(msgspec.Struct):
    name: str
    title: str
    version: str
    offers: list[Offer]
    rules: list[Rule]
    packages: list[Package]


async def get_rulebook(request: Request) -> Reply:
    """Show the offers, rules and packages that decide, each with its provenance and the source to read it in."""
    book = request.service.rulebook
    return Reply(
        200,
        RulebookResponse(
            book.name,
            book.title,
            book.version,
            [_offer(offer) for offer in book.offers.values()],
            [_rule(book, rule) for rule in book.rules],
            [_package(package) for package in book.packages.values()],
        ),
    )


def _offer(offer: KnownOffer) -> Offer:
    flags = (offer.calling, offer.free, offer.default, offer.meetings)
    return Offer(offer.code, offer.name, offer.family, *flags, offer.provenance.kind, offer.provenance.source)


def _rule(book: Rulebook, rule: KnownRule) -> Rule:
    return Rule(
        rule.id,
        rule.kind,
        rule.code,
        rule.message,
        rule.description,
        rule.remedy,
        rule.provenance.kind,
        rule.provenance.source,
        book.codes(rule.left) or UNSET,
        book.codes(rule.right) or UNSET,
        [book.codes(each) for each in rule.sets] or UNSET,
    )


def _package(package: KnownPackage) -> Package:
    flags = (package.calling, package.meetings, package.subscribers, package.base, package.single)
    from_ = package.provenance
    others = list(package.any_of) or UNSET
    return Package(package.name, package.title, list(package.grants), *flags, from_.kind, from_.source, others)


OPERATIONS = (Operation("GET", "/rulebook", get_rulebook, None, "Get the Rulebook", answers={200: RulebookResponse}),)
