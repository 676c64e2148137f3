"""The demo organization, until the service makes it itself."""

import asyncio
from typing import Any

from allot.api.operations import OPERATIONS
from allot.cli.databases import open_database
from allot.core.scope import SCOPES
from allot.service.service import Service
from allot.service.tokens import DemoToken, token_hash
from allot.wire.application import Application

ORG = "96abc2aa-3dcc-11e5-a152-fe34819cdc9a"
OTHER = "11111111-3dcc-11e5-a152-fe34819cdc9a"
PEOPLE = [
    ("f5b36187-c8dd-4727-8b2f-f9c447f29046", "john.andersen@example.com", None),
    ("00000000-0000-4000-8000-000000000001", "admin@example.com", "id_full_admin"),
    ("00000000-0000-4000-8000-000000000002", "readonly@example.com", "id_readonly_admin"),
    ("00000000-0000-4000-8000-000000000003", "user@example.com", None),
]
TOKENS = {
    "allot-demo-admin": (ORG, PEOPLE[1][0]),
    "allot-demo-readonly": (ORG, PEOPLE[2][0]),
    "allot-demo-user": (ORG, PEOPLE[3][0]),
    "allot-demo-other-org": (OTHER, "00000000-0000-4000-8000-000000000004"),
}
LICENSES = [
    ("96abc2aa-3dcc-11e5-a152-fe34819cdc9a", "BCSTD", "Webex Calling - Professional", None),
    ("96abc2aa-3dcc-11e5-b263-0f4592adefab", "EE", "Webex Meetings Suite", "myhostsite.webex.com"),
    ("96abc2aa-3dcc-11e5-2342-0f4556adeerf", "FMS", "Basic Messaging", None),
    ("96abc2aa-3dcc-11e5-56y7-0f4556adeyhn", "MS", "Advanced Messaging", None),
    ("00000000-3dcc-11e5-0000-000000000005", "FTM", "Basic Space Meetings", None),
]


def application(service: Service) -> Application:
    return Application(service, [("/v1", OPERATIONS), ("", OPERATIONS)])


def prepare(service: Service) -> None:
    service.tokens.demo = {
        token_hash(token): DemoToken(org_id, person_id, frozenset(SCOPES))
        for token, (org_id, person_id) in TOKENS.items()
    }


def load_demo(url: str) -> None:
    asyncio.run(_load(url))


async def _load(url: str) -> None:
    database = await open_database(url)
    now = "2026-01-01T00:00:00.000Z"
    async with database.writing() as w:
        for org_id in (ORG, OTHER):
            await w.run(
                "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, $2, $3)", org_id, "Demo", now
            )
        for site in ("mysite.webex.com", "myhostsite.webex.com"):
            await w.run(
                "INSERT INTO sites (org_id, site_url, site_type, attendees) VALUES ($1, $2, $3, 1)",
                ORG,
                site,
                "Control Hub managed site",
            )
        licenses: list[tuple[Any, ...]] = [(ORG, n, *license) for n, license in enumerate(LICENSES)]
        await w.many(
            "INSERT INTO licenses (org_id, license, license_id, offer, name, site_url, total_units, policy) VALUES ($1, $2, $3, $4, $5, $6, 10, 'strict')",
            licenses,
        )
        await w.run(
            "INSERT INTO locations (org_id, location_id, name, details, calling) VALUES ($1, '63715', 'HQ', '{}', 1)",
            ORG,
        )
        await w.run(
            "INSERT INTO numbers (org_id, phone_number, location_id, state) VALUES ($1, '+14085267209', '63715', 'ACTIVE')",
            ORG,
        )
        people = [(ORG, *person) for person in PEOPLE]
        people.append((OTHER, TOKENS["allot-demo-other-org"][1], "admin@other.example.com", "id_full_admin"))
        for org_id, person_id, email, role in people:
            await w.run(
                "INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created, last_modified) VALUES ($1, $2, $1, $3, $3, $3, '{}', $4, $4)",
                org_id,
                person_id,
                email,
                now,
            )
            if role:
                await w.run(
                    "INSERT INTO roles (org_id, person_id, role_id) VALUES ($1, $2, $3)", org_id, person_id, role
                )
    await database.close()
