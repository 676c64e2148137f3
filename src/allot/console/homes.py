"""The first page: what is here, and where a newcomer begins."""

from allot.console import licenses
from allot.console.visits import Page, Visit
from allot.wire.operation import Reply


async def show_home(visit: Visit) -> Reply:
    """Each page in a sentence; at a demo, the documented example to follow."""
    scarce = await licenses.scarce(visit) if visit.may(licenses.RIGHTS) else []
    return visit.show("home.html", scarce=scarce)


PAGES = (Page("GET", "", show_home, None),)
