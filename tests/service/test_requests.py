"""The log of requests: what it keeps, what it forgets, who sees what, and following it."""

import asyncio
from datetime import UTC, datetime

from allot.core.call import Call, Caller
from allot.core.fault import Fault
from allot.service.requests import BODY_BYTES_MAX, BYTES_MAX, About, Requests, Seen, Wanted
from servers import rulebook

AT = datetime(2026, 5, 4, tzinfo=UTC)
ONE, OTHER = Wanted("one"), Wanted("other")
EVERYBODY = ("one", "other", "")


def seen(org_id: str = "one", actor: tuple[str, str] = ("", ""), tracking_id: str = "NA_1", **told: object) -> Seen:
    """An answered request; `actor` is the id and the email of who asked."""
    caller = Caller(org_id, *actor, frozenset(), frozenset())
    call = Call(caller, tracking_id, "127.0.0.1", "curl")
    made = Seen("assign", "PATCH", "/v1/licenses/users", call, AT, status=200)
    for name, value in told.items():
        setattr(made, name, value)
    return made


def filled(count: int, most: int = 2000, **told: object) -> Requests:
    """A log that has been told of so many."""
    log = Requests(most)
    for _ in range(count):
        log.add(seen(**told))
    return log


def numbers(found: list[Seen]) -> list[int]:
    return [each.number for each in found]


def test_the_newest_are_kept():
    """Requests are counted from 1, shown newest first, and the oldest are forgotten."""
    log = filled(25, most=10)
    found, below = log.page(ONE, None, 100)
    assert (numbers(found), below, len(log), log.newest) == ([*range(25, 15, -1)], None, 10, 25)
    assert log.find(ONE, 15) is None
    assert log.find(ONE, 16) is found[-1]
    assert log.find(ONE, 25) is found[0]
    assert log.find(ONE, 26) is None


def test_memory_is_bounded_whatever_is_sent():
    """Bodies, queries, answers and sentences of refusals together stay below the bound."""
    [rule, *_] = rulebook().rules
    text = "x" * BODY_BYTES_MAX
    heavy = {
        "body": {"body": text.encode()},
        "query": {"query": text},
        "answer": {"answer": text.encode()},
        "about": {"about": About("", "", [Fault(rule, text)])},
    }
    for told in heavy.values():
        log = filled(500, **told)
        assert len(log) * BODY_BYTES_MAX <= BYTES_MAX
        assert len(log) > BYTES_MAX // BODY_BYTES_MAX - 2
        log = filled(1, **told)
        for _ in range(3000):  # what is forgotten makes room again
            log.add(seen())
        assert len(log) == 2000


def test_nothing_is_kept_where_nothing_shall_be():
    """With 0 there is nothing to see, and nobody is woken."""
    log = filled(5, most=0)
    assert (len(log), log.newest, log.page(ONE, None, 10)) == (0, 0, ([], None))
    assert log.find(ONE, 1) is None


def test_an_organization_sees_its_own():
    """Requests by tokens of others are in no page and under no number; those of nobody only if that is asked for."""
    log = Requests(100)
    for n in range(60):
        log.add(seen(EVERYBODY[n % 3]))
    for org_id, nobody in (("one", False), ("one", True), ("other", False), ("third", False)):
        wanted = Wanted(org_id, nobody)
        mine = {org_id, ""} if nobody else {org_id}
        page, _ = log.page(wanted, None, 100)
        assert {each.call.caller.org_id for each in page} == (mine if org_id != "third" else set())
        assert log.after(wanted, 0, 100)[0] == page[::-1]
        assert [each for n in range(1, 61) if (each := log.find(wanted, n))] == page[::-1]


def test_pages_follow_each_other_while_others_come():
    """Pages have every request that was there at the first one, each once."""
    log = Requests(1000)
    for n in range(90):
        log.add(seen(EVERYBODY[n % 2]))
    found: list[int] = []
    below: int | None = None
    while True:
        page, below = log.page(ONE, below, 7)
        found += numbers(page)
        log.add(seen())
        if below is None:
            break
    assert found == [*range(89, 0, -2)]


