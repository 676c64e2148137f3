"""The rulebook on the wire: the offers, the rules between them, and where each comes from."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.core.offer import Offer as KnownOffer
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


class RulebookResponse(msgspec.Struct):
    name: str
    title: str
    version: str
    offers: list[Offer]
    rules: list[Rule]


async def get_rulebook(request: Request) -> Reply:
    """Show the offers and rules that decide, each with its provenance and the source to read it in."""
    book = request.service.rulebook
    return Reply(
        200,
        RulebookResponse(
            book.name,
            book.title,
            book.version,
            [_offer(offer) for offer in book.offers.values()],
            [_rule(book, rule) for rule in book.rules],
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


OPERATIONS = (Operation("GET", "/rulebook", get_rulebook, None, "Get the Rulebook", answers={200: RulebookResponse}),)
