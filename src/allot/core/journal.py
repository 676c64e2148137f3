"""The journal: one entry for every change that was asked for, whether it was carried out or refused."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Entry:
    """One entry. `number` counts the organization's entries from 1 without a gap."""

    org_id: str
    at: str
    tracking_id: str
    #: noun.verb, as in licenses.assign
    action: str
    actor_id: str | None
    target_id: str | None
    #: the status of the answer
    outcome: int
    detail: dict[str, Any] = field(default_factory=dict)
    number: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """What entries are looked for; what is None does not matter. `since` is within, `until` is not."""

    tracking_id: str | None = None
    target_id: str | None = None
    actor_id: str | None = None
    #: any of these; empty stands for all
    actions: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody got a license, or was invited to it, or has it no more."""

    #: of the journal's entry
    number: int
    at: str
    tracking_id: str
    action: str
    person_id: str
    #: None: the service itself, or an operator
    actor_id: str | None
    gained: bool
