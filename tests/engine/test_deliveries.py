"""Deliveries: every event reaches its webhook, signed and in order, whatever the receiver and the processes do."""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from allot.core import delivery as law
from allot.engine import deliveries as engine
from allot.engine.deliveries import Deliverer
from allot.engine.posts import Posts
from allot.service.service import Service
from allot.store import webhooks as store
from receivers import Receiver, in_order
from servers import SECONDS, Client, Server
from wholesale import TOKEN, provisioned

WEBHOOKS = "/allot/v1/webhooks"
#: of a customer with two packages
EVENTS = 6


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts follow soon."""
    monkeypatch.setattr(law, "PAUSE_MILLISECONDS", 20)
    monkeypatch.setattr(law, "PAUSE_MILLISECONDS_MAX", 100)
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.05)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def partner(server: Server) -> Iterator[Client]:
    client = server.client(TOKEN)
    yield client
    client.close_all()


class Running:
    """Deliverers on a server's loop, with the server's lease unless another one is given; a context manager."""

    def __init__(
        self, server: Server, count: int = 1, open_poster: Callable[[float], Any] = Posts, lease: float | None = None
    ) -> None:
        self._server = server
        self._made = [Deliverer(server.service, open_poster) for _ in range(count)]
        for each in self._made if lease is not None else ():
            each._lease = int(lease * 1000)

    def __enter__(self) -> "Running":
        self._server.call(self._start)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.call(self._close)

    async def _start(self, _: Service) -> None:
        for each in self._made:
            each.start()

    async def _close(self, _: Service) -> None:
        await asyncio.gather(*(each.close() for each in self._made))


@pytest.fixture
def running(server: Server) -> Iterator[None]:
    with Running(server):
        yield


@pytest.fixture
def untiring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be given up: attempts that follow soon would be used up in two seconds."""
    monkeypatch.setattr(law, "ATTEMPTS_MAX", 10_000)


