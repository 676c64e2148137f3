"""The first page: what is here, and where a newcomer begins."""

from allot.console import licenses, people, requests
from allot.console.visits import Page, Visit
from allot.wire.operation import Reply


async def show_home(visit: Visit) -> Reply:
    """Each page in a sentence; at a demo, the documented example to follow."""
    scarce = await licenses.scarce(visit) if visit.may(licenses.RIGHTS) else []
    # The example leads from page to page: whoever is refused at one of them is not sent there.
    follows = visit.writes and all(map(visit.may, (licenses.RIGHTS, people.RIGHTS, requests.RIGHTS)))
    return visit.show("home.html", scarce=scarce, follows=follows)


PAGES = (Page("GET", "", show_home, None),)
