"""Speaking to an API that is not there, busy, slow, or none."""

import asyncio
import gzip
import inspect
import json
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from allot.client.connections import Patience, Target, normalize
from allot.client.failures import Absent, Away, BadTarget, Busy, ClientFault, Forbidden, Nonsense, Uncertain
from allot.client.readers import Reader
from allot.client.shapes import Assignment, Holding, LicenseRequest
from allot.client.writers import Writer
from servers import ADMIN, HOST, Server, hold_port
from strangers import Line, Said, Stranger, in_turn

T = TypeVar("T")
QUICK = Patience(attempts=4, first=0.001, longest=0.002, answer=30, connect=30)
#: for a server that says nothing; with others a pause of the machine is no silence
SHORT = replace(QUICK, answer=1)
BODY = Assignment("someone", licenses=[LicenseRequest("one", "add")])
HTML = Said(200, b"<html>Welcome to the router</html>", {"Content-Type": "text/html"})


def ask(address: str, what: Callable[[Writer], Awaitable[T]], patience: Patience = QUICK) -> T:
    """What comes of a call to the API at an address."""

    async def main() -> T:
        async with Writer(Target(address, ADMIN, patience=patience)) as writer:
            return await what(writer)

    return asyncio.run(main())


def change(writer: Writer) -> Coroutine[Any, Any, Any]:
    return writer.patch(BODY)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://webexapis.com", "https://webexapis.com/v1"),
        ("https://webexapis.com/v1/", "https://webexapis.com/v1"),
        (" http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ("http://[::1]:8080", "http://[::1]:8080/v1"),
        ("https://example.com/webex//", "https://example.com/webex/v1"),
    ],
)
def test_an_address_may_be_written_with_or_without_its_version(written: str, meant: str):
    """However it is written, an address ends with /v1."""
    assert normalize(written) == meant


@pytest.mark.parametrize(
    "address",
    [
        "",
        "webexapis.com",
        "ftp://x",
        "http://",
        "http://a:b",
        "http://u:p@x",
        "http://x?a=1",
        "http://[::",
        "http://a b",
    ],
)
def test_what_is_no_address_is_refused_before_anything_is_sent(address: str):
    """The sentence names what was written and shows how an address looks."""
    with pytest.raises(BadTarget, match=r"name one like https://webexapis\.com/v1"):
        Target(address, ADMIN)


@pytest.mark.parametrize("address", ["MmNiZWE_PF84_" * 8, "https://me:secret_@example.com", "https://x?token=secret_"])
def test_a_token_in_the_place_of_an_address_is_not_shown(address: str):
    """What is no address may be a secret: whoever reads the log does not see it."""
    with pytest.raises(BadTarget) as caught:
        Target(address, ADMIN)
    assert "_" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Other: 1", "smörgås"])
def test_what_is_no_token_is_refused(token: str):
    """A token that would end the header, or cannot stand in one, is not sent."""
    with pytest.raises(BadTarget, match="token"):
        Target("https://example.com", token)


def test_the_token_is_not_shown():
    """The text of a target, as tracebacks have it, hides the token."""
    assert "secret" not in repr(Target("https://example.com", "secret"))


def test_what_did_nothing_is_repeated():
    """A change that was refused with 429, 423 and 503 is sent again, under another tracking id, until it is taken."""
    refusals = [Said(status, b"{}", {"Retry-After": "0"}) for status in (429, 423, 503)]
    with Stranger(in_turn(*refusals, Said(200, b'{"personId": "x"}'))) as stranger:
        answer = ask(stranger.address, change)
    assert (answer.status, answer.body) == (200, b'{"personId": "x"}')
    assert len({asked.headers["TrackingID"] for asked in stranger.asked}) == 4
    assert {asked.body for asked in stranger.asked} == {
        b'{"personId":"someone","licenses":[{"id":"one","operation":"add"}]}'
    }
    assert stranger.asked[0].headers["Authorization"] == f"Bearer {ADMIN}"
    assert answer.tracking_id == stranger.asked[-1].headers["TrackingID"]


@pytest.mark.parametrize(
    "said", [Said(0), Said(-1), Said(500), Said(502), Said(504)], ids=lambda said: str(said.status)
)
def test_a_change_whose_fate_is_unknown_is_not_repeated(said: Said):
    """Cut off, timed out or failed between: the change is sent once, and whoever asked is told that it may be made."""
    with Stranger(in_turn(said)) as stranger, pytest.raises(Uncertain) as caught:
        ask(stranger.address, change, SHORT if said.status == -1 else QUICK)
    assert [asked.headers["TrackingID"] for asked in stranger.asked] == [caught.value.tracking_id]


