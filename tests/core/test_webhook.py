"""Webhooks: where they may send to, and how they sign."""

import time

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from allot.core.delivery import Attempt, Delivery, Verdict
from allot.core.webhook import SECRET_BYTES, Webhook, new_secret, signature, url_faults

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_signatures_are_those_of_the_standard():
    """The example that the standard's libraries are tested with gives the same signature."""
    found = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}')
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_changed_is_not_accepted():
    """Another body, id or secret has another signature."""
    secret = new_secret(bytes(range(SECRET_BYTES)))
    at = int(time.time())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": signature(secret, "msg_1", at, "{}"),
    }
    assert Verifier(secret).verify("{}", headers) == {}
    for body, changed in (("[]", {}), ("{}", {"webhook-id": "msg_2"}), ("{}", {"webhook-timestamp": str(at - 1)})):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(body, headers | changed)
    with pytest.raises(WebhookVerificationError):
        Verifier(SECRET).verify("{}", headers)


def test_a_secret_is_shown_by_nothing_that_is_logged():
    """A webhook as text, as in a log or a traceback, has no secret."""
    assert SECRET not in repr(Webhook("org", "id", "https://example.com", SECRET, (), "", 0))


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/events",
        "http://127.0.0.1:9000",
        "https://example.com:8443/a/b?c=d&e=%20",
        "http://[::1]:9000/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_addresses_that_can_be_sent_to(url: str):
    """Any http or https address will do."""
    assert url_faults(url) == []


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must begin with https://"),
        ("example.com/events", "must begin with https://"),
        ("ftp://example.com", "must begin with https://"),
        ("file:///etc/passwd", "must begin with https://"),
        ("https://", "has no host"),
        ("https://:80/", "has no host"),
        ("https://example.com:0/", "has no host"),
        ("https://example.com:99999/", "is no address"),
        ("https://[::1/", "is no address"),
        ("https://user:word@example.com/", "must not have a user"),
        ("https://user@example.com/", "must not have a user"),
        ("https://example.com/#top", "must not have a fragment"),
        ("https://example.com/a b", "has characters that no address has"),
        ("https://example.com/\n", "has characters that no address has"),
        ("https://bücher.example/", "has characters that no address has"),
        ("https://example.com/" + "a" * 2000, "at most 2000 characters"),
    ],
)
def test_addresses_that_cannot_be_sent_to(url: str, sentence: str):
    """Anything else is refused in a sentence that says what is wrong."""
    assert any(sentence in fault for fault in url_faults(url)), url_faults(url)


@pytest.mark.parametrize(
    ("status", "attempts", "verdict"),
    [
        (200, 1, Verdict.TAKEN),
        (204, 20, Verdict.TAKEN),
        (299, 1, Verdict.TAKEN),
        (301, 1, Verdict.AGAIN),
        (400, 1, Verdict.AGAIN),
        (410, 20, Verdict.GONE),
        (500, 19, Verdict.AGAIN),
        (500, 20, Verdict.DEAD),
        (0, 1, Verdict.AGAIN),
        (0, 21, Verdict.DEAD),
    ],
)
def test_what_becomes_of_a_delivery(status: int, attempts: int, verdict: Verdict):
    """Success is 2xx, 410 wants nothing more, and the rest is tried again until it was tried often enough."""
    attempt = Attempt(Delivery("org", "hook", 1, 0, "c", attempts, "{}"), status, "away" if not status else "")
    assert attempt.verdict is verdict
    assert attempt.told == ("away" if not status else attempt.told)
