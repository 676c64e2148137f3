"""The page of billing reports: making one, waiting for it, fetching and deleting it."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from html import unescape
from typing import Any

import pytest

from allot.cli.demo import FOOTHILL, PARTNER
from allot.console import reports
from allot.core import ids
from allot.service.clock import Setting
from billing import JANUARY, fill, make
from databases import Maker
from following import Following, live
from servers import Server, load_demo
from visiting import Visitor, words
from wholesale import token_of

LIST = "/wholesale/reports"
_FILE = re.compile(r'href="/console(/wholesale/reports/[^"]+/file[^"]*)"')
_DELETE = re.compile(r'action="/console(/wholesale/reports/[^"]+/delete[^"]*)"')
_TITLE = re.compile(r"<h2>(2026[^<]*)</h2>")
FORM = {"start": JANUARY[0], "end": JANUARY[1], "type": "USER", "category": "RECONCILIATION"}


@pytest.fixture(scope="module")
def demo(sqlite: Maker) -> Iterator[Server]:
    """The demo on 4 May 2026, with a ledger of the partner."""
    with sqlite.lent(load_demo) as url, Server(url) as running:
        running.service.clock.set(Setting(1, frozen=datetime.fromisoformat("2026-05-04T12:00:00Z")))
        running.call(fill)
        yield running


@pytest.fixture(autouse=True)
def no_reports(demo: Server) -> None:
    """Each test begins without any."""
    demo.run("DELETE FROM report_pieces")
    demo.run("DELETE FROM reports")


def ordered(visitor: Visitor, path: str = LIST, **told: Any) -> None:
    """A report that is accepted."""
    answer = visitor.submit(path, **FORM | told)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/console{path}")


def test_a_report_is_made_before_ones_eyes_and_fetched(demo: Server, partner: Visitor):
    """The page says when it is made, and then leads to its file, by an address that is good for a while."""
    ordered(partner)
    shown = partner.see(LIST)
    assert "2026-01-01 to 2026-01-31 by subscriber, who had what in a period being made" in words(shown)
    assert _FILE.search(shown) is None
    with Following(partner, live(shown)) as following:
        demo.call(make)
        found = next(following.parts())
    assert "✓ completed Download" in words(found.html)
    lead = partner.look(unescape(_FILE.search(found.html)[1]))
    assert lead.status_code == 303
    file = partner.get(lead.headers["location"])
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in file.headers["Content-Disposition"]
    assert file.text.startswith("customerId,externalCustomerId,subscriberId,email,")


def test_what_is_had_now_needs_no_days(demo: Server, partner: Visitor):
    """A report of now is of today."""
    ordered(partner, category="POINT_IN_TIME", start="", end="")
    assert _TITLE.findall(partner.see(LIST)) == ["2026-05-04"]


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"start": ""}, "First day: must be a day such as 2026-01-31."),
        ({"start": "01.02.2026"}, "First day: must be a day such as 2026-01-31."),
        ({"end": "2026-05-04"}, "Last day: must be before today, which is 2026-05-04 in UTC."),
        ({"start": "2020-01-01"}, "First day: must be 2021-05-04 or later; reports go back 5 years."),
        ({"end": "2025-12-31"}, "Last day: must not be before First day."),
        ({"type": "SOMETHING"}, "Choose what the report is about, and how detailed it is."),
        ({"category": ""}, "Choose what the report is about, and how detailed it is."),
        ({"category": "POINT_IN_TIME", "type": "PARTNER"}, "A report of who has what now has a line for each"),
    ],
)
def test_what_is_wrong_with_a_report_is_said_at_its_form(partner: Visitor, told: dict[str, str], said: str):
    """In the words of the form, which keeps what was filled in."""
    answer = partner.submit(LIST, **FORM | told)
    assert answer.status_code == 400
    assert said in words(answer.text)
    assert f'name="end" value="{(FORM | told)["end"]}"' in answer.text


def test_a_report_is_deleted(demo: Server, partner: Visitor):
    """Then it is gone, also for who still has its address."""
    ordered(partner)
    shown = partner.see(LIST)
    delete = unescape(_DELETE.search(shown)[1])
    file = delete.replace("/delete", "/file")
    assert "The report has no file" in words(partner.see(file, 409))
    assert partner.submit(delete, csrf="").status_code == 403
    assert partner.submit(delete).headers["location"] == f"/console{LIST}"
    assert "There are no billing reports yet." in words(partner.see(LIST))
    gone = partner.submit(delete)
    assert gone.status_code == 404
    assert "It may have been deleted meanwhile." in words(gone.text)
    partner.see(file, 404)
    partner.see(f"{LIST}/nonsense/file", 404)


def test_reports_are_listed_newest_first(demo: Server, partner: Visitor, monkeypatch: pytest.MonkeyPatch):
    """Each once, page by page; one that failed says why."""
    for day in (1, 2, 3):
        at = datetime.fromisoformat(f"2026-05-04T12:00:0{day}Z")
        demo.call(_set(at))
        ordered(partner, start=f"2026-01-0{day}")
    whole = _TITLE.findall(partner.see(LIST))
    assert whole == [f"2026-01-0{day} to 2026-01-31" for day in (3, 2, 1)]
    monkeypatch.setattr(reports, "PAGE", 2)
    first = partner.see(LIST)
    rest = partner.see(unescape(re.search(r'href="/console([^"]+)" rel="next"', first)[1]))
    assert _TITLE.findall(first) + _TITLE.findall(rest) == whole
    demo.run("UPDATE reports SET status = 'FAILED', errors = '[[90030, \"It is <b>so</b>\"]]'")
    failed = partner.see(LIST)
    assert "✕ failed 90030 It is <b>so</b>" in words(failed)
    assert "<b>" not in failed


def _set(at: datetime) -> Callable[..., Any]:
    async def set_(service: Any) -> None:
        service.clock.set(Setting(1, frozen=at))

    return set_


def test_reports_are_of_one_partner(demo: Server, partner: Visitor, visits: Callable[..., Visitor]):
    """On behalf of a sub-partner they are about that alone, and are still the partner's own."""
    ordered(partner)
    behalf = f"?onBehalfOfSubPartnerOrgId={ids.encode('ORGANIZATION', FOOTHILL)}"
    assert _TITLE.findall(partner.see(LIST + behalf)) == []
    ordered(partner, LIST + behalf, start="2026-01-09")
    assert _TITLE.findall(partner.see(LIST + behalf)) == ["2026-01-09 to 2026-01-31"]
    assert len(_TITLE.findall(partner.see(LIST))) == 2
    theirs = visits(token_of(demo, FOOTHILL))
    assert _TITLE.findall(theirs.see(LIST)) == []
    delete = unescape(_DELETE.search(partner.see(LIST))[1])
    assert theirs.submit(delete).status_code == 404


def test_who_may_only_read_makes_none(demo: Server, partner: Visitor, visits: Callable[..., Visitor]):
    """There is no form, and one that is sent is refused."""
    ordered(partner)
    scope = "spark-admin:wholesale_billing_reports_read"
    reader = visits(token_of(demo, PARTNER, scopes=frozenset({scope})))
    shown = reader.see(LIST)
    assert "Make one" not in shown
    assert _DELETE.search(shown) is None
    assert reader.submit(LIST, **FORM).status_code == 403
