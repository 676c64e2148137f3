"""Pages: self-contained, accessible, bounded, and harmless whatever an organization calls things."""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import License
from allot.bulk.planned.plans import Plan
from allot.bulk.shown import pages
from allot.bulk.shown.usages import Usage
from bulk.planning import BASIC, LICENSES, MESSAGING, PRO, make_plan, person, small, small_plan, want, write_snapshot
from bulk.reading import Element, read
from bulk.showing import long_plan, shown_plan
from servers import rulebook

ROWS_SHOWN = 2_000


def page_of(plan: Plan, folder: Path) -> Element:
    pages.write_plan(plan, folder / "plan.html")
    return read((folder / "plan.html").read_text(encoding="utf-8"))


@pytest.fixture(params=["small", "everything", "usage", "nothing"])
def page(request: pytest.FixtureRequest, tmp_path: Path) -> Element:
    """Pages of all kinds."""
    path = tmp_path / "page.html"
    if request.param == "usage":
        pages.write_usage(Usage(small(tmp_path), rulebook(), 90), path)
    elif request.param == "nothing":
        pages.write_plan(make_plan(small(tmp_path), {}, tmp_path / "no.plan"), path)
    else:
        made = small_plan if request.param == "small" else shown_plan
        pages.write_plan(made(tmp_path), path)
    return read(path.read_text(encoding="utf-8"))


def test_tables_have_captions_and_their_headers_a_scope(page: Element):
    """Every table says what it is of, and every header of which column or row it is."""
    for table in page.all("table"):
        assert len(table.all("caption")) == 1
        assert all(each.attributes.get("scope") in ("col", "row") for each in table.all("th"))
        columns = len(table.all("thead")[0].all("th"))
        for row in table.all("tbody")[0].all("tr"):
            assert len(row.all("th")) == 1
            assert len(row.all("th")) + len(row.all("td")) == columns


def test_charts_have_a_title_and_a_description(page: Element):
    """Every picture is an image with words, or is hidden from those who hear the page."""
    for chart in page.all("svg"):
        if chart.attributes.get("aria-hidden") == "true":
            continue
        assert chart.attributes["role"] == "img"
        named = [chart.all(tag)[0] for tag in ("title", "desc")]
        assert chart.attributes["aria-labelledby"] == " ".join(str(each.attributes["id"]) for each in named)
        assert all(each.text.strip() for each in named)


def test_a_page_has_one_heading_and_no_level_is_left_out(page: Element):
    """A page has a language, a title, one first heading, and sections that are called by theirs."""
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.all("title")[0].text.strip()
    assert len(page.all("h1")) == 1
    ids = [
        each.attributes["id"]
        for tag in ("h2", "table", "title", "desc")
        for each in page.all(tag)
        if "id" in each.attributes
    ]
    assert len(ids) == len(set(ids))
    for section in page.all("section"):
        assert section.attributes["aria-labelledby"] == section.all("h2")[0].attributes["id"]
    for field in page.all("input") + page.all("select"):
        assert field.inside("label")
    assert page.all("a")[0].attributes["href"] == "#" + str(page.all("main")[0].attributes["id"])