def made(client: Client, receiver: Receiver, *types: str) -> dict[str, Any]:
    """A new webhook."""
    answer = client.post(WEBHOOKS, json={"url": receiver.url} | ({"types": types} if types else {}))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def waiting(client: Client, webhook: dict[str, Any], **query: object) -> list[dict[str, Any]]:
    """What a webhook has not taken yet."""
    answer = client.get(f"{WEBHOOKS}/{webhook['id']}/deliveries", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def settled(client: Client, webhook: dict[str, Any]) -> None:
    """Wait until everything was taken, or is dead."""
    deadline = time.monotonic() + SECONDS
    while waiting(client, webhook, state="open"):
        assert time.monotonic() < deadline, waiting(client, webhook)
        time.sleep(0.01)


def test_every_event_is_sent_once_signed_and_in_order(
    server: Server, partner: Client, receiver: Receiver, running: None
):
    """What happens after a webhook was made reaches it once, in order, with a signature that the standard accepts."""
    provisioned(server, partner)
    webhook = made(partner, receiver)
    customers = [provisioned(server, partner)["id"] for _ in range(3)]
    receiver.until(lambda: len(receiver.messages) == 3 * EVENTS)
    settled(partner, webhook)
    assert len({message.id for message in receiver.messages}) == 3 * EVENTS == len(receiver.messages)
    assert {message.data["customerId"] for message in receiver.messages} == set(customers)
    assert in_order(receiver.messages)
    for message in receiver.messages:
        message.verify(webhook["secret"])
        assert message.headers["content-type"] == "application/json"
    first = min(receiver.messages, key=lambda message: message.place)
    assert first.told["type"] == "package.status"
    assert (first.data["before"], first.data["after"]) == (None, "provisioning")
    assert partner.get(f"{WEBHOOKS}/{webhook['id']}").json()["lastDelivered"]


def test_a_webhook_gets_the_types_that_it_wants(server: Server, partner: Client, receiver: Receiver, running: None):
    """A webhook of some types gets no others, and each webhook gets its own."""
    made(partner, receiver, "customer.status")
    with Receiver() as other:
        everything = made(partner, other)
        provisioned(server, partner)
        other.until(lambda: len(other.messages) == EVENTS)
        receiver.until(lambda: len(receiver.messages) == 2)
        settled(partner, everything)
        assert [message.told["type"] for message in receiver.messages] == ["customer.status"] * 2
        assert not {message.id for message in receiver.messages} & {message.id for message in other.messages}


def test_a_failing_message_holds_back_its_customer_only(
    server: Server, partner: Client, receiver: Receiver, running: None
):
    """What is not taken is sent again under its id; later ones of its customer wait, those of others do not."""
    webhook = made(partner, receiver)
    bad = provisioned(server, partner)["id"]
    receiver.until(lambda: len(receiver.messages) == EVENTS)
    receiver.messages.clear()
    receiver.answer = lambda message, before: 500 if message.data["customerId"] == bad and before < 3 else 200
    partner.delete(f"/v1/wholesale/customers/{bad}")
    good = provisioned(server, partner)["id"]
    receiver.until(lambda: sum(m.data["customerId"] == good for m in receiver.taken) == EVENTS)
    settled(partner, webhook)
    failed = [message for message in receiver.messages if message.status == 500]
    assert {message.data["customerId"] for message in failed} == {bad}
    assert in_order(receiver.taken)
    first = failed[0]
    attempts = [message for message in receiver.messages if message.id == first.id]
    assert [message.status for message in attempts] == [500, 500, 500, 200]
    assert len({message.body for message in attempts}) == 1
    own = [message for message in receiver.messages if message.data["customerId"] == bad]
    assert own.index(attempts[-1]) == 3  # nothing of this customer came before it was taken
    for message in receiver.messages:
        message.verify(webhook["secret"])


def test_a_receiver_that_is_away_gets_everything_when_it_is_back(
    server: Server, partner: Client, receiver: Receiver, untiring: None, running: None
):
    """While nobody listens, what is to be said is kept, with the reason; then it is sent in order."""
    webhook = made(partner, receiver)
    receiver.go()
    provisioned(server, partner)
    provisioned(server, partner)
    receiver.until(lambda: len(waiting(partner, webhook)) == 2 * EVENTS)
    receiver.until(lambda: any(each["attempts"] > 1 for each in waiting(partner, webhook)))
    found = waiting(partner, webhook)
    assert {each["status"] for each in found} == {"retrying", "waiting"}
    assert all("fault" in each for each in found if each["status"] == "retrying")
    receiver.come()
    receiver.until(lambda: len(receiver.taken) == 2 * EVENTS)
    settled(partner, webhook)
    assert in_order(receiver.taken)


def test_a_slow_receiver_is_given_up_and_holds_up_nobody(demo_url: str, receiver: Receiver):
    """Who does not answer in time is asked again later, and other webhooks get their messages meanwhile."""
    receiver.delay = lambda message: 5.0
    with Server(demo_url, lease_seconds=0.6) as server, Receiver() as other, Running(server):
        partner = server.client(TOKEN)
        slow, fast_ = made(partner, receiver), made(partner, other)
        provisioned(server, partner)
        other.until(lambda: len(other.messages) >= EVENTS)  # more when the machine pauses for longer than a lease
        settled(partner, fast_)
        other.until(lambda: any(each["status"] == "retrying" for each in waiting(partner, slow)))
        [told] = [each["fault"] for each in waiting(partner, slow) if each["status"] == "retrying"]
        assert told == "did not answer within 0.4 seconds"
        receiver.delay = lambda message: 0.0
        settled(partner, slow)
        assert in_order(receiver.taken)
        partner.close_all()


def test_a_receiver_that_is_gone_is_left_alone(server: Server, partner: Client, receiver: Receiver, running: None):
    """A webhook that answers 410 is disabled; enabled again, it gets all that has happened meanwhile."""
    webhook = made(partner, receiver)
    receiver.answer = lambda message, before: 410
    provisioned(server, partner)
    receiver.until(lambda: partner.get(f"{WEBHOOKS}/{webhook['id']}").json()["status"] == "disabled")
    shown = partner.get(f"{WEBHOOKS}/{webhook['id']}").json()
    assert shown["disabled"] == "answered 410 (gone)"
    refused = partner.post(f"{WEBHOOKS}/{webhook['id']}/test")
    assert refused.status_code == 409
    assert "enable it first" in refused.json()["errors"][0]["description"]
    sent = len(receiver.messages)
    provisioned(server, partner)
    with Receiver() as other:
        later = made(partner, other)
        provisioned(server, partner)
        other.until(lambda: len(other.messages) == EVENTS)
        settled(partner, later)
    assert len(receiver.messages) == sent
    receiver.answer = lambda message, before: 200
    assert partner.post(f"{WEBHOOKS}/{webhook['id']}/enable").json()["status"] == "active"
    receiver.until(lambda: len({message.id for message in receiver.taken}) == 3 * EVENTS)
    settled(partner, webhook)
    assert in_order(receiver.taken)


def test_what_is_given_up_can_be_sent_again(
    server: Server, partner: Client, receiver: Receiver, running: None, monkeypatch: pytest.MonkeyPatch
):
    """After its last attempt a delivery is dead, and later ones go on; one or all are sent again when asked for."""
    monkeypatch.setattr(law, "ATTEMPTS_MAX", 2)
    webhook = made(partner, receiver)
    receiver.answer = lambda message, before: 302 if message.told["type"] == "package.status" else 200
    receiver.response_headers = {"Location": receiver.url}
    provisioned(server, partner)
    receiver.until(lambda: len(receiver.taken) == 2)
    settled(partner, webhook)
    dead = waiting(partner, webhook, state="dead")
    assert [each["status"] for each in dead] == ["dead"] * (EVENTS - 2)
    assert {each["fault"] for each in dead} == {"answered 302; redirects are not followed"}
    assert {each["attempts"] for each in dead} == {2}
    assert len(receiver.messages) == 2 * (EVENTS - 2) + 2
    receiver.answer = lambda message, before: 200
    path = f"{WEBHOOKS}/{webhook['id']}/deliveries"
    answer = partner.post(f"{path}/{dead[1]['id']}/resend")
    assert (answer.status_code, answer.json()) == (202, {"deliveries": 1})
    receiver.until(lambda: len(receiver.taken) == 3)
    settled(partner, webhook)
    assert receiver.taken[-1].id == dead[1]["messageId"]
    assert receiver.taken[-1].told == dead[1]["message"]
    assert partner.post(f"{path}/{dead[1]['id']}/resend").status_code == 404
    assert partner.post(f"{path}/resend").json() == {"deliveries": EVENTS - 3}
    receiver.until(lambda: len(receiver.taken) == EVENTS)
    settled(partner, webhook)
    assert waiting(partner, webhook) == []


def test_answers_are_hardly_read(server: Server, partner: Client, receiver: Receiver, running: None):
    """A receiver that answers much is not listened to; its status counts."""
    webhook = made(partner, receiver)
    receiver.response_body = b"x" * 10_000_000
    provisioned(server, partner)
    receiver.until(lambda: len(receiver.taken) == EVENTS)
    settled(partner, webhook)
    assert len(receiver.messages) == EVENTS


def test_a_test_is_sent_and_told_of(server: Server, partner: Client, receiver: Receiver, running: None):
    """A test is a signed message of its own type; a new one takes the place of those that were not taken."""
    webhook = made(partner, receiver, "customer.status")
    receiver.answer = lambda message, before: 500
    old = partner.post(f"{WEBHOOKS}/{webhook['id']}/test").json()
    receiver.until(lambda: bool(receiver.messages))
    receiver.answer = lambda message, before: 200
    answer = partner.post(f"{WEBHOOKS}/{webhook['id']}/test")
    assert answer.status_code == 202
    settled(partner, webhook)
    [message] = [each for each in receiver.taken if each.id == answer.json()["messageId"]]
    message.verify(webhook["secret"])
    assert message.told["type"] == "webhook.test"
    assert message.data["webhookId"] == webhook["id"]
    assert old["messageId"] != message.id


def test_several_processes_send_each_message_once(server: Server, partner: Client, receiver: Receiver):
    """Deliverers that work at the same time share the work: each message is sent once, in order."""
    webhook = made(partner, receiver)
    receiver.delay = lambda message: 0.01
    with Running(server, 4):
        for _ in range(6):
            provisioned(server, partner)
        receiver.until(lambda: len(receiver.messages) >= 6 * EVENTS)
        settled(partner, webhook)
    assert len(receiver.messages) == len({message.id for message in receiver.messages}) == 6 * EVENTS
    assert in_order(receiver.messages)


def test_what_waits_is_bounded(
    server: Server,
    partner: Client,
    receiver: Receiver,
    untiring: None,
    running: None,
    monkeypatch: pytest.MonkeyPatch,
):
    """When enough is on its way to a webhook the rest stays in the journal, and nothing is lost by that."""
    monkeypatch.setattr(engine, "OPEN_MAX", 4)
    monkeypatch.setattr(engine, "ENTRIES_MAX", 1)
    receiver.answer = lambda message, before: 500
    webhook = made(partner, receiver)
    for _ in range(3):
        provisioned(server, partner)
    receiver.until(lambda: len(waiting(partner, webhook)) >= 4)
    time.sleep(0.3)
    assert len(waiting(partner, webhook)) < 4 + EVENTS
    receiver.answer = lambda message, before: 200
    receiver.until(lambda: len(receiver.taken) == 3 * EVENTS)
    settled(partner, webhook)
    assert in_order(receiver.taken)


class Silent:
    """Takes messages and never says what came of them."""

    def __init__(self, seconds: float) -> None:
        self.began = 0

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        self.began += 1
        await asyncio.Event().wait()
        return 200, ""

    async def close(self) -> None:
        """Nothing is open."""


def test_what_a_process_leaves_behind_is_taken_over(
    server: Server, partner: Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    """What was claimed by a process that is gone is sent by another one when its lease is over."""
    monkeypatch.setattr(engine, "STOP_SECONDS", 0.01)
    webhook = made(partner, receiver)
    silent = Silent(0)
    with Running(server, 1, lambda seconds: silent, lease=0.5):
        provisioned(server, partner)
        receiver.until(lambda: silent.began > 0)
    assert receiver.messages == []
    # The other one's lease is long: it sends nothing twice when the machine pauses.
    with Running(server):
        settled(partner, webhook)
    assert len(receiver.messages) == EVENTS
    assert in_order(receiver.messages)


def test_late_results_do_not_count(demo_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch):
    """What comes of an attempt whose lease was over, and that another one has followed, changes nothing."""
    with Server(demo_url, lease_seconds=0.3) as server:
        partner = server.client(TOKEN)
        webhook = made(partner, receiver)
        provisioned(server, partner)
        late = Deliverer(server.service, Silent)

        async def claim(service: Service) -> None:
            await late.turn()

        server.call(claim)
        [(delivery, _)] = [(each, task) for task, each in late._sending.items()]
        time.sleep(0.35)
        receiver.answer = lambda message, before: 500
        with Running(server):
            receiver.until(lambda: bool(receiver.messages))

            async def note(service: Service) -> None:
                late._attempts.append(law.Attempt(delivery, 200))
                late._closing.set()
                await late.turn()

            server.call(note)
            assert waiting(partner, webhook)[0]["id"] == delivery.id
            receiver.answer = lambda message, before: 200
            settled(partner, webhook)
        assert in_order(receiver.taken)
        server.call(lambda service: _cancel(late))
        partner.close_all()


async def _cancel(deliverer: Deliverer) -> None:
    for task in deliverer._sending:
        task.cancel()


def test_nothing_is_looked_at_without_webhooks(server: Server, partner: Client):
    """Where there is no webhook nothing is sent, nothing written, and the client for HTTP is not loaded."""

    def never(seconds: float) -> Posts:
        raise AssertionError("loaded")

    deliverer = Deliverer(server.service, never)

    async def turn(service: Service) -> bool:
        return await deliverer.turn()

    provisioned(server, partner)
    assert server.call(turn) is False


def test_webhooks_are_found_by_their_indexes(server: Server, partner: Client, receiver: Receiver):
    """Looking for what is due reads an index, not what waits behind it."""
    made(partner, receiver)

    async def plan(service: Service) -> str:
        async with service.database.reading() as reading:
            explain = "EXPLAIN QUERY PLAN" if service.database.writers == 1 else "EXPLAIN"
            return str(await reading.rows(f"{explain} {store._WAITING}"))

    assert "deliveries_due" in server.call(plan)


@pytest.mark.parametrize("attempts", range(1, 20))
def test_pauses_grow_and_are_spread(attempts: int, monkeypatch: pytest.MonkeyPatch):
    """A pause is between half and all of twice the one before, up to three hours; together they make about a day."""
    monkeypatch.undo()
    pauses = [law.pause(_delivery(entry, attempts)) for entry in range(50)]
    longest = min(5_000 * 2 ** (attempts - 1), 3 * 3_600_000)
    assert all(longest / 2 <= each <= longest for each in pauses)
    assert len(set(pauses)) > 40
    hours = sum(law.pause(_delivery(1, n)) for n in range(1, law.ATTEMPTS_MAX)) / 3_600_000
    assert 14 < hours < 30


def _delivery(entry: int, attempts: int) -> law.Delivery:
    return law.Delivery("org", "00000000-0000-0000-0000-000000000000", entry, 0, "c", attempts, "{}")


def test_message_ids_have_no_dot():
    """A message's id is the same for every attempt, and has none of the dots that separate what is signed."""
    ids = {_delivery(7, attempts).message_id for attempts in range(3)}
    assert ids == {"msg_00000000000000000000000000000000_7_0"}
