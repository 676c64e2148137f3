"""Webhooks: making and removing them, testing them, and sending again what was given up."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec

from allot.core.delivery import Delivery, Standing
from allot.core.failure import Failure
from allot.core.webhook import SECRET_BYTES, WEBHOOKS_MAX, Webhook, new_secret, test_message
from allot.service import changes
from allot.service.changes import Change, Done
from allot.service.context import Context
from allot.service.identifiers import new_id
from allot.store import deliveries, journal, organizations
from allot.store import webhooks as store
from allot.store.database import Reading, Writing

T = TypeVar("T")

NOT_KNOWN = "webhookId: nothing has this id"
NO_DELIVERY = "deliveryId: this webhook has no dead delivery of this id"
FULL = f"A partner may have {WEBHOOKS_MAX} webhooks. Delete one of them first"


@dataclass(slots=True, eq=False)
class Creation(Change):
    """A webhook that is to be made."""

    url: str
    types: tuple[str, ...]


@dataclass(slots=True, eq=False)
class Named(Change):
    """Something that is asked for of one webhook; of one of its deliveries by (entry, event), or of all."""

    webhook_id: str
    delivery: tuple[int, int] | None = None


async def create(writing: Writing, context: Context, asked: Sequence[Creation]) -> list[Webhook | Failure]:
    """Make webhooks, which get what happens from now on."""

    async def carry_out(writing: Writing, creation: Creation) -> Done | Failure:
        if len(await store.of_partner(writing, creation.org_id)) >= WEBHOOKS_MAX:
            return Failure.conflict(FULL)
        now = await journal.count(writing, creation.org_id)
        secret = new_secret(secrets.token_bytes(SECRET_BYTES))
        webhook = Webhook(creation.org_id, new_id(), creation.url, secret, creation.types, context.stamp(), now)
        await store.insert(writing, webhook)
        return Done(webhook, webhook.id, 201, {"url": webhook.url, "types": list(webhook.types)})

    return await changes.one_by_one(writing, context, "webhooks.create", asked, carry_out)


async def delete(writing: Writing, context: Context, asked: Sequence[Named]) -> list[Failure | None]:
    """Remove webhooks, with what is on its way to them."""

    async def carry_out(writing: Writing, named: Named) -> Done | Failure:
        if not await store.delete(writing, named.org_id, named.webhook_id):
            return Failure.not_found(NOT_KNOWN)
        return Done(None, named.webhook_id, 204)

    return await changes.one_by_one(writing, context, "webhooks.delete", asked, carry_out)


async def enable(writing: Writing, context: Context, asked: Sequence[Named]) -> list[Webhook | Failure]:
    """Send to webhooks again that did not want anything any more: all that has happened meanwhile."""

    async def carry_out(writing: Writing, named: Named) -> Done | Failure:
        webhook = await _locked(writing, named)
        if webhook is None:
            return Failure.not_found(NOT_KNOWN)
        await store.disable(writing, webhook.key, None)
        await deliveries.let_all_go(writing, webhook.key)
        return Done(replace(webhook, disabled=None), webhook.id, 200)

    return await _wake(writing, await changes.one_by_one(writing, context, "webhooks.enable", asked, carry_out))


async def resend(writing: Writing, context: Context, asked: Sequence[Named]) -> list[int | Failure]:
    """Send dead deliveries again, whatever came after them; how many."""

    async def carry_out(writing: Writing, named: Named) -> Done | Failure:
        webhook = await _locked(writing, named)
        if webhook is None:
            return Failure.not_found(NOT_KNOWN)
        if webhook.disabled:
            return _disabled(webhook)
        count = await deliveries.resend(writing, webhook.key, named.delivery)
        if named.delivery is not None and not count:
            return Failure.not_found(NO_DELIVERY)
        return Done(count, webhook.id, 202, {"deliveries": count})

    return await _wake(writing, await changes.one_by_one(writing, context, "webhooks.resend", asked, carry_out))


async def test(writing: Writing, context: Context, asked: Sequence[Named]) -> list[Delivery | Failure]:
    """Send a message of no event to webhooks, instead of earlier such ones that they have not taken."""
    await organizations.lock(writing, {named.org_id for named in asked})
    now = context.stamp()
    answers: list[Delivery | Failure] = []
    for named in asked:
        webhook = await _locked(writing, named)
        if webhook is None or webhook.disabled:
            answers.append(_disabled(webhook) if webhook else Failure.not_found(NOT_KNOWN))
            continue
        entry = changes.entry(named.call, named.org_id, "webhooks.test", now, Done(None, webhook.id, 202))
        # It is named by the number of its entry, as all deliveries are.
        await journal.write(writing, [entry])
        body = msgspec.json.encode(test_message(webhook, entry.number, now)).decode()
        delivery = Delivery(*webhook.key, entry.number, 0, "", 0, body)
        await deliveries.forget_tests(writing, webhook.key)
        await deliveries.insert(writing, [delivery])
        answers.append(delivery)
    return await _wake(writing, answers)


async def listed(reading: Reading, org_id: str) -> list[Webhook]:
    """A partner's webhooks, oldest first."""
    return await store.of_partner(reading, org_id)


async def find(reading: Reading, org_id: str, webhook_id: str) -> Webhook:
    """A webhook of a partner. Raises Failure when there is none."""
    found = await store.find(reading, org_id, webhook_id)
    if found is None:
        raise Failure.not_found(NOT_KNOWN)
    return found


async def page(
    reading: Reading, webhook: Webhook, after: tuple[int, int], is_dead: bool | None, size: int
) -> list[Standing]:
    """Deliveries of a webhook after (entry, event), oldest first: all, the dead ones, or those on their way."""
    return await deliveries.page(reading, webhook.key, after, is_dead, size)


async def _locked(writing: Writing, named: Named) -> Webhook | None:
    found = await store.lock(writing, [(named.org_id, named.webhook_id)])
    return found[0] if found else None


def _disabled(webhook: Webhook) -> Failure:
    return Failure.conflict(f"webhookId: nothing is sent to it, because it {webhook.disabled}; enable it first")


async def _wake(writing: Writing, answers: list[T]) -> list[T]:
    """Wake those who send; what was answered."""
    await writing.announce(journal.NEWS)
    return answers
