"""Wholesale for tests: bodies as providers send them, tokens of partners, work that is done when the test says so."""

import uuid
from typing import Any

import requests

from allot.cli.demo import FOOTHILL, PARTNER, VALLEY
from allot.core.scope import SCOPES
from allot.engine.worker import Worker
from allot.service.arrivals import made_id
from allot.service.service import Service
from allot.service.tokens import new_token, token_hash
from organizations import CREATED, insert
from servers import Client, Server

TOKEN = "allot-demo-partner"
TEMPLATES = {
    PARTNER: "ZjViMzYxODctYzhkZC00NzI3LThiMmYtZjljNDQ3ZjI5MDQ2",
    FOOTHILL: "Zm9vdGhpbGwtb25ib2FyZGluZw",
    VALLEY: "dmFsbGV5LW9uYm9hcmRpbmc",
}
ADMINS = {PARTNER: "partner@summit.example", FOOTHILL: "ops@foothill.example", VALLEY: "ops@valley.example"}
PATH = "/v1/wholesale/customers"
ADDRESS = {
    "addressLine1": "771 Alder Drive",
    "addressLine2": "Cisco Site 5",
    "city": "Milpitas",
    "stateOrProvince": "CA",
    "zipOrPostalCode": "95035",
    "country": "US",
}
LOCATION = {
    "name": "Head Office",
    "address": ADDRESS,
    "timezone": "America/Los_Angeles",
    "language": "en_us",
    "emergencyLocationIdentifier": "95547321",
}


def body(external_id: str = "", partner: str = PARTNER, **changes: Any) -> dict[str, Any]:
    """The body of a provisioning, with these members in place of its own; None leaves one out."""
    name = external_id or uuid.uuid4().hex
    told = {
        "provisioningId": TEMPLATES[partner],
        "packages": ["webex_calling", "webex_meetings"],
        "externalId": name,
        "address": ADDRESS,
        "customerInfo": {"name": f"Shop {name[:8]}", "primaryEmail": f"owner@{name}.example", "language": "en_US"},
        "provisioningParameters": parameters(),
    }
    return {member: value for member, value in (told | changes).items() if value is not None}


def parameters(limits: dict[str, Any] | None = None, **location: Any) -> dict[str, Any]:
    """Provisioning parameters, with these members of the location in place of its own, and these limits."""
    told = {member: value for member, value in (LOCATION | location).items() if value is not None}
    found: dict[str, Any] = {"calling": {"location": told}, "meetings": {"timezone": "Europe/Paris"}}
    return found | ({"packages": {"limits": limits}} if limits is not None else {})


def new_id(answer: requests.Response) -> str:
    """The id of the customer that an order was accepted for."""
    assert answer.status_code == 202, answer.text
    return str(answer.json()["url"].rpartition("/")[2])


async def work(service: Service) -> None:
    """Carry out all that is due."""
    worker = Worker(service, "test")
    while await worker.turn():
        pass


def provisioned(server: Server, client: Client, **told: Any) -> dict[str, Any]:
    """A new customer, as it is shown once all is done."""
    id = new_id(client.post(PATH, json=body(**told)))
    server.call(work)
    shown: dict[str, Any] = client.get(f"{PATH}/{id}").json()
    return shown


def token_of(
    server: Server, org_id: str, email: str = "", scopes: frozenset[str] | None = None, role: str | None = None
) -> str:
    """A token of a person, by default of the partner's administrator; with `role` this is the person's only one."""
    person_id = made_id(org_id, "people", email or ADMINS[org_id])
    token = new_token(org_id)

    async def write(service: Service) -> None:
        async with service.database.writing() as writing:
            if role is not None:
                await writing.run("DELETE FROM roles WHERE org_id = $1 AND person_id = $2", org_id, person_id)
                await insert(writing, "roles", org_id=org_id, person_id=person_id, role_id=role)
            await insert(
                writing,
                "tokens",
                org_id=org_id,
                token_hash=token_hash(token),
                kind="access",
                grant_id=str(uuid.uuid4()),
                person_id=person_id,
                name="test",
                scopes=" ".join(SCOPES if scopes is None else scopes),
                created=CREATED,
            )

    server.call(write)
    return token


def faults(answer: requests.Response, status: int = 400) -> list[str]:
    """The sentences of a refusal of this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return [error["description"] for error in answer.json()["errors"]]


def switch(server: Server, org_id: str, state: str) -> None:
    """Make a partner active or suspended, and let the server notice it now rather than in seconds."""
    server.run("UPDATE partners SET state = $2 WHERE org_id = $1", org_id, state)
    server.service.partners.memory.clear()
