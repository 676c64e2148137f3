"""Plans: opening plan files, what they would do and to whom, and how far one is that is being applied."""

import asyncio
import shlex
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from starlette.datastructures import UploadFile

from allot.bulk.applied.journals import TROUBLES
from allot.bulk.files import FileFault
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.contents import Alike, Contents
from allot.bulk.shown.pages import told
from allot.bulk.shown.wordings import KINDS, Names
from allot.console.advances import Advance
from allot.console.shelves import OWN_MAX, Paper
from allot.console.visits import Page, Visit, lead
from allot.core import scope as scopes
from allot.core.failure import Failure, Kind
from allot.wire.events import event, follow
from allot.wire.operation import Reply, Rights
from allot.wire.values import read_number

#: who may list people and what they hold: a plan tells no more
RIGHTS = Rights((scopes.PEOPLE_READ,), "read")
#: plans, and people, of one page
PLANS, PEOPLE = 50, 50
#: the largest file that is opened in a browser; 200,000 people are about as much
BYTES_MAX = 64 << 20
#: rows of a chart on the page of a plan, so that it stays one
CHART_MAX = 40
#: longer than any email
TEXT_MAX = 300
#: digits of a digest that approve a plan, as a command shows them
DIGITS = 12
# A page waits so long for a plan to be read, in seconds; then it says how far that is. What is live has more time.
PATIENCE, LIVE_PATIENCE = 0.08, 60.0
#: what can be asked for of people, and how it is called
OUTCOMES = {
    "applied": "to change",
    **{kind: f"{kind}: {what}" for kind, what in KINDS.items()},
    "irreversible": "cannot be undone",
    "refused": "refused",
}


class Guard(NamedTuple):
    """What a plan may not do, and whether it keeps to that: holds, broken or overridden."""

    what: str
    state: str = "holds"


class Failing(NamedTuple):
    """Changes that did not succeed for one reason, with an example."""

    number: int
    what: str
    code: str
    email: str
    said: str


async def list_plans(visit: Visit) -> Reply:
    """The plans of the organization, and the form that opens another one."""
    return await _list(visit)


async def open_plan(visit: Visit) -> Reply:
    """Open the plan file of the form."""
    file = visit.form.get("plan")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _list(visit, "Choose a plan file first: `allot plan` writes one", 400)
    try:
        paper = await visit.shelf.take(visit.org_id, _owner(visit), file.filename[-TEXT_MAX:], file.file)
    except FileFault as fault:
        return await _list(visit, str(fault), 400)
    except OSError as error:
        return await _list(visit, f"There is no room for the file on the server ({error.strerror})", 503)
    return lead(visit.link(f"/plans/{paper.digest}"))


async def _list(visit: Visit, fault: str = "", status: int = 200) -> Reply:
    papers, away = [], ""
    try:
        papers = await visit.shelf.listed(visit.org_id, _owner(visit))
    except OSError as error:
        away = f"The folder of plans cannot be read ({error.strerror})"
    page = _page(visit)
    return visit.show(
        "plans.html",
        status,
        papers=papers[(page - 1) * PLANS : page * PLANS],
        more=visit.again(page=page + 1) if len(papers) > page * PLANS else "",
        folder=visit.shelf.folder is not None,
        opened_max=OWN_MAX,
        megabytes=BYTES_MAX >> 20,
        fault=fault,
        away=away,
    )


async def show_plan(visit: Visit) -> Reply:
    """A plan: what it comes to, by rule and by license, and how far it is when it is being applied."""
    paper = await _find(visit)
    contents = await _contents(visit, paper)
    if isinstance(contents, Reply):
        return contents
    plan, advance = contents.plan, visit.shelf.follow(paper)
    values = told(plan, dict(sorted(contents.waves.items())[:CHART_MAX]), contents.examples)
    values["capacities"] = values["capacities"][:CHART_MAX]
    values["rules"] = values["rules"][:CHART_MAX]
    return visit.show(
        "plan.html",
        **values,
        paper=paper,
        plan=plan,
        guards=_guards(plan),
        commands=_commands(paper, plan),
        outcomes=OUTCOMES,
        waves_more=len(contents.waves) - len(values["waves"]),
        capacities_more=len(plan.summary.capacities) - len(values["capacities"]),
        **(await _progress(contents, advance) if advance else {"advance": None}),
    )


async def list_affected(visit: Visit) -> Reply:
    """A page of those whom a plan changes or refuses, by email, outcome, rule and license."""
    paper = await _find(visit)
    contents = await _contents(visit, paper)
    if isinstance(contents, Reply):
        return contents
    text = visit.query["q"].strip()[:TEXT_MAX]
    page, wanted = _page(visit), _wanted(visit, contents.plan)
    try:
        found = await asyncio.to_thread(contents.find, text, wanted)
        shown = await asyncio.to_thread(contents.records, found[(page - 1) * PEOPLE : page * PEOPLE])
    except (FileFault, OSError) as fault:
        raise _away(paper, fault) from fault
    values = told(contents.plan, {}, {})
    names = Names(contents.plan.head.licenses)
    return visit.show(
        "plan-people.html",
        **values,
        paper=paper,
        records=shown,
        found=len(found),
        first=(page - 1) * PEOPLE + 1,
        text=text,
        outcomes=OUTCOMES,
        named=[(each.license, names.full(each.license)) for each in contents.plan.summary.capacities],
        before=visit.again(page=page - 1 if page > 2 else "") if page > 1 else "",
        after=visit.again(page=page + 1) if len(found) > page * PEOPLE else "",
    )


