"""Extensions: what uses them at a location."""

from collections.abc import Collection

from allot.store.database import Reading, texts

PERSON = "person"
CALL_PARK = "call park"

_USED = """
SELECT extension, 'person' FROM people WHERE org_id = $1 AND extension IN LIST($3) AND location_id = $2
UNION ALL
SELECT extension, 'call park' FROM call_parks WHERE org_id = $1 AND extension IN LIST($3) AND location_id = $2
"""


async def used(reading: Reading, org_id: str, location_id: str, extensions: Collection[str]) -> dict[str, str]:
    """Those of these extensions that are used at the location, and by what."""
    return dict(await reading.rows(_USED, org_id, location_id, texts(extensions))) if extensions else {}
