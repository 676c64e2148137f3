"""The corpus, run through the real server over HTTP: the same files as in core, on both databases."""

import json
from collections.abc import Iterator

import pytest

import corpus_format
from allot.core import ids
from corpus_format import CallingSpec, Case, LicenseAsk, PropertiesSpec
from organizations import World, make_situation
from servers import Server, rulebook

CASES = corpus_format.read_all()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for all files: each makes an organization of its own."""
    maker = request.getfixturevalue(request.param)
    with maker.lent() as url, Server(url) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_http_answers_as_the_corpus_expects(server: Server, case: Case):
    """Status, body, journal and the state afterwards are those of the file."""
    world = server.call(lambda service: make_situation(service, case.situation))
    client = server.client(world.token)
    answer = client.patch("/v1/licenses/users", json=body(world, case))
    client.close_all()
    expect = case.expect
    assert answer.status_code == expect.status, answer.text
    refused = journaled(server, world, case)
    assert refused == expect.refused
    assert state(server, world) == {
        "licenses": expect.licenses,
        "attendee": sorted(url for url, kind in expect.sites.items() if kind == "attendee"),
        "calling": expect.calling,
    }
    check_body(world, case, answer.json())
    assert not miscounted(server, world)


def body(world: World, case: Case) -> dict:
    """The request of a file."""
    licenses: list[dict] = []
    sites: list[dict] = []
    for ask in case.asks:
        operation = {"operation": "add" if ask.add else "remove"}
        if isinstance(ask, LicenseAsk):
            shown = {"properties": properties(ask.properties)} if ask.properties else {}
            licenses.append({"id": world.license(ask.key)} | operation | shown)
        else:
            sites.append({"siteUrl": ask.key, "accountType": "attendee"} | operation)
    return {"personId": world.person(), "licenses": licenses, "siteUrls": sites}


def properties(spec: PropertiesSpec) -> dict:
    """Calling properties as they are sent; what is not given is left out."""
    location = ids.encode("LOCATION", spec.location) if spec.location else None
    sent = {"locationId": location, "phoneNumber": spec.number, "extension": spec.extension}
    return {name: value for name, value in sent.items() if value is not None}


def check_body(world: World, case: Case, answer: dict) -> None:
    """The body shows the holding after, and one error for each rule that refuses, in the order of the items."""
    expect = case.expect
    refusing = dict.fromkeys(expect.refused[ask.key] for ask in case.asks if ask.key in expect.refused)
    rules = [rulebook().rule(rule) for rule in refusing]
    assert [error["errorCode"] for error in answer.get("errors", [])] == [rule.code for rule in rules]
    if expect.status == 400:
        assert answer["message"] == rules[0].message
        return
    shown = answer["licenses"] + answer.get("pendingLicenses", [])
    assert shown == [world.license(key) for key in expect.licenses]
    sites = answer["siteUrls"] + answer.get("pendingSiteUrls", [])
    assert {site["siteUrl"]: site["accountType"] for site in sites} == expect.sites


def journaled(server: Server, world: World, case: Case) -> dict[str, str]:
    """What the one journal entry says of refusals: key of the item -> rule."""
    entries = server.rows("SELECT outcome, detail FROM journal WHERE org_id = $1", world.org_id)
    assert [outcome for outcome, _ in entries] == [case.expect.status]
    refused: dict[str, str] = json.loads(entries[0][1]).get("refused", {})
    return {case.asks[int(place)].key: rule for place, rule in refused.items()}


def state(server: Server, world: World) -> dict:
    """What the person has, by the tables."""
    key = (world.org_id, world.people[0])
    keys = list(world.licenses)
    of_person = "FROM {} WHERE org_id = $1 AND person_id = $2 ORDER BY 1"
    held = server.rows("SELECT license " + of_person.format("holdings"), *key)
    sites = server.rows("SELECT site_url " + of_person.format("attendees"), *key)
    ((*calling,),) = server.rows("SELECT location_id, phone_number, extension " + of_person.format("people"), *key)
    return {
        "licenses": [keys[license] for (license,) in held],
        "attendee": [url for (url,) in sites],
        "calling": CallingSpec(*calling) if calling[0] else None,
    }


def miscounted(server: Server, world: World) -> list:
    """The licenses whose stored counter is not the number of their holders."""
    return server.rows(
        """
        SELECT l.license, l.consumed_by_users FROM licenses l
        WHERE l.org_id = $1 AND l.consumed_by_users <> (
          SELECT count(*) FROM holdings h
          WHERE h.org_id = l.org_id AND h.license = l.license AND h.pending_until IS NULL
        )
        """,
        world.org_id,
    )
