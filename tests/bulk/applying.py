"""Plans to apply in tests: a company on a real server, pulled from it, and what is desired of its people."""

import asyncio
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.pulls import Order, Pulled, origin, pull
from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.applied.applies import Apply, Options, Tally
from allot.bulk.applied.journals import Entry, Journal
from allot.bulk.desired.desires import Want
from allot.bulk.planned.plans import Plan
from allot.client.connections import Patience, Target
from allot.client.readers import Reader
from allot.client.writers import Writer
from allot.core.scope import SCOPES
from allot.service import grants, imports
from allot.service.arrivals import made_id
from allot.service.service import Service
from bulk.planning import NOW, make_plan, want
from servers import Server, rulebook

LOCATION = "1f7c9a3e-5d2b-4e8f-9b6a-0c4d8e2f7a10"
SITE = "acme.webex.com"
#: places of the licenses
STANDARD, PROFESSIONAL, MESSAGING, ADVANCED, TRANSLATION, SUITE = range(6)
#: tests do not wait for long
QUICK = Patience(attempts=4, first=0.01, longest=0.05, connect=2, answer=5)


@dataclass(slots=True)
class Company:
    """An organization that a server has, and its administrator's token."""

    address: str
    token: str
    org_id: str

    def person_id(self, number: int) -> str:
        return made_id(self.org_id, "people", email(number))


def document(people: int, calling: int = STANDARD, **units: int) -> str:
    """An import document: everybody has basic messaging and a calling license, at an extension from 1000 on.

    `units` by offer; as many as there are people where nothing is said. Each document is of an organization of its own.
    """
    offers = ("BCBAS", "BCSTD", "FMS", "MS", "RTT", "EE")
    licenses: list[dict[str, Any]] = [
        {"offer": code} | ({} if code == "FMS" else {"totalUnits": units.get(code, people)}) for code in offers
    ]
    licenses[SUITE]["siteUrl"] = SITE
    located = {"id": LOCATION, "name": "Berlin", "timeZone": "Europe/Berlin", "preferredLanguage": "de_de"}
    address = {"address1": "Unter den Linden 1", "city": "Berlin", "postalCode": "10117", "country": "DE"}
    persons: list[dict[str, Any]] = [
        {
            "email": email(n),
            "displayName": f"Person {n:05}",
            "licenses": [offers[calling], "FMS"],
            "location": "Berlin",
            "extension": str(1000 + n),
        }
        for n in range(people)
    ]
    admin = {"email": "admin@example.com", "displayName": "Admin", "licenses": ["FMS"], "roles": ["id_full_admin"]}
    organization = {
        "organization": {"id": str(uuid.uuid4()), "displayName": "Acme"},
        "sites": [{"siteUrl": SITE}],
        "locations": [located | {"announcementLanguage": "de_de", "address": address}],
        "licenses": licenses,
        "people": [admin, *persons],
    }
    return json.dumps({"organizations": [organization]})


def email(number: int) -> str:
    return f"person{number}@example.com"


def found(server: Server, text: str) -> Company:
    """Import a company."""

    async def run(service: Service) -> str:
        [new] = imports.read_document(text, rulebook())
        async with service.database.writing() as writing:
            await imports.save(writing, service.context, [new])
        return new.org_id

    org_id = server.call(run)
    return Company(server.address, grant(server, org_id, frozenset(SCOPES)), org_id)


def grant(server: Server, org_id: str, scopes: frozenset[str]) -> str:
    """A token of the administrator."""

    async def run(service: Service) -> str:
        async with service.database.writing() as writing:
            granting = grants.Granting(org_id, "admin@example.com", "test", scopes)
            return await grants.grant(writing, service.context, granting)

    return server.call(run)


def take_snapshot(company: Company, path: Path) -> Snapshot:
    """Pull a company."""

    async def run() -> None:
        async with Reader(Target(company.address, company.token)) as reader:
            whose = await origin(reader, None, NOW)
            order = Order(path, whose, None, lambda each: offer(rulebook(), each).calling, lambda: NOW)
            await pull(reader, order, Pulled())

    asyncio.run(run())
    return Snapshot(path)


def plan_all(company: Company, folder: Path, people: Iterable[int], wanted: Want, **options: Any) -> Plan:
    """The plan that gives these people what is wanted."""
    return plan_each(company, folder, dict.fromkeys(people, wanted), **options)


def plan_each(company: Company, folder: Path, wanted: dict[int, Want], **options: Any) -> Plan:
    """The plan that gives each of these people what is wanted for them."""
    snapshot = take_snapshot(company, folder / "acme.snapshot")
    wants = {email(number): structs.replace(each, line=line) for line, (number, each) in enumerate(wanted.items(), 2)}
    return make_plan(snapshot, wants, folder / "acme.plan", **options)


@dataclass(slots=True)
class Applied:
    """What an apply came to."""

    tally: Tally
    entries: dict[int, Entry]

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome -> changes, of the whole journal."""
        counts: dict[str, int] = {}
        for entry in self.entries.values():
            counts[entry.outcome] = counts.get(entry.outcome, 0) + 1
        return counts


def carry_out(plan: Plan, company: Company, address: str | None = None, **options: Any) -> Applied:
    """Apply a plan, at another address than the company's when it is named."""

    async def run() -> Applied:
        settings = Options(**{"workers": 8, "settle": 0.0} | options)
        async with Writer(Target(address or company.address, company.token, 8, QUICK)) as writer:
            with Journal(plan.file.path.with_name("acme.plan.journal"), plan.digest, writer.address) as journal:
                tally = await Apply(plan, writer, rulebook(), journal, settings).run()
                return Applied(tally, journal.entries)

    return asyncio.run(run())


def holdings(company: Company, folder: Path) -> dict[str, tuple[list[int], str | None]]:
    """Email -> licenses and extension, as the server tells them now."""
    snapshot = take_snapshot(company, folder / "now.snapshot")
    people = (person for block in snapshot.people() for person in block)
    return {
        person.email: (list(person.licenses or ()), person.calling.extension if person.calling else None)
        for person in people
        if person.email != "admin@example.com"
    }


UPGRADE = want(PROFESSIONAL, lack=[STANDARD])
#: two requests: Professional must go before Standard can come
DOWNGRADE = want(STANDARD, lack=[PROFESSIONAL])