def test_requests_are_found_by_what_is_known():
    """By class of status, method, a part of the path, person, rule and the beginning of the tracking id."""
    rule = next(rule for rule in rulebook().rules if rule.id == "license-not-recognized")
    refused = seen(status=206, about=About("p-1", "Anna@example.com", [Fault(rule, "No")]), tracking_id="T-1")
    plain = seen(status=404, actor=("p-2", "admin@example.com"), path="/v1/people", method="GET")
    log = Requests(10)
    log.add(refused)
    log.add(plain)
    for wanted, found in (
        (Wanted("one", status="2"), [refused]),
        (Wanted("one", status="404"), [plain]),
        (Wanted("one", status="5"), []),
        (Wanted("one", method="GET"), [plain]),
        (Wanted("one", path="licenses"), [refused]),
        (Wanted("one", person="p-1"), [refused]),
        (Wanted("one", person="ANNA"), [refused]),
        (Wanted("one", person="p-2"), [plain]),
        (Wanted("one", person="example.com"), [plain, refused]),
        (Wanted("one", person="p-"), []),
        (Wanted("one", rule=rule.id), [refused]),
        (Wanted("one", rule=str(rule.code)), [refused]),
        (Wanted("one", rule="no-rule"), []),
        (Wanted("one", tracking_id="T-"), [refused]),
        (Wanted("one", tracking_id="-1"), []),
        (Wanted("one", status="2", method="GET"), []),
    ):
        assert log.page(wanted, None, 10) == (found, None), wanted
    assert refused.rules == [rule.id]
    assert plain.rules == []


def test_following_loses_nothing():
    """Two who follow, a fast one and a slow one, get every request of theirs once and in order."""

    async def follow(log: Requests, wanted: Wanted, turns: int) -> list[int]:
        found: list[int] = []
        last = 0
        while last < 900:
            await log.wait(last, 10)
            new, is_left_out = log.after(wanted, last, 1000)
            assert not is_left_out
            found += numbers(new)
            last = log.newest
            for _ in range(turns):
                await asyncio.sleep(0)
        return found

    async def fill(log: Requests) -> None:
        for n in range(900):
            log.add(seen(EVERYBODY[n % 2]))
            if n % 7 == 0:
                await asyncio.sleep(0)

    async def run() -> list[list[int]]:
        log = Requests(1000)
        return (await asyncio.gather(follow(log, ONE, 0), follow(log, OTHER, 5), fill(log)))[:2]

    assert asyncio.run(run()) == [[*range(1, 901, 2)], [*range(2, 901, 2)]]


def test_who_follows_too_slowly_is_told():
    """What is forgotten or too much is told, also where it was of others; what is left is shown."""
    log = filled(10, most=10)
    assert not log.after(ONE, 0, 100)[1]
    log.add(seen())
    late, is_left_out = log.after(ONE, 0, 100)
    assert (numbers(late), is_left_out) == ([*range(2, 12)], True)
    newest, is_left_out = log.after(ONE, 0, 3)
    assert (numbers(newest), is_left_out) == ([9, 10, 11], True)
    assert not log.after(ONE, 1, 100)[1]
    assert log.after(ONE, 11, 100) == ([], False)


def test_a_number_of_another_process_begins_anew():
    """After a restart, who followed the process before gets what this one has, and is told."""
    new, is_left_out = filled(3).after(ONE, 500, 100)
    assert (numbers(new), is_left_out) == ([1, 2, 3], True)


def test_waiting_ends_with_a_request_in_time_and_at_a_stop():
    """A wait ends when there is more, when the process stops and after its seconds; at once when it is late."""

    async def run() -> None:
        log = Requests(10)
        waiting = [asyncio.create_task(log.wait(0, 30)) for _ in range(3)]
        await asyncio.sleep(0)
        log.add(seen())
        await asyncio.wait_for(asyncio.gather(*waiting), 5)
        await asyncio.wait_for(log.wait(0, 30), 5)
        await log.wait(1, 0.001)
        stopped = asyncio.create_task(log.wait(1, 30))
        await asyncio.sleep(0)
        log.ring()
        await asyncio.wait_for(stopped, 5)

    asyncio.run(run())