async def stream_progress(visit: Visit) -> Reply:
    """Stream how far a plan is that is being applied, as the part of its page that says so."""
    paper = await _find(visit)
    advance = visit.shelf.follow(paper)
    contents = await _contents(visit, paper, LIVE_PATIENCE)
    if advance is None or isinstance(contents, Reply):
        raise Failure.not_found("The journal of this plan is not on this server")
    return follow(visit, _Watch(visit, contents, advance), visit.service.news)


class _Watch:
    """How far a plan was when its page was told last."""

    #: nobody reads faster
    pause = 0.25
    #: the page is told all of it whenever it comes
    place = ""

    def __init__(self, visit: Visit, contents: Contents, advance: Advance) -> None:
        self._visit = visit
        self._contents = contents
        self._advance = advance
        self._told = b""

    async def look(self) -> bytes:
        """How far it is, where that is new."""
        values = await _progress(self._contents, self._advance)
        before, self._told = self._told, self._visit.screens.render(self._visit, "plan-progress.html", **values)
        return event("", "progress", self._told) if self._told != before else b""


async def _progress(contents: Contents, advance: Advance) -> dict[str, Any]:
    """What `plan-progress.html` shows."""
    await advance.look(PATIENCE)
    troubles = advance.told.troubles[:CHART_MAX]
    names = Names(contents.plan.head.licenses)
    try:
        records = await asyncio.to_thread(contents.records, [each.example.number - 1 for each in troubles])
    except (FileFault, OSError):
        # The plan was replaced meanwhile: whoever looks again is told so.
        records = []
    failing = [
        Failing(each.number, TROUBLES[each.outcome], each.code, record.email, names.sentence(each.example.what))
        for each, record in zip(troubles, records, strict=False)
    ]
    left = timedelta(seconds=round(advance.seconds_left)) if advance.seconds_left else None
    return {"advance": advance, "left": left, "failing": failing}


async def _find(visit: Visit) -> Paper:
    """The plan that the address names. Raises Failure when this person has none of this digest."""
    try:
        paper = await visit.shelf.find(visit.org_id, _owner(visit), visit.path["digest"])
    except OSError as error:
        why = f"The folder of plans cannot be read ({error.strerror})"
        raise Failure(Kind.UNAVAILABLE, "The plan cannot be read", (why,)) from error
    if paper is None:
        raise Failure.not_found(
            "This organization has no such plan here. One that was opened a while ago may be opened again"
        )
    return paper


async def _contents(visit: Visit, paper: Paper, seconds: float | None = None) -> Contents | Reply:
    """What is in a plan, or the page that says how far it is read. Raises Failure when it cannot be."""
    opening = await visit.shelf.open(paper, PATIENCE if seconds is None else seconds)
    if opening.fault is not None:
        raise _away(paper, opening.fault)
    if opening.contents is None or not opening.reading.done():
        done, total = (opening.contents.done, opening.contents.total) if opening.contents else (0, 0)
        return visit.show("plan-reading.html", paper=paper, done=done, total=total)
    return opening.contents


def _away(paper: Paper, fault: FileFault | OSError) -> Failure:
    return Failure(Kind.CONFLICT, "The plan cannot be read", (paper.said(fault),))


def _owner(visit: Visit) -> tuple[str, str]:
    return visit.call.caller.org_id, visit.call.caller.person_id


def _page(visit: Visit) -> int:
    return read_number(visit.query["page"]) or 1


def _wanted(visit: Visit, plan: Plan) -> Callable[[Alike], bool]:
    """What the query asks for besides the email; what it does not know it leaves out."""
    outcome = visit.query["outcome"] if visit.query["outcome"] in OUTCOMES else ""
    rule, license = visit.query["rule"], read_number(visit.query["license"])
    if license is not None and license >= len(plan.head.licenses):
        license = None

    def wanted(alike: Alike) -> bool:
        of = (alike.kind, "applied" if alike.kind else "refused", "irreversible" if alike.irreversible else "")
        return (
            (not outcome or outcome in of)
            and (not rule or alike.rule == rule)
            and (license is None or license in alike.licenses)
        )

    return wanted


def _guards(plan: Plan) -> list[Guard]:
    """The guards of a plan, and whether they hold."""
    guards, names = plan.head.guards, Names(plan.head.licenses)
    broken = {each.guard for each in plan.summary.guards}
    failing = "overridden" if plan.head.forced else "broken"

    def state(name: str) -> str:
        return failing if name in broken else "holds"

    found = []
    if guards.max_changes is not None:
        found.append(Guard(f"Change no more than {guards.max_changes:,} people", state("max_changes")))
    if guards.max_removals is not None:
        share = f"Take licenses from no more than {guards.max_removals:g} % of those who have them"
        found.append(Guard(share, state("max_removals")))
    kept = "overridden" if plan.head.forced else "holds"
    found += [Guard(f"Leave {each} alone", kept) for each in guards.protected_people]
    found += [Guard(f"Neither give nor take {names.full(each)}", kept) for each in guards.protected_licenses]
    return found


def _commands(paper: Paper, plan: Plan) -> dict[str, str]:
    """What to type to rehearse a plan, and to apply it."""
    name = shlex.quote(paper.name)
    address, approved = shlex.quote(plan.head.address), paper.digest[:DIGITS]
    return {
        "rehearse": f"allot rehearse {name}",
        "apply": f"allot apply {name} --url {address} --approve {approved}",
    }


PAGES = (
    Page("GET", "/plans", list_plans, RIGHTS),
    Page("POST", "/plans", open_plan, RIGHTS, most=BYTES_MAX),
    Page("GET", "/plans/{digest}", show_plan, RIGHTS),
    Page("GET", "/plans/{digest}/people", list_affected, RIGHTS),
    Page("GET", "/plans/{digest}/progress", stream_progress, RIGHTS),
)
