"""The first page: where a newcomer begins."""

from allot.console.visits import Page, Visit
from allot.wire.operation import Reply


async def show_home(visit: Visit) -> Reply:
    """What is here, and the documented example to follow."""
    return visit.show("home.html")


PAGES = (Page("GET", "", show_home, None),)