def test_a_page_loads_nothing_and_its_policy_allows_only_itself(page: Element):
    """Style and script stand in the page, and the policy names their digests and nothing else."""
    [policy] = [each.attributes["content"] for each in page.all("meta") if "http-equiv" in each.attributes]
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    for tag in ("style", "script"):
        [inline] = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(inline.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert not [each for tag in ("link", "img", "iframe", "object") for each in page.all(tag)]
    assert not re.search(r"url\((?!#)|@import|https?://", page.all("style")[0].text + page.all("script")[0].text)


def test_no_element_has_a_style_or_a_handler_of_its_own(page: Element):
    """What the policy forbids is not there."""

    def check(element: Element) -> None:
        assert not [name for name in element.attributes if name == "style" or name.startswith("on")]
        for each in element.below:
            if isinstance(each, Element):
                check(each)

    check(page)


def test_names_are_text_whatever_they_are(tmp_path: Path):
    """Markup in an email, a license or a file is shown, not followed."""
    evil = "<script>alert(1)</script>"
    licenses = [*LICENSES[:PRO], License(LICENSES[PRO].id, evil, 500, 488, subscription_id='"><b>'), *LICENSES[1:]]
    people = [person(1, BASIC, MESSAGING, email=f"{evil}@example.com"), person(2, PRO, email="{{7*7}}@example.com")]
    snapshot = write_snapshot(tmp_path / "evil.snapshot", people, licenses=licenses)
    wants = {people[0].email: want(PRO, lack=[BASIC]), people[1].email: want(lack=[PRO]), f"{evil}@x": want(PRO)}
    page = page_of(make_plan(snapshot, wants, tmp_path / "evil.plan"), tmp_path)
    assert len(page.all("script")) == 1
    assert {people[0].email, people[1].email, f"{evil}@x"} <= {each.text for each in page.all("bdi")}
    assert any(evil in each.text for each in page.all("h3"))


def test_emails_stand_by_themselves_in_the_direction_of_their_text(tmp_path: Path):
    """Right-to-left names do not turn what stands around them, because each is isolated."""
    page = page_of(small_plan(tmp_path), tmp_path)
    for row in page.all("table")[-1].all("tbody")[0].all("tr"):
        assert row.all("th")[0].below[0].tag == "bdi"  # type: ignore[union-attr]


def test_a_page_says_in_words_what_the_plan_comes_to(tmp_path: Path):
    """Numbers, short units, broken guards, refusals, waves and what cannot be undone are on the page."""
    plan = shown_plan(tmp_path)
    page = page_of(plan, tmp_path)
    tiles = {term.text: number.text for term, number in zip(page.all("dt"), page.all("dd"), strict=True)}
    assert tiles["to change"] == f"{plan.summary.changes:,}"
    assert tiles["cannot be undone"] == f"{plan.summary.irreversible:,}"
    text = page.all("body")[0].text
    assert "Webex Calling - Professional in Sub-1: 12 short." in text
    assert "A guard was overridden: 3 people would be changed, and 2 are allowed" in text
    assert "1 wave" not in text
    assert [each.text for each in page.all("h3") if "Wave" in each.text] == ["Wave 1", "Wave 2"]
    assert "not asked for, but needed" in text
    assert plan.digest in page.all("footer")[0].text
    assert page.all("rect")
    assert [each for each in page.all("rect") if each.attributes.get("class") == "short"]


def test_a_page_is_bounded_and_says_where_the_rest_is(tmp_path: Path):
    """Of a long plan a page has the first people only, and names the command that lists everybody."""
    page = page_of(long_plan(tmp_path, changes=3_000, refusals=2_500), tmp_path)
    rows = page.all("table")[-1].all("tbody")[0].all("tr")
    assert len(rows) == 2 * ROWS_SHOWN
    text = page.all("main")[0].text
    assert "And 1,500 more, which this page leaves out: allot show --csv lists everybody." in text


def test_a_page_of_usage_tells_unknown_from_never(tmp_path: Path):
    """Somebody whose last activity is not known is not among those who were never active."""
    usage = Usage(small(tmp_path), rulebook(), 90)
    pages.write_usage(usage, tmp_path / "usage.html")
    page = read((tmp_path / "usage.html").read_text(encoding="utf-8"))
    tiles = {term.text: number.text for term, number in zip(page.all("dt"), page.all("dd"), strict=True)}
    assert tiles["people never active"] == "2"
    assert tiles["people last activity not known"] == "6"
    named = [row.all("th")[0].text for row in page.all("table")[-1].all("tbody")[0].all("tr")]
    assert named == ["person2@example.com", "person7@example.com", "person11@example.com"]


TEXTS = [
    *(("text", "paper"), ("text", "ground"), ("faint", "paper"), ("faint", "ground"), ("link", "paper")),
    *(("good", "paper"), ("bad", "paper"), ("care", "paper"), ("text", "bad-ground"), ("text", "care-ground")),
    *(("good", "good-ground"), ("bad", "bad-ground"), ("care", "care-ground"), ("text", "soft")),
]
SHAPES = [(each, "paper") for each in ("used", "more", "over", "short")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colors_have_the_contrast_that_reading_needs(scheme: str):
    """Text has 4.5 to 1 against what is behind it, and shapes have 3 to 1, as WCAG 2.2 asks at level AA."""
    text = files("allot").joinpath("bulk/shown/pages/style.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", part)) for part in text.split("@media", 2)[:2])
    colors = light if scheme == "light" else dark
    assert light.keys() == dark.keys()
    for pairs, least in ((TEXTS, 4.5), (SHAPES, 3.0)):
        for front, back in pairs:
            assert contrast(colors[front], colors[back]) >= least, f"{front} on {back}"


def contrast(front: str, back: str) -> float:
    """The contrast of two colors by WCAG: 1 to 21."""
    darker, lighter = sorted(map(luminance, (front, back)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
