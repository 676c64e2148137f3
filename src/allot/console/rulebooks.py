"""The rulebook: offers, rules and packages with where each is known from, and a picture of what needs what."""

from collections.abc import Iterable

from allot.console.pictures import picture
from allot.console.visits import Page, Visit
from allot.core.failure import Failure
from allot.core.offer import Offer
from allot.core.package import Package
from allot.core.relation import Relations, relations
from allot.core.rule import REFUSES, Rule
from allot.core.rulebook import PROVENANCES, Rulebook
from allot.wire.operation import Reply

#: what is true of an offer, in words
FLAGS = {
    "calling": "needs a number or an extension",
    "free": "has no limit of units",
    "default": "is given to new people",
    "meetings": "may be given to people of other organizations",
}
#: and of a package
PACKAGE_FLAGS = {
    "calling": "needs the customer's calling location, and of a subscriber a number or an extension",
    "meetings": "needs the customer's meetings site",
    "subscribers": "may be given to subscribers",
    "base": "is the one package that a subscriber has",
    "single": "may be named by the deprecated member package",
}


async def show_rulebook(visit: Visit) -> Reply:
    """All rules, offers and packages, or those in which a text is found and that are known from there."""
    book = visit.service.rulebook
    text, known = visit.query["q"].strip().casefold(), visit.query["provenance"]
    wanted = known if known in PROVENANCES else ""
    return visit.show(
        "rulebook.html",
        book=book,
        rules=[each for each in book.rules if _is_wanted(each, wanted, text, _rule_texts(book, each))],
        offers=[each for each in book.offers.values() if _is_wanted(each, wanted, text, _offer_texts(each))],
        packages=[each for each in book.packages.values() if _is_wanted(each, wanted, text, _package_texts(each))],
        provenances=PROVENANCES,
        wanted=wanted,
        refuses=REFUSES,
        flags=FLAGS,
        package_flags=PACKAGE_FLAGS,
    )


async def show_picture(visit: Visit) -> Reply:
    """What needs and excludes what: drawn, with the relations of one offer if one is chosen, and as a table."""
    book = visit.service.rulebook
    found = relations(book)
    code = visit.query["offer"]
    if code and code not in book.offers:
        raise Failure.not_found(f"offer: the rulebook has none with the code {code[:100]}")
    ends = found.offers
    return visit.show(
        "picture.html",
        book=book,
        picture=picture(book, found),
        chosen=book.offers.get(code),
        near=_near(found.of(code), code) if code else ends,
        told={each: found.of(each) for each in book.offers if each in ends or each == code},
        silent=[each for each in book.offers.values() if each.code not in ends],
        flags=FLAGS,
    )


def _near(found: Relations, code: str) -> set[str]:
    """An offer, and those that something is said of together with it."""
    others = {each.other for each in found.exclusions}
    for need in found.needs:
        others |= {need.offer} if need.offer != code else set(need.any_of)
    return others | {code}


def _is_wanted(each: Rule | Offer | Package, known: str, text: str, texts: Iterable[str]) -> bool:
    source = each.provenance
    return (not known or source.kind == known) and any(text in one.casefold() for one in (source.source, *texts))


def _rule_texts(book: Rulebook, rule: Rule) -> Iterable[str]:
    yield from (rule.id, str(rule.code), rule.kind, rule.message, rule.description, rule.remedy)
    for _, codes in book.lists(rule):
        yield from codes
        yield from (book.offers[code].name for code in codes)


def _offer_texts(offer: Offer) -> Iterable[str]:
    return (offer.code, offer.name, offer.family)


def _package_texts(package: Package) -> Iterable[str]:
    return (package.name, package.title, *package.grants)


PAGES = (
    Page("GET", "/rulebook", show_rulebook, None),
    Page("GET", "/rulebook/picture", show_picture, None),
)
