"""The pages of requests, over HTTP: what was answered, why, and rows as they come."""

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import quote

import pytest
from requests import Response

from allot.cli.demo import ACME
from allot.console import requests as pages
from allot.core import ids
from allot.core.scope import AUDIT_READ, LICENSES_READ
from allot.service.events import STREAMS_OF_TOKEN_MAX
from allot.service.requests import BODY_BYTES_MAX
from allot.wire import events as streams
from allot.wire.errors import STATUSES
from following import Following, live
from plane.acme import PATCH, ask
from servers import ADMIN, Client, Server
from visiting import Visitor, words
from wholesale import token_of

OTHER = "allot-demo-other-org"
EMAIL = "user@example.com"
_ROW = re.compile(r'<tr role="row" id="r-([0-9a-f]{8}-\d+)">(.*?)</tr>', re.DOTALL)
_LIVE = re.compile(r'sse-connect="/console([^"]+)"')
_OLDER = re.compile(r'href="/console([^"]+)" rel="next"')
MARKUP = "<script>alert(1)</script>"
# Hello, written from right to left.
HELLO = "\u0645\u0631\u062d\u0628\u0627"


def tracked(html: str) -> list[str]:
    """The tracking ids of the rows of a page, or of an event."""
    return [unescape(re.search(r"<code>(.*?)</code></td>$", row)[1]) for _, row in _ROW.findall(html)]


def sent(client: Client, tracking_id: str, path: str = "/v1/licenses", **options: object) -> Response:
    """The answer to a request with this tracking id."""
    method = str(options.pop("method", "GET"))
    return client.request(method, path, headers={"TrackingID": tracking_id}, **options)


def shown(visitor: Visitor, tracking_id: str) -> str:
    """The page of the one request with this tracking id."""
    [(key, _)] = _ROW.findall(visitor.see(f"/requests?trackingId={quote(tracking_id)}"))
    return visitor.see(f"/requests/{key}")


def refused(client: Client, tracking_id: str, **more: object) -> Response:
    """A request for a license that there is not, with a slip of the pen."""
    body = {"email": EMAIL, "licenses": [{"id": "none", "properites": {"extension": "4711"}}], **more}
    return sent(client, tracking_id, PATCH, method="PATCH", json=body)


def test_the_newest_come_first(visitor: Visitor, admin: Client):
    """A row has method, path, status, person, rule, time and tracking id, and leads to the request."""
    sent(admin, "NEW_1")
    refused(admin, "NEW_2")
    html = visitor.see("/requests?trackingId=NEW_")
    assert tracked(html) == ["NEW_2", "NEW_1"]
    first, second = (words(row) for _, row in _ROW.findall(html))
    assert re.fullmatch(
        r"\S+ \S+ UTC PATCH /v1/licenses/users 400 user@example.com license-not-recognized [\d.]+ NEW_2", first
    )
    assert re.fullmatch(r"\S+ \S+ UTC GET /v1/licenses 200 admin@example.com [\d.]+ NEW_1", second)
    assert 'href="/console/rulebook#rule-license-not-recognized"' in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=2xx", ["FIND_1"]),
        ("status=4xx", ["FIND_3", "FIND_2"]),
        ("status=404", ["FIND_3"]),
        ("method=patch", ["FIND_2"]),
        ("path=licenses/", ["FIND_2"]),
        ("person=USER%40", ["FIND_2"]),
        ("rule=license-not-recognized", ["FIND_2"]),
        ("rule=400000&status=400", ["FIND_2"]),
        ("path=licenses&status=5xx", []),
    ],
)
def test_filters_narrow_down(visitor: Visitor, admin: Client, query: str, found: list[str]):
    """Status, method, path, person and rule are asked for together, and stay in the form and in the live part."""
    sent(admin, "FIND_1")
    refused(admin, "FIND_2")
    sent(admin, "FIND_3", "/v1/people/none")
    html = visitor.see(f"/requests?trackingId=FIND_&{query}")
    assert list(dict.fromkeys(tracked(html))) == found
    assert 'value="FIND_"' in html
    address = live(html)
    assert address.startswith("/console/requests/live?after=")
    assert query.partition("=")[0] in address


def test_a_status_that_is_none_is_said(visitor: Visitor):
    """It is 400 with the name of the filter."""
    assert "status: must be a status such as 206" in words(visitor.see("/requests?status=x", 400))