@pytest.mark.parametrize(
    "said", [Said(0), Said(-1), Said(500), Said(502), Said(504), Said(503)], ids=lambda said: str(said.status)
)
def test_reading_is_repeated_whatever_happened(said: Said):
    """A reading that was cut off, timed out or failed between is done again."""
    with Stranger(in_turn(Said(200, b'{"items": []}'), said, Said(200, b'{"items": []}'))) as stranger:

        async def twice(writer: Writer) -> list[Any]:
            return [await writer.licenses(), await writer.licenses()]

        assert ask(stranger.address, twice, SHORT if said.status == -1 else QUICK) == [[], []]
    assert len(stranger.asked) >= 3


def test_patience_ends():
    """After so many attempts there is one sentence, with the status and what to do."""
    with Stranger(in_turn(Said(200, b'{"items": []}'), Said(429))) as stranger:

        async def twice(writer: Writer) -> None:
            await writer.licenses()
            await writer.licenses()

        with pytest.raises(Busy, match="answers 429 each time; try again later"):
            ask(stranger.address, twice)
    assert len(stranger.asked) == 1 + QUICK.attempts


@pytest.mark.parametrize("ordered", ["86400", "Mon, 23 Nov 2026 02:00:00 GMT"])
def test_nobody_waits_for_a_day(ordered: str):
    """An order to wait longer than patience lasts ends the attempts; a date is held against the answer's own."""
    headers = {"Retry-After": ordered, "Date": "Sun, 22 Nov 2026 02:00:00 GMT"}
    with Stranger(in_turn(Said(429, b"", headers))) as stranger:
        with pytest.raises(Busy, match="asks to wait 86400 seconds"):
            ask(stranger.address, change)
        assert len(stranger.asked) == 1


def test_what_waits_is_not_sent_after_an_order_that_nobody_waits_for():
    """An order beyond patience refuses whoever waits for a turn, or comes later, at once."""
    patience = replace(QUICK, ordered=0.1)
    with Stranger(in_turn(Said(429, b"", {"Retry-After": "1"}), Said(200))) as stranger:

        async def many() -> list[Any]:
            async with Writer(Target(stranger.address, ADMIN, 1, patience)) as writer:
                first = await asyncio.gather(*(writer.patch(BODY) for _ in range(4)), return_exceptions=True)
                return first + await asyncio.gather(writer.patch(BODY), return_exceptions=True)

        refused = asyncio.run(many())
    assert [type(each) for each in refused] == [Busy] * 5
    assert len(stranger.asked) == 1


def test_all_wait_together():
    """One answer with Retry-After stops every worker until then."""
    with Stranger(in_turn(Said(429, b"", {"Retry-After": "1"}), Said(200))) as stranger:

        async def many(writer: Writer) -> tuple[float, float]:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            with pytest.raises(Busy):
                await writer._once("PATCH", writer._url("/licenses/users"), b"{}")
            await asyncio.gather(*(writer.patch(BODY) for _ in range(6)))
            return begun, loop.time()

        begun, ended = ask(stranger.address, many)
    assert ended - begun >= 1
    assert len(stranger.asked) == 7


def test_an_address_that_never_answered_is_given_up_soon():
    """Nobody listens there: three attempts, then a sentence with the reason."""
    sentence = r"cannot be reached \(.*\); check the address and the network"
    with hold_port() as held:
        address = f"http://{HOST}:{held.getsockname()[1]}"
        with pytest.raises(Away, match=sentence):
            ask(address, change, Patience(first=0.001, longest=0.002))


def test_a_server_that_cannot_prove_itself_is_not_trusted():
    """Where TLS fails nothing is sent, and nothing is tried again."""
    with Stranger(in_turn(Said(200))) as stranger, pytest.raises(BadTarget, match="cannot be trusted"):
        ask(stranger.address.replace("http:", "https:"), lambda writer: writer.licenses())
    assert stranger.asked == []


