"""Signing in to the console and out again, and what guards its pages."""

import re

import pytest

from allot.cli.demo import ACME
from allot.console.application import PAGES
from allot.service.tokens import token_hash
from servers import Server
from visiting import Visitor, words
from wholesale import token_of

OTHERS = "https://elsewhere.example"


def filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "x", path)


READ = [filled(page.path) for page in PAGES if page.method == "GET" and not page.open]
SENT = [filled(page.path) for page in PAGES if page.method == "POST" and not page.open]


@pytest.mark.parametrize("path", READ)
def test_every_page_asks_for_a_sign_in(visits, path: str):
    """Whoever has no session is led to the sign-in, and from there back to the page."""
    answer = visits(None).look(f"{path}?q=1")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/console/sign-in?next=/console")


def test_a_sign_in_leads_back(demo: Server):
    """After the sign-in the page is shown that was asked for."""
    with Visitor(demo.address, None) as visitor:
        form = {"token": "allot-demo-admin", "next": "/console/licenses?q=a"}
        answer = visitor.post("/console/sign-in", data=form, allow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/console/licenses?q=a"


@pytest.mark.parametrize(
    "address",
    [
        "https://elsewhere.example/console",
        "//elsewhere.example",
        "/consolex",
        "/console/\\elsewhere",
        "/v1/licenses",
        "/console/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ],
)
def test_a_sign_in_leads_nowhere_else(visits, address: str):
    """An address outside of the console is not gone to."""
    form = {"token": "allot-demo-admin", "next": address}
    answer = visits(None).post("/console/sign-in", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/console"


@pytest.mark.parametrize("token", ["", "unknown", "Bearer unknown", "\u05d0", "x" * 10_000, "a;b=c\r\n"])
def test_an_unknown_token_is_told_so(visits, token: str):
    """A token that nobody has is answered with a sentence, and begins no session."""
    answer = visits(None).post("/console/sign-in", data={"token": token})
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    assert "access token" in words(answer.text)


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(visits):
    """The session's cookie is HttpOnly and SameSite, for the console alone, and is not the token itself."""
    answer = visits(None).post("/console/sign-in", data={"token": "allot-demo-admin"}, allow_redirects=False)
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Lax", "Path=/console", "Max-Age=43200"} <= set(cookie.split("; "))
    assert "=allot-demo-admin" not in cookie


def test_a_session_ends_at_the_sign_out(demo: Server):
    """After the sign-out the cookie is worth nothing, and the token that began the session works on."""
    token = token_of(demo, ACME, "admin@example.com")
    with Visitor(demo.address, token) as visitor:
        cookie = visitor.cookies["allot_session"]
        assert visitor.submit("/sign-out").headers["Location"] == "/console/sign-in"
        assert "allot_session" not in visitor.cookies
        visitor.cookies.set("allot_session", cookie, path="/console")
        assert visitor.look("/licenses").status_code == 303
    with Visitor(demo.address, token) as again:
        again.see("/licenses")


def test_a_session_ends_with_its_token(demo: Server):
    """When the token is revoked that a session was begun with, the session is over."""
    token = token_of(demo, ACME, "admin@example.com")
    with Visitor(demo.address, token) as visitor:
        visitor.see("/licenses")
        [(grant,)] = demo.rows("SELECT grant_id FROM tokens WHERE token_hash = $1", token_hash(token))
        demo.run("DELETE FROM tokens WHERE org_id = $1 AND grant_id = $2", ACME, grant)
        demo.service.tokens.memory.clear()
        assert visitor.look("/licenses").status_code == 303


def test_an_ended_session_is_told_so(visits):
    """Whoever comes with a session that has ended reads that, and comes back to where they were after the sign-in."""
    visitor = visits(None)
    visitor.cookies.set("allot_session", "ended", path="/console")
    answer = visitor.get("/console/licenses?q=1")
    assert answer.url.endswith("/console/sign-in?next=/console/licenses%3Fq%3D1&ended=1")
    assert "Your session has ended" in words(answer.text)


def test_a_sign_in_leads_back_to_the_organization(visits):
    """Whoever looked at an organization that they manage comes back to it."""
    answer = visits(None).look("/licenses?orgId=abc&q=%C3%A9")
    assert answer.headers["Location"] == "/console/sign-in?next=/console/licenses%3ForgId%3Dabc%26q%3D%25C3%25A9&ended="


def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in(visits):
    """When a session ends while a page is open, what the page fetches takes the browser to the sign-in."""
    answer = visits(None).look("/licenses", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/console/sign-in?next=")


@pytest.mark.parametrize("path", SENT)
@pytest.mark.parametrize("csrf", [None, "", "0" * 64, "\u05d0"])
def test_no_form_works_without_the_session_s_mark(visitor: Visitor, path: str, csrf: str | None):
    """A form that lacks the mark of its session changes nothing."""
    form = {} if csrf is None else {"csrf": csrf}
    answer = visitor.post(f"/console{path}", data=form, allow_redirects=False)
    assert answer.status_code == 403
    assert "not one of this session" in words(answer.text)


@pytest.mark.parametrize("path", ["/sign-in", *SENT])
@pytest.mark.parametrize("headers", [{"Origin": OTHERS}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}], ids=str)
def test_no_form_works_from_another_site(visitor: Visitor, path: str, headers: dict[str, str]):
    """A browser that says that another site sends the form is refused, at the sign-in as well."""
    form = {"csrf": visitor.csrf, "token": "allot-demo-admin"}
    answer = visitor.post(f"/console{path}", data=form, headers=headers, allow_redirects=False)
    assert answer.status_code == 403
    assert "sent by another site" in words(answer.text)


@pytest.mark.parametrize("path", SENT)
def test_a_read_only_administrator_changes_nothing(visits, path: str):
    """Whoever may only read is refused by every form but that of the sign-out."""
    auditor = visits("allot-demo-readonly")
    answer = auditor.submit(path)
    # To look at a plan file changes nothing; none was chosen here.
    assert answer.status_code == {"/sign-out": 303, "/plans": 400}.get(path, 403)


@pytest.mark.parametrize("path", READ)
def test_every_page_has_a_strict_policy(visitor: Visitor, path: str):
    """A page loads and runs nothing but what this server sends, and stands in no other page."""
    with visitor.look(path, stream=True) as answer:  # a live part has no end
        headers = answer.headers
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert all("unsafe" not in value and "http" not in value and "*" not in value for value in policy.values())
    assert policy["frame-ancestors"] == "'none'"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", READ)
def test_no_page_has_style_or_script_in_itself(visitor: Visitor, path: str):
    """The policy would not let them work: no style attribute, no handler, no script but files of this server."""
    with visitor.look(path, stream=True) as answer:
        html = answer.text if answer.headers["Content-Type"].startswith("text/html") else ""
    assert not re.search(r"<[^>]*\s(style|on[a-z]+|hx-on[^=]*)=", html)
    assert not re.search(r"<style|<script(?! src=\"/console/assets/)", html)


def test_assets_may_be_kept_for_ever(visitor: Visitor):
    """A file's address has its digest, so that browsers keep it; no other name below it is one."""
    address = re.search(r'href="(/console/assets/[^"]+console\.css)"', visitor.see("/licenses"))
    assert address
    answer = visitor.get(address[1])
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
    assert visitor.look("/assets/0/../../../etc/passwd").status_code == 404
    assert visitor.post(address[1]).status_code == 404


def test_a_page_that_is_none_says_so(visitor: Visitor):
    """A path that is no page is answered with a page, and its text is not taken for markup."""
    html = visitor.see("/<b>nothing</b>", status=404)
    assert "&lt;b&gt;nothing" in html
    assert "<b>nothing" not in html


def test_another_method_is_refused(visitor: Visitor):
    """A page that is read is not written to."""
    assert visitor.delete("/console/licenses").status_code == 405


def test_a_form_that_is_too_large_is_refused(visitor: Visitor):
    """A form has a most in bytes."""
    answer = visitor.submit("/sign-out", more="x" * (1 << 20))
    assert answer.status_code in (400, 413)


def test_another_organization_s_pages_are_not_shown(visitor: Visitor):
    """An organization that the caller's does not manage is refused, whether it exists or not."""
    for org_id in ("5c0e4f9a-7d26-4f43-9a31-2d8a6f1be704", "5c0e4f9a-7d26-4f43-9a31-2d8a6f1be705", "x"):
        html = visitor.see(f"/licenses?orgId={org_id}", status=403)
        assert "may not manage this organization" in html


def test_somebody_without_a_role_sees_no_licenses(visits):
    """A page needs the rights of the operation that it stands for."""
    assert "administrator role is needed" in visits("allot-demo-user").see("/licenses", status=403)


def test_the_console_is_off_the_network(demo: Server):
    """Called by a name that is not this machine's own, it needs a token with allot's own scope."""
    with Visitor(demo.address, "allot-demo-user") as visitor:
        answer = visitor.look("", headers={"X-Forwarded-For": "192.0.2.1"})
        assert answer.status_code == 403
        assert "allot:admin" in answer.text