def test_older_ones_are_a_page_away(visitor: Visitor, admin: Client, monkeypatch: pytest.MonkeyPatch):
    """Pages follow one another without a gap; only the first is live."""
    monkeypatch.setattr(pages, "ROWS", 3)
    for n in range(7):
        sent(admin, f"PAGE_{n}")
    path: str | None = "/requests?trackingId=PAGE_&path=licenses"
    found = []
    while path:
        html = visitor.see(path)
        assert (_LIVE.search(html) is not None) == (not found)
        found += tracked(html)
        path = unescape(older[1]) if (older := _OLDER.search(html)) else None
    assert found == [f"PAGE_{n}" for n in reversed(range(7))]
    assert tracked(visitor.see("/requests?trackingId=PAGE_&below=other-2")) == found[:3]


def test_it_is_paused_and_goes_on_without_scripts(visitor: Visitor):
    """The switch is a link: a page that is paused is not live, and keeps its filters."""
    html = visitor.see("/requests?path=licenses")
    assert '<noscript><a class="button" href="/console/requests?path=licenses">Reload</a></noscript>' in html
    pause = unescape(re.search(r'id="switch" href="/console([^"]+)"', html)[1])
    paused = visitor.see(pause)
    assert _LIVE.search(paused) is None
    assert "paused" in words(paused)
    assert unescape(re.search(r'id="switch" href="/console([^"]+)"', paused)[1]) == "/requests?path=licenses"


def test_organizations_do_not_see_each_other(visits: Callable[..., Visitor], demo: Server, admin: Client):
    """Neither in rows nor by name; what nobody is known to have sent only with the scope allot:admin."""
    plain = visits(token_of(demo, ACME, "admin@example.com", frozenset({AUDIT_READ, LICENSES_READ})))
    sent(admin, "WHO_1")
    sent(admin.as_(OTHER), "WHO_2")
    sent(admin.as_("wrong-token"), "WHO_3")
    mine, theirs = visits(), visits(OTHER)
    for caller, sees in ((mine, ["WHO_3", "WHO_1"]), (theirs, ["WHO_3", "WHO_2"]), (plain, ["WHO_1"])):
        assert tracked(caller.see("/requests?trackingId=WHO_")) == sees
    [(key, _)] = _ROW.findall(mine.see("/requests?trackingId=WHO_1"))
    assert mine.look(f"/requests/{key}").status_code == 200
    assert theirs.look(f"/requests/{key}").status_code == 404
    acme = ids.encode("ORGANIZATION", ACME)
    assert theirs.look(f"/requests?orgId={acme}").status_code == 403
    assert theirs.look(f"/requests/live?orgId={acme}").status_code == 403


def test_who_may_not_read_the_journal_may_not_look(visits: Callable[..., Visitor]):
    """An administrator's role is needed, which may be a read-only one."""
    assert visits("allot-demo-readonly").look("/requests").status_code == 200
    user = visits("allot-demo-user")
    for path in ("/requests", "/requests/live", "/requests/x-1"):
        assert user.look(path).status_code == 403
    assert "/console/requests" not in user.see("/rulebook")


def test_a_refused_request_tells_why(visitor: Visitor, admin: Client):
    """The rule with its provenance and remedy, what was never read, body, command, journal and answer are there."""
    assert refused(admin, "WHY_1").status_code == 400
    html = shown(visitor, "WHY_1")
    told = words(html)
    assert "Why 400 Rules of the rulebook refused it. Nothing changed. 400000 License not recognized none" in told
    assert "Rule license-not-recognized documented ADM error 400000" in told
    assert "What to do Use a license id that GET /licenses lists for this organization." in told
    assert "licenses[0].properites" in told
    assert '"email": "user@example.com",\n' in unescape(html)
    assert "curl -X PATCH" in told
    assert "$TOKEN" in told
    assert ADMIN not in html
    assert '"errorCode": 400000' in unescape(html)
    assert re.search(r'<li class="bad" id="entry-\d+">', html)
    assert 'href="/console/people/' in html
    assert 'href="/console/rulebook#rule-license-not-recognized"' in html


@pytest.mark.parametrize(
    ("tracking_id", "options", "says"),
    [
        ("MEAN_200", {}, "It was answered as asked."),
        ("MEAN_404", {"path": "/v1/people/none"}, "The path is none, or the thing is not known in this organization."),
        ("MEAN_405", {"method": "PUT"}, "The path has other methods; Allow lists them."),
        ("MEAN_415", {"path": PATCH, "method": "PATCH", "data": b"x"}, "another media type than the operation takes"),
        ("MEAN_400", {"path": PATCH, "method": "PATCH", "json": {}}, "The request is not valid. Each error names"),
        (
            "MEAN_413",
            {"path": PATCH, "method": "PATCH", "json": {"email": "x" * (1 << 20)}},
            "The body has more than 1 MiB.",
        ),
    ],
)
def test_a_status_is_told_in_words(
    visitor: Visitor, admin: Client, tracking_id: str, options: dict[str, object], says: str
):
    """Each has a sentence that says what it means for who sent the request."""
    assert sent(admin, tracking_id, **options).status_code == int(tracking_id.removeprefix("MEAN_"))
    assert says in words(shown(visitor, tracking_id))


