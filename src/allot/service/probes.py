"""Probes: whether a running service can serve."""

from allot.service.service import Service
from allot.store import upgrades
from allot.store.database import StoreError


async def unready(service: Service) -> list[str]:
    """What keeps the service from serving, one sentence each; empty when nothing does."""
    wrong: list[str] = []
    if not service.writes.alive:
        wrong.append("The writers do not run: the service is starting or stopping")
    try:
        missing = await upgrades.missing(service.database)
    except StoreError as error:
        return [*wrong, f"The database cannot be reached: {error}"]
    if missing:
        wrong.append(f"The database lacks migration {missing[0]}; run: allot migrate")
    return wrong
