"""How far people are on the way of a change, by what they have."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import UNSET, structs

import proxies
from allot.bulk.actual.snapshots import Calling
from allot.bulk.applied.journals import SENT, Entry
from allot.bulk.applied.sendings import Sent
from allot.bulk.applied.standings import Actual, agrees, difference, standing
from allot.bulk.applied.surveys import Surveys
from allot.bulk.planned.changes import Change, LicenseName, Request, State
from allot.bulk.shown.wordings import Names
from allot.client.connections import Target
from allot.client.readers import Reader
from allot.core import ids
from bulk import planning
from bulk.applying import LOCATION, MESSAGING, STANDARD, UPGRADE, document, found, plan_all
from databases import Maker
from proxies import Proxy
from servers import Server, rulebook
from strangers import Asked, Said, Stranger

BERLIN = Calling("63715", "+49301234", "1001")
OSLO = Calling("63716", None, "1001")
#: from licenses 0 and 1, reached in Berlin, to 2 alone, and then 3 with a new extension; an attendee account goes
CHANGE = Change(
    1,
    "f5b3",
    "ada@example.com",
    State([0, 1], ["a.webex.com"], BERLIN),
    [Request([2], [0, 1], None, [], ["a.webex.com"]), Request([3], [], Calling("63715", None, "1002"))],
    State([2, 3], [], Calling("63715", None, "1002")),
)


def actual(*licenses: int, attendee: tuple[str, ...] = (), calling: Calling | None = None) -> Actual:
    return Actual(sorted(licenses), list(attendee), calling)


@pytest.mark.parametrize(
    ("there", "touched", "place"),
    [
        (actual(0, 1, attendee=("a.webex.com",), calling=BERLIN), False, 0),
        (actual(2), False, None),  # somebody else took what the first request takes
        (actual(2), True, 1),
        (actual(2, 3, calling=Calling("63715", None, "1002")), False, 2),
        (actual(2, 3, calling=Calling("63715", "+4930999", "1002")), False, 2),  # the API chose a number
        (actual(0, 1, calling=BERLIN), False, None),
        (actual(0, 1, attendee=("b.webex.com",), calling=BERLIN), False, None),
        (actual(0, attendee=("a.webex.com",), calling=BERLIN), False, None),
        (actual(0, 1, attendee=("a.webex.com",), calling=OSLO), False, None),
        (actual(2, 3, calling=Calling("63715", None, "1003")), True, None),
        (actual(0, attendee=("a.webex.com",), calling=BERLIN), True, 0),  # a part of what we sent
        (actual(1, 2, calling=BERLIN), True, 0),
        (actual(2, 3), True, 1),
        (actual(2, 4), True, None),
        (actual(), True, 0),
        (Actual(UNSET, UNSET, None), True, None),
        (Actual([0, 1], UNSET, BERLIN), False, 0),
        (Actual([0, 1], ["a.webex.com"], UNSET), False, 0),
        (Actual([2], UNSET, UNSET), True, 1),
        (Actual([2, 3], [], UNSET), False, 2),
        (Actual([2, 3], [], Calling("63715", None, "1002"), ["new"]), False, None),
    ],
)
def test_people_stand_somewhere_on_the_way(there: Actual, touched: bool, place: int | None):
    """Before, between two requests, at the end, or beside the way; half a request only counts when we sent it."""
    assert standing(CHANGE, there, touched=touched) == place


@pytest.mark.parametrize(
    ("after", "seen", "unseen"),
    [
        (
            State([0, 1], ["a.webex.com"], Calling("63715", "+49301234", "1002")),
            Actual([0, 1], ["a.webex.com"], Calling("63715", "+49301234", "1002")),
            Actual([0, 1], ["a.webex.com"], UNSET),
        ),
        (
            State([0, 1], [], BERLIN),
            actual(0, 1, calling=BERLIN),
            Actual([0, 1], UNSET, BERLIN),
        ),
    ],
    ids=["extension", "attendee account"],
)
def test_what_cannot_be_seen_is_not_taken_for_done(after: State, seen: Actual, unseen: Actual):
    """Where only that is to change which the API does not tell of, people stand at the beginning, sent to or not."""
    change = structs.replace(CHANGE, requests=CHANGE.requests[:1], after=after)
    assert standing(change, seen, touched=False) == 1
    assert [standing(change, unseen, touched=touched) for touched in (False, True)] == [0, 0]


def test_a_number_without_a_place_is_no_calling():
    """Calling is gone when nothing is left of it; unknown details do not contradict."""
    gone = State([2])
    assert agrees(gone, actual(2))
    assert not agrees(gone, actual(2, calling=BERLIN))
    assert not agrees(State([2], [], BERLIN), actual(2))


def test_what_is_pending_counts_as_accepted():
    """Licenses and sites that somebody has yet to accept are added to what they have; what is unknown stays so."""
    sent = Sent(Entry(1, SENT), frozenset({3}), frozenset({"a.webex.com"}))
    there, unknown = sent.accepted(actual(2)), sent.accepted(Actual(UNSET, UNSET, None))
    assert (there.licenses, there.attendee) == ([2, 3], ["a.webex.com"])
    assert (unknown.licenses, unknown.attendee) == (UNSET, UNSET)


def test_differences_are_told_in_words():
    """Licenses by their names, locations too, and what is there stands before what was expected."""
    names = Names([LicenseName(str(place), f"License {place}") for place in range(4)])
    there = Actual([1, 2], ["b.webex.com"], OSLO, ["new"])
    assert difference(CHANGE.before, there, names, {"63715": "Berlin", "63716": "Oslo"}) == (
        "has License 2, has a license that the plan does not know (new), has an attendee account on b.webex.com,"
        " has no License 0, has no attendee account on a.webex.com, has location Oslo, not Berlin,"
        " has phone number none, not +49301234"
    )
    unknown = Actual(UNSET, UNSET, UNSET)
    assert difference(CHANGE.before, unknown, names, {}).startswith("it is not known what they hold")
    assert difference(CHANGE.before, Actual([0, 1], UNSET, UNSET), names, {}) == ""


@pytest.fixture(scope="module")
def server(sqlite: Maker) -> Iterator[Server]:
    with sqlite.lent() as url, Server(url) as running:
        yield running


@pytest.mark.parametrize(("asked", "requests"), [(1, 2), (2, 3), (4, 3)])
def test_everybody_is_met_once(server: Server, tmp_path: Path, asked: int, requests: int):
    """One by one or page by page, whichever is less: each is there once, who is gone as such."""
    company = found(server, document(149))
    plan = plan_all(company, tmp_path, [1], UPGRADE)
    wanted = [company.person_id(148 - n) for n in range(asked)]

    async def run() -> list[tuple[str, Actual | None]]:
        async with Reader(Target(proxy.address, company.token)) as reader:
            surveys = Surveys(reader, plan, rulebook(), None, 8)
            assert surveys.place("no license") is None
            return [each async for each in surveys.of([*wanted, "00000000-0000-4000-8000-000000000000"])]

    with Proxy(server.address, lambda method, path: proxies.PASS) as proxy:
        seen = dict(asyncio.run(run()))
        assert proxy.methods["GET"] == requests
    assert seen.pop("00000000-0000-4000-8000-000000000000") is None
    assert set(seen) == set(wanted)
    last = seen[company.person_id(148)]
    assert last is not None
    assert (last.licenses, last.calling) == ([STANDARD, MESSAGING], Calling(LOCATION, None, "1148"))


def test_people_are_read_as_the_snapshot_read_them(tmp_path: Path):
    """An extension that is only told with the routing prefix of its location is no change, nor are members unknown."""
    person = planning.person(1, planning.BASIC)
    wants = {person.email: planning.want(planning.PRO, lack=[planning.BASIC])}
    snapshot = planning.write_snapshot(tmp_path / "acme.snapshot", [person])
    plan = planning.make_plan(snapshot, wants, tmp_path / "acme.plan")
    told = {
        "id": ids.encode("PEOPLE", person.id),
        "emails": [person.email],
        "licenses": [ids.encode("LICENSE", planning.LICENSES[planning.BASIC].id)],
        "locationId": ids.encode("LOCATION", planning.BERLIN),
        "phoneNumbers": [{"type": "work_extension", "value": "81001", "primary": True}, {"type": "fax", "value": "1"}],
        "somethingNew": [{}],
    }

    def answer(asked: Asked) -> Said:
        return Said(body=msgspec.json.encode(told), headers={"Content-Type": "application/json"})

    async def run(address: str) -> Actual | None:
        async with Reader(Target(address, "token")) as reader:
            return await Surveys(reader, plan, rulebook(), None, 8).one(person.id)

    with Stranger(answer) as stranger:
        there = asyncio.run(run(stranger.address))
    assert there is not None
    [[change]] = plan.changes()
    assert standing(change, there, touched=False) == 0