def test_tokens_that_lack_something_are_told_in_words(visitor: Visitor, admin: Client):
    """No token that is valid, and no scope: what was asked is told without its body."""
    sent(admin.as_("wrong-token"), "LACK_1", PATCH, method="PATCH", json={"email": EMAIL})
    told = words(shown(visitor, "LACK_1"))
    assert "There is no token, or it is unknown or has run out, or its person may not log in." in told
    assert "By nobody who is known" in told
    assert "The body as it was sent None was read." in told
    sent(admin.as_("allot-demo-readonly"), "LACK_2", PATCH, method="PATCH", json={"email": EMAIL})
    told = words(shown(visitor, "LACK_2"))
    assert "The token lacks a scope, its person lacks a role" in told
    assert "The token lacks the scope" in told


def test_every_failure_is_told_in_words():
    """No status of an error is without a sentence."""
    assert set(STATUSES.values()) <= pages.MEANING.keys()


def test_a_part_that_was_done_is_told(visitor: Visitor, admin: Client):
    """206 says so, with the rule that refused the rest; an organization's own journal has the entry."""
    answer = sent(admin, "PART_1", PATCH, method="PATCH", json=ask(admin, EMAIL, "+Webex Meetings Suite", "+none"))
    assert answer.status_code == 206
    told = words(shown(visitor, "PART_1"))
    assert "A part of it was done. The rules that are named refused the rest." in told
    assert "In the journal Licenses changed" in told
    body = {"emails": ["part@example.com"], "displayName": "Part", "licenses": ["none"]}
    assert sent(admin, "PART_2", "/v1/people", method="POST", json=body).status_code == 200
    assert "Why 200 A part of it was done." in words(shown(visitor, "PART_2"))


def test_whatever_was_sent_is_only_text(visitor: Visitor, admin: Client):
    """Markup and text from right to left, in path, query, body and members that were never read."""
    odd = f'"><{MARKUP}{HELLO}'
    sent(admin, "ODD_1", f"/v1/people/{quote(odd, safe='')}", params={odd: odd})
    sent(admin, "ODD_2", PATCH, method="PATCH", json={"email": odd, odd: odd, "licenses": [{"id": odd}]})
    rows = visitor.see(f"/requests?trackingId=ODD_&path={quote(odd)}") + visitor.see("/requests?trackingId=ODD_")
    for html in (rows, shown(visitor, "ODD_1"), shown(visitor, "ODD_2")):
        assert MARKUP not in html
        assert HELLO in html or quote(HELLO) in html
    assert f"<bdi>/v1/people/&#34;&gt;&lt;&lt;script&gt;alert(1)&lt;/script&gt;{HELLO}</bdi>" in rows


def test_long_bodies_are_shown_in_part(visitor: Visitor, admin: Client):
    """The command reads them from a file then; one that was too long to keep has only its size."""
    refused(admin, "LONG_1", note="x" * (2 * pages.BODY_MAX))
    html = shown(visitor, "LONG_1")
    assert len(html) < 3 * pages.BODY_MAX
    assert "of which the first are shown" in html
    assert "--data-binary @body" in html
    refused(admin, "LONG_2", note="x" * BODY_BYTES_MAX)
    told = words(shown(visitor, "LONG_2"))
    assert "bytes, which are not shown" in told
    assert "--data-binary @body" in told


def test_a_body_that_is_no_json_is_shown_as_it_is(visitor: Visitor, admin: Client):
    """However broken or deep it is."""
    json = {"Content-Type": "application/json"}
    for n, body in enumerate((b'{"email": ', b"[" * 5000 + b"]" * 5000)):
        answer = admin.patch(PATCH, data=body, headers={"TrackingID": f"RAW_{n}", **json})
        assert answer.status_code == 400
        assert body.decode() in unescape(shown(visitor, f"RAW_{n}"))


def test_many_members_that_nobody_read(visitor: Visitor, admin: Client):
    """The first are named, the others counted."""
    refused(admin, "MANY_1", **{f"member{n:03}": n for n in range(150)})
    html = shown(visitor, "MANY_1")
    assert html.count('<li class="chip care">') == 100
    assert "And 51 more." in html


