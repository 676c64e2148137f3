"""Consents on the wire: the owners of free accounts, who on Webex are people with a mailbox."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.partners import ON_BEHALF, acting
from allot.api.subscribers import Subscriber, show, subscriber_id
from allot.core import scope as scopes
from allot.service import consents
from allot.service.mappings import Wanted
from allot.service.writes import Operation as Write
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import check_email


class FreeAccountCreation(msgspec.Struct):
    """The email address of an account that belongs to no organization."""

    email: str


class FreeAccount(msgspec.Struct, omit_defaults=True):
    """An account of no organization: how many mails asked its owner to agree to a move, and when the last one did."""

    email: str
    mails: int | UnsetType = UNSET
    asked: str | UnsetType = UNSET


async def create_free_account(request: Request) -> Reply:
    """Make a free account of an email address: a subscriber of this email needs the consent of its owner.

    An account that is there already stays as it is.
    """
    partner = await acting(request, changes=True)
    found: list[str] = []
    check_email(found, "email", request.body.email)
    if found:
        raise invalid(found)
    email = request.body.email.strip().lower()
    made = await request.service.writes.submit(partner.org_id, consents.create, email)
    # Who else asks its owner, and how often, is the business of other partners.
    return Reply(201, FreeAccount(made.email))


async def get_consent(request: Request) -> Reply:
    """Show whom a pending subscriber waits for. Nobody is waited for when the subscriber is not pending: 409."""
    partner = await acting(request, changes=False)
    async with request.service.database.reading() as reading:
        account = await consents.find(reading, partner.org_id, subscriber_id(request))
    return Reply(200, FreeAccount(account.email, account.mails, account.asked or UNSET))


async def accept_consent(request: Request) -> Reply:
    """Agree to the move of a pending subscriber's account.

    The owner comes to the customer's organization and gets the packages, as if they were provisioned now: what has no
    unit left, or a number that somebody took meanwhile, is refused, and the subscriber stays pending.
    """
    return await _answer(request, consents.accept, changes=True)


async def decline_consent(request: Request) -> Reply:
    """Decline the move of a pending subscriber's account: the subscriber stays pending, and its `errors` tell why."""
    return await _answer(request, consents.decline, changes=False)


async def _answer(request: Request, write: Write, *, changes: bool) -> Reply:
    partner = await acting(request, changes=changes)
    wanted = Wanted(request.call, partner.org_id, subscriber_id(request))
    subscriber = await request.service.writes.submit(partner.org_id, write, wanted)
    return Reply(200, show(request.service.rulebook, subscriber))


_WRITE = Rights((scopes.SUBSCRIBERS_WRITE,))

OPERATIONS = (
    Operation(
        "POST",
        "/freeAccounts",
        create_free_account,
        _WRITE,
        "Create a Free Account",
        query=(ON_BEHALF,),
        body=FreeAccountCreation,
        answers={201: FreeAccount},
    ),
    Operation(
        "GET",
        "/subscribers/{subscriberId}/consent",
        get_consent,
        Rights((scopes.SUBSCRIBERS_READ, scopes.SUBSCRIBERS_WRITE), "read"),
        "Get a Consent",
        query=(ON_BEHALF,),
        answers={200: FreeAccount},
        errors=(409,),
    ),
    Operation(
        "POST",
        "/subscribers/{subscriberId}/consent/accept",
        accept_consent,
        _WRITE,
        "Accept a Consent",
        query=(ON_BEHALF,),
        answers={200: Subscriber},
    ),
    Operation(
        "POST",
        "/subscribers/{subscriberId}/consent/decline",
        decline_consent,
        _WRITE,
        "Decline a Consent",
        query=(ON_BEHALF,),
        answers={200: Subscriber},
    ),
)
