"""Consents: the free accounts that exist, and how often their owners were asked to agree to a move."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from allot.store.database import Reading, Writing, texts

_FREE = "SELECT f.email, f.asked, f.mails FROM free_accounts f WHERE f.email IN LIST($1)"
_ADD = "INSERT INTO free_accounts (email) VALUES ($1) ONCE"
_ASK = "UPDATE free_accounts SET asked = $2, mails = mails + 1 WHERE email = $1"
_UNASK = "UPDATE free_accounts SET asked = NULL, mails = 0 WHERE email = $1"
_FORGET = "DELETE FROM free_accounts WHERE email = $1"


@dataclass(frozen=True, slots=True)
class FreeAccount:
    """An account of nobody's organization."""

    email: str
    #: when its owner was last asked by mail, and how many mails there were
    asked: str | None
    mails: int


async def free(reading: Reading, emails: Collection[str]) -> dict[str, FreeAccount]:
    """The free accounts of these emails (in lower case) that there are."""
    if not emails:
        return {}
    return {row[0]: FreeAccount(*row) for row in await reading.rows(_FREE, texts(emails))}


async def add(writing: Writing, emails: Sequence[str]) -> None:
    """Make free accounts; those that are there stay as they are."""
    await writing.many(_ADD, [(email,) for email in sorted(emails)])


async def ask(writing: Writing, emails: Sequence[str], now: str) -> None:
    """Note that a mail went to the owners of these accounts."""
    # In one order, so that two transactions never wait for each other.
    await writing.many(_ASK, [(email, now) for email in sorted(emails)])


async def unask(writing: Writing, emails: Sequence[str]) -> None:
    """Forget that the owners of these accounts were asked: who asks them next is somebody else."""
    await writing.many(_UNASK, [(email,) for email in sorted(emails)])


async def forget(writing: Writing, emails: Sequence[str]) -> None:
    """Accounts that are an organization's now are free no longer."""
    await writing.many(_FORGET, [(email,) for email in sorted(emails)])
