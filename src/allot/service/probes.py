"""Probes: whether a running service can serve."""

import logging

from allot.service.service import Service
from allot.store import upgrades
from allot.store.database import StoreError

log = logging.getLogger("allot.probes")


async def unready(service: Service) -> list[str]:
    """What keeps the service from serving, one sentence each; empty when nothing does."""
    wrong: list[str] = []
    if not service.writes.alive:
        wrong.append("The writers do not run: the service is starting or stopping")
    try:
        missing = await upgrades.missing(service.database)
    except StoreError as error:
        # What it says may name addresses and users, and these probes are open to everybody.
        log.error("the database cannot be reached: %s", error)
        return [*wrong, "The database cannot be reached; the log says why"]
    if missing:
        wrong.append(f"The database lacks migration {missing[0]}; run: allot migrate")
    return wrong
