"""What broken and hostile clients send, and pages that stay open when somebody may see them no more."""

import re
import resource
import time
from collections.abc import Callable, Iterator
from html import unescape

import pytest

from allot.cli.demo import ACME, PARTNER
from allot.console import sessions
from allot.console.application import PAGES
from allot.core import ids
from allot.core.scope import PEOPLE_READ, SCOPES
from allot.service.tokens import token_hash
from following import Following, live
from servers import Client, Process, Server
from visiting import Visitor, words
from wholesale import PATH, TOKEN, body, new_id, token_of, work

_LINK = re.compile(r'href="(/console(?!/assets)[^"]*)"')
#: pages that somebody goes to
LINKS_MAX = 40
CUSTOMERS = "/wholesale/customers"
BOUNDARY = "multipart/form-data; boundary=B"


def part(name: str, value: bytes) -> bytes:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n--B--\r\n"


# ---------------------------------------------------------------- cookies


@pytest.mark.parametrize(
    "cookies",
    [
        'theirs={"a":1}; %s',
        "a b=c; %s",
        "path=/; %s",
        "flag; %s; secure",
        "\u00e9=1;%s",
        "%s; allot_session=of-another-path",
        'a="; %s; b="',
    ],
)
def test_cookies_of_others_do_no_harm(visitor: Visitor, cookies: str):
    """Programs on other ports of this machine share its cookies: whatever theirs are, a session goes on."""
    own = f"allot_session={visitor.cookies['allot_session']}"
    with Client(visitor.base, None) as client:
        answer = client.get("/console/licenses", headers={"Cookie": cookies % own}, allow_redirects=False)
    assert answer.status_code == 200


def test_a_cookie_takes_no_time():
    """Nobody keeps the server busy with a cookie."""
    began = time.process_time()
    for value in (b'"' + b"\\" * 60_000 + b'"', b'"' + b"\\1" * 30_000 + b'"', b"=;" * 30_000):
        sessions.read({b"cookie": b"allot_session=" + value})
    assert time.process_time() - began < 1


# ---------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("charset", "value"),
    [("utf-7", b"+2AA-"), ("unicode_escape", rb"\ud800"), ("punycode", b"x" * 200_000), ("undefined", b"x")],
)
def test_a_form_names_no_charset(visitor: Visitor, charset: str, value: bytes):
    """Forms are in UTF-8: no text is decoded with whatever else Python knows, which fails, or takes minutes."""
    headers = {"Content-Type": f"{BOUNDARY}; Charset={charset}"}
    answer = visitor.post("/console/sign-in", data=part("token", value), headers=headers)
    assert answer.status_code == 400
    assert "send it in UTF-8, and name no charset" in words(answer.text)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", part("csrf", b"x")),
        ("multipart/form-data; boundary=C", part("csrf", b"x")),
        (BOUNDARY, b"garbage"),
        (BOUNDARY, b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n"),
        ("application/x-www-form-urlencoded", b"a=b&" * 3_000),
    ],
)
def test_a_form_that_cannot_be_read_says_so(visitor: Visitor, kind: str, body: bytes):
    """A body that is no form, or one of too many fields, is answered with a sentence."""
    answer = visitor.post("/console/plans", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert "The form cannot be read: " in words(answer.text)
    assert ".." not in words(answer.text)


def test_a_form_that_has_no_room_is_told_so(process: Process):
    """When the server's disk is full, a file is not opened, and the page says why; a limit on files stands for it."""
    with Visitor(process.address) as visitor:
        pid = process.popen.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        files = {"plan": ("large.plan", b"x" * (2 << 20))}
        answer = visitor.post("/console/plans", data={"csrf": visitor.csrf}, files=files)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    assert answer.status_code == 503
    assert "There is no room for the form on the server" in words(answer.text)


def test_nul_is_no_text(server: Server):
    """On both databases: addresses and forms with a NUL are answered as if it was not there."""
    with Visitor(server.address) as visitor:
        for path in [re.sub(r"\{[^}]+\}", "%00", page.path) for page in PAGES if page.method == "GET"]:
            with visitor.look(f"{path}?q=%00&next=%00&trackingId=%00&orgId=%00", stream=True) as answer:
                assert answer.status_code < 500, path
        answer = visitor.submit("/people/%00/change", request='{"licenses": []}', expected="\x00", last="\x00")
        assert answer.status_code < 500
        answer = visitor.submit("/sign-in", token="allot\x00_\x00")
        assert answer.status_code == 401


# ---------------------------------------------------------------- links


@pytest.mark.parametrize("scope", [*sorted(SCOPES), ""])
@pytest.mark.parametrize(("org_id", "email"), [(ACME, "admin@example.com"), (PARTNER, "")])
def test_no_link_is_refused(demo: Server, visits: Callable[..., Visitor], org_id: str, email: str, scope: str):
    """With whatever scope somebody comes: no page leads them to one that they may not see."""
    visitor = visits(token_of(demo, org_id, email, frozenset([scope])))
    waiting, seen = ["/console"], {"/console"}
    for address in waiting:
        answer = visitor.get(address, allow_redirects=False)
        assert answer.status_code != 403, address
        links = {unescape(each).partition("#")[0] for each in _LINK.findall(answer.text)}
        found = sorted(each for each in links - seen if not each.startswith("/console/rulebook"))
        waiting += found[: max(0, LINKS_MAX - len(waiting))]
        seen |= links


# ---------------------------------------------------------------- streams


@pytest.fixture
def api(demo: Server) -> Iterator[Client]:
    """The partner's administrator, at the API."""
    client = demo.client(TOKEN)
    yield client
    client.close_all()


def sign_out(demo: Server, visitor: Visitor) -> None:
    visitor.submit("/sign-out")


def revoke(demo: Server, visitor: Visitor) -> None:
    demo.run("DELETE FROM tokens WHERE token_hash = $1", token_hash(visitor.cookies["allot_session"]))
    demo.service.tokens.memory.clear()


def narrow(demo: Server, visitor: Visitor) -> None:
    key = token_hash(visitor.cookies["allot_session"])
    demo.run("UPDATE tokens SET scopes = $2 WHERE token_hash = $1", key, PEOPLE_READ)
    demo.service.tokens.memory.clear()


@pytest.mark.parametrize("lose", [sign_out, revoke, narrow])
def test_a_stream_ends_with_the_rights(
    demo: Server, visits: Callable[..., Visitor], api: Client, lose: Callable[[Server, Visitor], None]
):
    """Whoever has signed out, or may do less by now, is told nothing more by a page that is still open."""
    visitor = visits(token_of(demo, PARTNER))
    with Following(visitor, live(visitor.see(CUSTOMERS))) as following:
        lose(demo, visitor)
        new_id(api.post(PATH, json=body()))
        assert list(following.parts()) == []
    demo.call(work)


def test_a_stream_ends_with_the_management(demo: Server, visits: Callable[..., Visitor], admin: Client):
    """Whose organization does not manage another one any more is told nothing more of it."""
    partner, org_id = visits(TOKEN), ids.encode("ORGANIZATION", ACME)
    with Following(partner, live(partner.see(f"/requests?orgId={org_id}"))) as following:
        admin.get("/v1/licenses")
        assert following.until("row").html
        demo.run("UPDATE organizations SET manager_id = NULL WHERE org_id = $1", ACME)
        admin.get("/v1/people/me")
        assert list(following.parts()) == []
    demo.run("UPDATE organizations SET manager_id = $2 WHERE org_id = $1", ACME, PARTNER)