def test_the_proxy_of_the_system_is_used(monkeypatch: pytest.MonkeyPatch):
    """An API elsewhere is asked through the proxy, one on this machine is not."""
    with Stranger(in_turn(Said(200, b'{"items": []}'))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        monkeypatch.setenv("no_proxy", "")
        assert ask("http://api.example", lambda writer: writer.licenses()) == []
        assert [asked.path for asked in proxy.asked] == ["http://api.example/v1/licenses"]
        with Stranger(in_turn(Said(200, b'{"items": []}'))) as stranger:
            assert ask(stranger.address, lambda writer: writer.licenses()) == []
        assert len(proxy.asked) == 1


def test_an_answer_without_end_is_not_read_to_its_end():
    """A server that never stops is left, and the sentence says why."""
    said = Said(200, b"x" * (1 << 20), endless=True)
    with Stranger(in_turn(said)) as stranger, pytest.raises(Away, match="its answer has no end"):
        ask(stranger.address, lambda writer: writer.licenses(), Patience(first=0.001, longest=0.002))


def test_what_is_no_http_is_called_so():
    """Headers of megabytes are not read to their end, and the sentence does not speak of the network."""
    said = Said(200, b"{}", {"X-Long": "x" * (10 << 20)})
    with Stranger(in_turn(said)) as stranger, pytest.raises(Away, match=r"answers what is no HTTP \(Got more than"):
        ask(stranger.address, lambda writer: writer.licenses())


def test_what_is_packed_is_unpacked_no_further_than_allowed():
    """A small answer that unpacks to a hundred megabytes is left."""
    packed = gzip.compress(b'{"items": [' + b" " * (100 << 20) + b"]}", 1)
    said = Said(200, packed, {"Content-Encoding": "gzip"})
    with Stranger(in_turn(said)) as stranger, pytest.raises(Away, match="its answer has no end"):
        ask(stranger.address, lambda writer: writer.licenses(), Patience(attempts=1))


def test_a_change_that_nobody_received_is_repeated():
    """No connection is no change: it is made as soon as there is one again."""
    said = Said(200, b"{}", {"Connection": "close"})
    with Stranger(in_turn(said)) as stranger, Line(stranger.port) as line:

        async def twice(writer: Writer) -> None:
            await writer.patch(BODY)
            line.close()
            later = asyncio.create_task(writer.patch(BODY))
            asyncio.get_running_loop().call_later(0.05, line.open)
            assert (await later).status == 200

        ask(line.address, twice, Patience(attempts=50, first=0.01, longest=0.02))
    assert len(stranger.asked) == 2


@pytest.mark.parametrize(
    "said",
    [
        HTML,
        Said(200, b""),
        Said(200, b'{"items": 3}'),
        Said(200, b"\xff\xfe"),
        Said(404, b"not here"),
        Said(302, b"", {"Location": "http://127.0.0.1:1/"}),
        Said(418, b"[]"),
    ],
    ids=["html", "empty", "other", "bytes", "404", "redirect", "418"],
)
def test_what_is_no_webex_api_is_called_so(said: Said):
    """Whatever is answered to the first question, the address is doubted and an example given."""
    with Stranger(in_turn(said)) as stranger, pytest.raises(Nonsense, match="is no address of a Webex API") as caught:
        ask(stranger.address, lambda writer: writer.organization())
    assert "https://webexapis.com/v1" in str(caught.value)
    assert stranger.address in str(caught.value)


def test_a_server_that_fails_is_no_wrong_address():
    """Answered 500 each time, the first question is asked again, and then it is said to try again later."""
    with Stranger(in_turn(Said(500))) as stranger:
        with pytest.raises(Away, match=r"answers 500 each time; try again later$"):
            ask(stranger.address, lambda writer: writer.organization())
        assert len(stranger.asked) == QUICK.attempts


def test_nonsense_later_is_shown():
    """An answer that cannot be read is quoted, in short."""
    with Stranger(in_turn(HTML)) as stranger, pytest.raises(Nonsense, match="Welcome to the router"):
        ask(stranger.address, lambda writer: writer.licenses())


def test_an_answer_that_is_nested_without_end_is_shown():
    """It is nonsense as any other, also as the body of a refusal."""
    deep = b'{"x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    for status in (200, 400):
        with Stranger(in_turn(Said(status, deep))) as stranger, pytest.raises(Nonsense, match=r'`\{"x":\[\[\['):
            ask(stranger.address, lambda writer: writer.licenses())


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            '<http://elsewhere.example/v1/people>; rel="next"',
            "elsewhere.example for the next page, where",
        ),
        ('<https://127.0.0.1/v1/people>; rel="next"', "where the token does not belong"),
        ('<//me:secret@127.0.0.1/v1/people>; rel="next"', "where the token does not belong"),
        ('<ftp://127.0.0.1/v1/people>; rel="next"', "where the token does not belong"),
        ('<http://[::1>; rel="next"', "names no address for the next page"),
        ('<http://127.0.0.1:99999/v1/people>; rel="next"', "names no address for the next page"),
        ('</v1/people?page=2>; rel="next"', "in a circle"),
    ],
)
def test_pages_are_followed_on_the_same_host_and_forwards_only(link: str, sentence: str):
    """The token goes nowhere else, and pages that lead back to themselves are not followed for ever."""
    with Stranger(in_turn(Said(200, b'{"items": []}', {"Link": link}))) as stranger:
        with pytest.raises(Nonsense, match=sentence):
            ask(stranger.address, lambda writer: writer.licenses())
        assert len(stranger.asked) <= 2


