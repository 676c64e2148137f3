"""The engine and the oracle, which were written apart, say the same of every case."""

import json
from random import Random

import pytest

from allot.core.rulebook import Rulebook, load
from core import oracle
from core.cases import CALLING, Generator, through_core, webex
from core.oracle import Book
from counts import COMPARED, INVENTED, RULEBOOKS, fresh

BOOK = oracle.webex()
LISTS = {"transition": ("from", "to"), "conflict": ("offers", "with"), "requires": ("offers", "any_of")}


def compare(rulebook: Rulebook, book: Book, random: Random, count: int) -> int:
    """Generate `count` cases and compare; one in eight has a holding that breaks the rules."""
    generator = Generator(random, book)
    for place in range(count):
        situation, asks = generator.case(legal=place % 8 != 0)
        expected = oracle.decide(book, situation, asks)
        assert through_core(rulebook, situation, asks) == expected, f"case {place}: {situation}\n{asks}"
    return count


def invented(random: Random) -> str:
    """A rulebook with the shipped offers and the rules about single items, but invented rules between offers."""
    rules = [rule for rule in BOOK.rules if rule["kind"] not in (*LISTS, "one-of")]
    for number in range(random.randint(2, 8)):
        kind = random.choice((*LISTS, "one-of"))
        offers = random.sample([*CALLING, "FMS", "MS", "EE", "MC", "UCPREM"], 5)
        left, right = offers[: random.randint(1, 2)], offers[2 : random.randint(3, 5)]
        lists = {"sets": [left + right]} if kind == "one-of" else dict(zip(LISTS[kind], (left, right), strict=True))
        rules.append(BOOK.rules[0] | {"id": f"invented-{number}", "kind": kind} | lists)
    random.shuffle(rules)
    text = oracle.WEBEX.read_text(encoding="utf-8")
    head = text[: text.index("[[rules]]")]
    return head + "".join(
        "[[rules]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in rule.items()) for rule in rules
    )


def compare_invented(random: Random, rulebooks: int, cases: int) -> int:
    """Compare under several invented rulebooks."""
    texts = [invented(random) for _ in range(rulebooks)]
    return sum(compare(load(text), Book(text), random, cases) for text in texts)


def test_engine_and_oracle_agree():
    """Accepted items, refused items with their rules, and the holding after are equal."""
    assert compare(webex(), BOOK, Random(1), COMPARED.quick) == COMPARED.quick


def test_engine_and_oracle_agree_about_any_rulebook():
    """They are equal under invented rulebooks too, so that the engine knows no rule but the rulebook's."""
    compared = compare_invented(Random(2), RULEBOOKS.quick, INVENTED.quick)
    assert compared == RULEBOOKS.quick * INVENTED.quick


@pytest.mark.long
def test_engine_and_oracle_agree_for_long():
    """They are equal in many further cases, which no other run has seen before."""
    random = fresh()
    count = compare(webex(), BOOK, random, COMPARED.long)
    count += compare_invented(random, RULEBOOKS.long, INVENTED.long)
    print(f"engine and oracle agreed in {count:,} cases")
