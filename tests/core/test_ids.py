"""Webex identifiers: strict when written, lenient when read."""

import base64

import pytest

from allot.core import ids

UUID = "f5b36187-c8dd-4727-8b2f-9c447f29046f"
WIRE = "Y2lzY29zcGFyazovL3VzL1BFT1BMRS9mNWIzNjE4Ny1jOGRkLTQ3MjctOGIyZi05YzQ0N2YyOTA0NmY"


def encoded(text: str) -> str:
    """The base64url form of a text, without padding."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_an_id_is_written_as_webex_writes_it():
    """The wire form is base64url without padding."""
    assert ids.encode("PEOPLE", UUID) == WIRE


def test_several_ids_are_written_as_each_by_itself():
    """The list is a new one each time, so that nobody changes what is remembered."""
    first, second = ids.encode_all("LICENSE", (UUID, "b")), ids.encode_all("LICENSE", (UUID, "b"))
    assert first == second == [ids.encode("LICENSE", UUID), ids.encode("LICENSE", "b")]
    assert first is not second


@pytest.mark.parametrize(
    "text",
    [
        WIRE,
        WIRE + "=",
        encoded(f"ciscospark://us/people/{UUID}"),
        encoded(f"ciscospark://urn:TEAM:us-west-2_r/PEOPLE/{UUID}"),
        UUID,
        UUID.upper(),
    ],
)
def test_an_id_is_read_in_all_its_forms(text):
    """Padding, cluster and letter case of the kind do not matter, and a plain UUID is an id too."""
    assert ids.decode("PEOPLE", text) == UUID


def test_both_alphabets_of_base64_are_read():
    """An id in the standard alphabet is the same as one in the alphabet for urls."""
    value = "~~~???>>>"
    text = ids.encode("LICENSE", value)
    standard = text.replace("-", "+").replace("_", "/")
    assert standard != text
    assert ids.decode("LICENSE", text) == ids.decode("LICENSE", standard) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not base64!",
        encoded("hello"),
        base64.urlsafe_b64encode(b"\xff\xfe\xfd").decode(),
        encoded(f"ciscospark://us/PLACE/{UUID}"),
        encoded("ciscospark://us/PEOPLE/"),
        encoded(f"https://us/PEOPLE/{UUID}"),
        "A" * (ids.LENGTH_MAX + 1),
    ],
)
def test_what_is_no_id_of_the_kind_is_none(text):
    """Everything else is no id: other kinds, other texts, nothing, and what is too long to look at."""
    assert ids.decode("PEOPLE", text) is None