def test_a_page_that_a_draft_names_elsewhere_is_not_asked_for():
    """An address that was kept in a file is trusted no more than one that a server names."""
    with Stranger(in_turn()) as elsewhere, pytest.raises(Nonsense, match="where the token does not belong"):
        ask("http://127.0.0.1:1", lambda writer: writer.people(at=f"{elsewhere.address}/v1/people"))
    assert not elsewhere.asked


def test_an_error_says_what_the_token_lacks():
    """401 and 403 are told apart; the latter names the scope, and what the API itself says."""
    with Stranger(in_turn(Said(401))) as stranger, pytest.raises(ClientFault, match="does not know the token"):
        ask(stranger.address, change)
    body = json.dumps({"message": "Forbidden", "errors": [{"description": "Not for you"}]}).encode()
    with Stranger(in_turn(Said(403, body))) as stranger, pytest.raises(Forbidden) as caught:
        ask(stranger.address, change)
    assert "Not for you" in str(caught.value)
    assert "spark-admin:people_write" in str(caught.value)


def test_a_fault_that_nobody_knows_can_be_reported():
    """A status that is not documented is told with its tracking id."""
    said = Said(418, b'{"message": "I am a teapot"}', {"TrackingID": "TEA_1"})
    sentence = r"418 .* I am a teapot\. Report it with its tracking id TEA_1"
    with Stranger(in_turn(said)) as stranger, pytest.raises(Nonsense, match=sentence):
        ask(stranger.address, change)


def test_a_reader_has_no_way_to_write():
    """Of all that a reader offers, nothing sends anything but GET."""
    assert not hasattr(Reader, "patch")
    offered = [name for name, _ in inspect.getmembers(Reader, inspect.iscoroutinefunction) if not name.startswith("_")]
    lists = {name: [] for name in ("items", "locations", "phoneNumbers", "callParkExtensions")}
    body = json.dumps({**lists, "id": "x", "orgId": "x", "displayName": "x"}).encode()
    with Stranger(in_turn(Said(200, body))) as stranger:

        async def everything() -> None:
            async with Reader(Target(stranger.address, ADMIN, patience=QUICK)) as reader:
                for name in offered:
                    method = getattr(reader, name)
                    needs = [
                        each for each in inspect.signature(method).parameters.values() if each.default is each.empty
                    ]
                    await method(*("/x" for _ in needs))

        asyncio.run(everything())
    assert set(offered) == {
        *("get", "organization", "licenses", "people", "person"),
        *("locations", "telephony_locations", "numbers", "call_parks"),
    }
    assert {asked.method for asked in stranger.asked} == {"GET"}


def test_what_the_demo_has_is_read(demo: Server):
    """Organization, licenses, locations, numbers and people are read from the real service, and one is changed."""

    async def everything(writer: Writer) -> None:
        organization = await writer.organization()
        assert organization.display_name == "Acme, Inc."
        licenses = {each.id: each for each in await writer.licenses()}
        assert all(each.consumed_units >= 0 for each in licenses.values())
        assert {each.name for each in await writer.locations()} == {"Denver", "London", "San Jose", "Sydney"}
        prefixes = {each.name: each.routing_prefix for each in await writer.telephony_locations()}
        assert prefixes["San Jose"] == "8101"
        assert "7001" in {each.extension for each in await writer.call_parks()}
        assert any(each.owner for each in (await writer.numbers()).items)
        page = await writer.people()
        person = next(each for each in page.items if each.location_id and each.licenses)
        assert await writer.person(person.id) == person
        assert isinstance(person.licenses, list)
        answer = await writer.patch(Assignment(person.id, licenses=[LicenseRequest(person.licenses[0], "add")]))
        assert answer.status == 200
        assert writer.read(answer, Holding).licenses == person.licenses
        with pytest.raises(Absent):
            await writer.person("nobody")

    ask(demo.address, everything, Patience())
