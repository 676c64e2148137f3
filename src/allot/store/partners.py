"""Wholesale partners: rows, and the onboarding templates that provisioning ids name."""

from collections.abc import Collection, Iterable

from allot.core.partner import Partner
from allot.store.database import Reading, Writing, one, rows, texts

_COLUMNS = "org_id, parent_id, subscription_id, state, created, billing_start"
_FIND = f"SELECT {_COLUMNS} FROM partners WHERE org_id = $1"
_LOAD = f"SELECT {_COLUMNS} FROM partners WHERE org_id IN LIST($1)"
_PAGE = f"""
SELECT {_COLUMNS} FROM partners
WHERE parent_id = $1 AND (CAST($2 AS TEXT) IS NULL OR state = $2) ORDER BY org_id LIMIT $3 OFFSET $4
"""
_TEMPLATES = """
SELECT t.org_id, t.provisioning_id FROM EACH($1) k
JOIN templates t ON t.org_id = k.value->>0 AND t.provisioning_id = k.value->>1
"""
_SWITCH = "UPDATE partners SET state = $2 WHERE org_id = $1"


async def find(reading: Reading, org_id: str) -> Partner | None:
    """The partner that an organization is, or None."""
    row = await one(reading, _FIND, org_id)
    return Partner(*row) if row else None


async def load(reading: Reading, org_ids: Collection[str]) -> dict[str, Partner]:
    """Which of these organizations are partners."""
    return {row[0]: Partner(*row) for row in await reading.rows(_LOAD, texts(org_ids))}


async def sub_partners(reading: Reading, org_id: str, state: str | None, offset: int, size: int) -> list[Partner]:
    """So many of a partner's sub-partners, in the order of their ids; `offset` are left out before."""
    return [Partner(*row) for row in await reading.rows(_PAGE, org_id, state, size, offset)]


async def templates(reading: Reading, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (partner, provisioning id) there are."""
    return {(org_id, id) for org_id, id in await reading.rows(_TEMPLATES, rows(list(keys)))}


async def switch(writing: Writing, org_id: str, state: str) -> bool:
    """Make a partner active or suspended; whether there is one."""
    return await writing.run(_SWITCH, org_id, state) > 0
