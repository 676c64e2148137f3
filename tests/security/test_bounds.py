"""Bounds: what clients send is not remembered without end."""

from collections.abc import Callable

import pytest

from allot.core import ids
from allot.store import database, postgres
from allot.store.multiples import Multiples
from allot.wire import access, values
from servers import Client, Server

LONG = "A" * 100_000


@pytest.mark.parametrize(
    ("ask", "cache"),
    [
        (lambda text: ids.decode("LICENSE", text), ids._remembered),
        (lambda text: ids.encode("LOCATION", text), ids._written),
        (values.e164, values._in_e164),
    ],
)
def test_long_texts_are_not_remembered(ask: Callable[[str], object], cache):
    """A text that is longer than what it should be costs no memory when its request is over."""
    before = cache.cache_info().currsize
    for n in range(10):
        ask(f"{n}{LONG}")
        ask(f"{n}\N{SNOWMAN}{LONG}")
    assert cache.cache_info().currsize == before


def test_every_cache_has_a_most():
    """Whatever is remembered by what clients send has a bound."""
    caches = (
        ids._remembered,
        ids._written,
        ids._encode_all,
        values._in_e164,
        access._is_loopback,
        database.spell,
        postgres._spelled,
        Multiples({}).of,
    )
    assert all(cache.cache_info().maxsize is not None for cache in caches)


def test_long_numbers_and_ids_stay_what_they_are():
    """A long text is no number and no id, and a long value is written as others are."""
    assert values.e164(LONG) == LONG
    assert ids.decode("LICENSE", LONG) is None
    assert ids.encode("LICENSE", LONG).startswith(ids.encode("LICENSE", "")[:20])


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("PATCH", "/v1/licenses/users", {"licenses": [{"id": LONG}]}, "licenses[0].id"),
        (
            "PATCH",
            "/v1/licenses/users",
            {"siteUrls": [{"siteUrl": LONG, "accountType": "attendee"}]},
            "siteUrls[0].siteUrl",
        ),
        (
            "PATCH",
            "/v1/licenses/users",
            {"licenses": [{"id": "x", "properties": {"locationId": LONG, "extension": "12"}}]},
            "licenses[0].properties.locationId",
        ),
        (
            "PATCH",
            "/v1/licenses/users",
            {"licenses": [{"id": "x", "properties": {"phoneNumber": LONG}}]},
            "licenses[0].properties.phoneNumber",
        ),
        ("POST", "/v1/people", {"licenses": [LONG]}, "licenses"),
        ("POST", "/v1/people", {"siteUrls": [f"{LONG}#attendee"]}, "siteUrls[0]"),
        ("POST", "/v1/people", {"locationId": LONG}, "locationId, phoneNumbers"),
        ("POST", "/v1/people", {"phoneNumbers": [{"value": LONG}]}, "locationId, phoneNumbers"),
        ("POST", "/allot/v1/people/{id}/invitations/accept", {"licenses": [LONG]}, "licenses[0]"),
        ("POST", "/allot/v1/people/{id}/invitations/decline", {"siteUrls": [LONG]}, "siteUrls[0]"),
    ],
)
def test_long_ids_are_neither_answered_nor_kept(
    server: Server, client: Client, method: str, path: str, body: dict, place: str
):
    """An id, a site or a number that is far too long is a fault of form: it gets into no journal and no answer."""
    person = client.get("/v1/people?email=user@example.com").json()["items"][0]
    who = {"PATCH": {"email": "user@example.com"}, "POST": {"emails": ["x@x.example"], "displayName": "x"}}[method]
    answer = client.request(method, path.replace("{id}", person["id"]), json=who | body)
    assert answer.status_code == 400
    assert [error["description"] for error in answer.json()["errors"]] == [f"{place}: at most 1000 characters"]
    [(longest,)] = server.rows("SELECT max(length(detail)) FROM journal")
    assert longest < 10_000
