"""Call park extensions: listing them. They come with an import; Webex's operations to change them are not ours."""

from allot.core.call_park import CallPark
from allot.store import call_parks as store
from allot.store.database import Reading

Wanted = store.Wanted
# Groups of call parks and ids of other systems are not kept: such orders are by what is closest to them.
ORDERS = {
    "groupName": "extension",
    "callParkExtension": "extension",
    "callParkExtensionName": "name",
    "callParkExtensionExternalId": "id",
}


async def page(reading: Reading, org_id: str, wanted: Wanted, order: str, start: int, size: int) -> list[CallPark]:
    """Call park extensions from place `start` of the list, in one of ORDERS."""
    return await store.page(reading, org_id, wanted, ORDERS[order], start, size)
