"""People: what tells that they still hold what they held."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from allot.core.holding import Calling, Holding
from allot.core.person import Person, fingerprint, is_email


def person(holding: Holding | None = None, **members: Any) -> Person:
    held = holding or Holding(0b101, frozenset({"a.webex.com", "b.webex.com"}), Calling("here", "+12", "34"))
    return Person("org", "id", "home", "a@b.cd", held, **members)


def test_a_fingerprint_is_the_same_for_the_same_holding() -> None:
    """However sites were gathered, and whatever else is known of the person, the same holding has one fingerprint."""
    other = person(Holding(5, frozenset(["b.webex.com", "a.webex.com"]), Calling("here", "+12", "34")))
    other.email, other.lapsed_licenses = "x@y.zz", 2
    assert fingerprint(person()) == fingerprint(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda held: held._replace(licenses=0b100),
        lambda held: held._replace(attendee=frozenset({"a.webex.com"})),
        lambda held: held._replace(attendee=frozenset({"a.webex.com', 'b.webex.com"})),
        lambda held: held._replace(calling=None),
        lambda held: held._replace(calling=Calling("there", "+12", "34")),
        lambda held: held._replace(calling=Calling("here", None, "34")),
        lambda held: held._replace(calling=Calling("here", "+12", "35")),
    ],
)
def test_a_fingerprint_tells_every_change(change: Callable[[Holding], Holding]) -> None:
    """Any other license, site or calling property is another fingerprint, and so is what is pending."""
    assert fingerprint(person(change(person().holding))) != fingerprint(person())
    assert fingerprint(person(pending_licenses=1)) != fingerprint(person())
    assert fingerprint(person(pending_sites=frozenset({"a.webex.com"}))) != fingerprint(person())


def test_an_email_can_be_printed() -> None:
    """A character that steers a terminal, or that nobody sees, is none of an email; letters of every script are."""
    assert is_email("ada@example.com")
    assert is_email("ádá.שלום@example.com")
    assert not any(is_email(f"a{odd}c@example.com") for odd in "\x00\x1b\x7f\x9b\u200b\u202e")


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    """A page that was made before a restart, or by another process, is still understood."""
    code = (
        "from allot.core.holding import Calling, Holding; from allot.core.person import Person, fingerprint;"
        "print(fingerprint(Person('o', 'i', 'h', 'e', Holding(7, frozenset('abcdefgh'), Calling('l', None, '1')))))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1
