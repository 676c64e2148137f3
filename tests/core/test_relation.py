"""Relations: what the rules say of offers among each other."""

from itertools import product

from allot.core.relation import Change, Need, Relations, relations
from core.cases import webex

BOOK = webex()
FOUND = relations(BOOK)


def test_needs_are_those_of_the_rules():
    """Each offer of a rule has a need with all offers of which one is enough."""
    paid = BOOK.rule("paid-meeting-needs-free")
    both = BOOK.rule("meeting-needs-messaging")
    assert [each for each in FOUND.needs if each.offer == "CF"] == [
        Need("CF", ("FTM",), paid),
        Need("CF", ("FMS",), both),
    ]
    [console] = [each for each in FOUND.needs if each.offer == "SLATC"]
    assert console.any_of == ("SLWCA", "SLWS", "SLCXE")


def test_exclusions_are_there_once():
    """Two offers exclude each other once, whichever rules say so, and are never turned round."""
    pairs = [(each.one, each.other) for each in FOUND.exclusions]
    assert len(set(pairs)) == len(pairs)
    assert not {(other, one) for one, other in pairs if one != other} & set(pairs)
    [twice] = [each for each in FOUND.exclusions if (each.one, each.other) == ("BCSTD", "BCBAS")]
    assert [rule.id for rule in twice.rules] == ["professional-and-standard", "one-of-set"]


def test_exclusions_are_what_decisions_go_by():
    """What an offer excludes, itself among it, is what the rulebook's masks say."""
    for code, offer in BOOK.offers.items():
        others = {each.other for each in FOUND.of(code).exclusions}
        assert others == set(BOOK.codes(BOOK.exclusive(offer)))


def test_relations_of_one_offer():
    """It is the one of each exclusion, last that with itself; needs and changes are those that it is in."""
    found = FOUND.of("BCSTD")
    assert {each.one for each in found.exclusions} == {"BCSTD"}
    assert found.exclusions[-1].other == "BCSTD"
    assert [(each.offer, each.any_of) for each in found.needs] == [("BCATC", ("BCSTD",))]
    assert found.changes == [Change("BCSTD", "BCBAS", BOOK.rule("professional-to-standard"))]
    assert {each.before for each in FOUND.of("BCBAS").changes} == {"BCSTD", "BCCXE"}
    assert FOUND.of("FSS") == Relations()


def test_offers_are_all_that_something_is_said_of():
    """An offer is among them just when it has relations of its own."""
    assert FOUND.offers == {code for code in BOOK.offers if FOUND.of(code) != Relations()}


def test_lists_name_what_a_rule_speaks_of():
    """The lists of a rule have their names, sets have none, and a rule about nothing in particular has no list."""
    told = {rule.id: BOOK.lists(rule) for rule in BOOK.rules}
    assert told["professional-to-standard"] == [("from", ["BCSTD"]), ("to", ["BCBAS"])]
    assert told["paid-messaging-needs-free"] == [("offers", ["MS"]), ("any_of", ["FMS"])]
    assert told["one-of-set"] == [("", ["BCSTD", "BCBAS", "BCHDO", "SLWCA"]), ("", ["CJPPRM", "CJPSTD"])]
    assert told["no-units-left"] == []


def test_every_pair_of_a_conflict_excludes():
    """Each offer of one side excludes each of the other."""
    rule = BOOK.rule("wholesale-and-calling")
    (_, left), (_, right) = BOOK.lists(rule)
    pairs = {frozenset((each.one, each.other)) for each in FOUND.exclusions if rule in each.rules}
    assert pairs == {frozenset(pair) for pair in product(left, right)}