@pytest.mark.parametrize(
    "key", ["x", "1", "00000000-1", "{process}-0", "{process}-999999", "{process}-²", "{process}-"]
)
def test_a_request_that_is_not_remembered(visitor: Visitor, demo: Server, key: str):
    """It is 404, and says where changes are kept."""
    html = visitor.see(f"/requests/{key.format(process=demo.service.requests.process)}", 404)
    assert "does not remember such a request" in words(html)


def address_of(visitor: Visitor, path: str = "/requests") -> str:
    """The address of the live part of a page."""
    return live(visitor.see(path))


def test_rows_come_as_requests_are_answered(visitor: Visitor, admin: Client):
    """Each is an event, named as its row is; those that are not asked for do not come."""
    with Following(visitor, address_of(visitor, "/requests?path=licenses&trackingId=LIVE_")) as following:
        events = following.parts()
        sent(admin, "LIVE_1")
        first = next(events)
        sent(admin, "LIVE_2", "/v1/people/none")
        sent(admin.as_(OTHER), "LIVE_3")
        sent(admin, "LIVE_4")
        second = next(events)
    for (id, kind, html), name in ((first, "LIVE_1"), (second, "LIVE_4")):
        assert (kind, tracked(html)) == ("row", [name])
        assert html.strip().startswith(f'<tr role="row" id="r-{id}">')


def test_who_comes_back_misses_nothing(visitor: Visitor, admin: Client):
    """The last event that was seen is where it goes on, whatever the address says."""
    address = address_of(visitor, "/requests?trackingId=BACK_")
    sent(admin, "BACK_1")
    with Following(visitor, address) as following:
        last, _, html = next(following.parts())
        assert tracked(html) == ["BACK_1"]
    for n in (2, 3):
        sent(admin, f"BACK_{n}")
    with Following(visitor, address, last) as following:
        events = following.parts()
        assert [tracked(next(events)[2]) for _ in (2, 3)] == [["BACK_2"], ["BACK_3"]]


def test_a_new_process_says_that_it_is_one(visitor: Visitor, admin: Client):
    """Whoever comes from another process gets a word about it, then what this one has."""
    sent(admin, "ANEW_1")
    with Following(visitor, "/console/requests/live?trackingId=ANEW_", "00000000-999999") as following:
        events = following.parts()
        _, kind, html = next(events)
        assert (kind, "The server was started anew" in html) == ("gap", True)
        assert tracked(next(events)[2]) == ["ANEW_1"]


@pytest.mark.parametrize(("rows", "looked"), [(2, 500), (50, 2)])
def test_what_is_too_much_is_left_out(
    visitor: Visitor, admin: Client, monkeypatch: pytest.MonkeyPatch, rows: int, looked: int
):
    """Of many requests at once the newest are shown, after a word that some are left out."""
    address = address_of(visitor, "/requests?trackingId=MUCH_")
    monkeypatch.setattr(pages, "ROWS", rows)
    monkeypatch.setattr(pages, "LOOK_MAX", looked)
    for n in range(5):
        sent(admin, f"MUCH_{n}")
    with Following(visitor, address) as following:
        events = following.parts()
        _, kind, html = next(events)
        assert (kind, "More requests came here" in html) == ("gap", True)
        assert [tracked(next(events)[2]) for _ in range(2)] == [["MUCH_3"], ["MUCH_4"]]


def test_live_pages_are_limited(visitor: Visitor):
    """One session may have so many open; the next one is told."""
    open_ = [Following(visitor, address_of(visitor)) for _ in range(STREAMS_OF_TOKEN_MAX)]
    answer = visitor.look("/requests/live")
    assert answer.status_code == 429
    for following in open_:
        following.answer.close()


def test_a_stop_ends_live_pages(server: Server, admin: Client):
    """A server that stops does not wait for them."""
    with Visitor(server.address) as visitor, Following(visitor, address_of(visitor)) as following:
        server.loop.call_soon_threadsafe(server.service.stop)
        assert list(following.parts()) == []


def test_a_live_page_ends_by_itself(visitor: Visitor, monkeypatch: pytest.MonkeyPatch):
    """After some minutes it comes again, and its rights are looked at anew."""
    monkeypatch.setattr(streams, "STREAM_SECONDS", 0.0)
    with Following(visitor, "/console/requests/live") as following:
        assert list(following.parts()) == []


def test_pages_are_small(visitor: Visitor, admin: Client):
    """A full page of requests has 60 KB at most."""
    for n in range(pages.ROWS):
        refused(admin, f"SIZE_{n:032}")
    html = visitor.see("/requests?trackingId=SIZE_")
    assert len(tracked(html)) == pages.ROWS
    assert len(html.encode()) < 60_000
