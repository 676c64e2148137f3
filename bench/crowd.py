"""Organizations full of people, written straight into a database for a benchmark.

The rows go through the store's own database layer, some thousand people in a transaction and sorted by key, so that
a million of them take about a minute. Everybody holds the licenses that a new person gets; one more license is then
given to them and taken away again by the requests of a benchmark. `allot check` finds nothing wrong with the result.
"""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from allot.cli.databases import migrate, open_database
from allot.core import ids
from allot.core.rulebook import load
from allot.core.scope import LICENSES_READ, LOCATIONS_READ, PEOPLE_READ, PEOPLE_WRITE, TELEPHONY_READ
from allot.service.clock import stamp
from allot.service.tokens import new_token, token_hash
from allot.store.database import Database
from bench.servers import ROOT

#: people in one transaction
PIECE = 5_000
#: the offer that the requests give and take: it has units to count, and a rule that looks at it
TOGGLED = "MS"
CREATED = stamp(datetime(2026, 1, 1, tzinfo=UTC))

_ORGANIZATION = "INSERT INTO organizations (org_id, display_name, created) VALUES ($1, $2, $3)"
_LICENSE = """
INSERT INTO licenses (org_id, license, license_id, offer, name, total_units, policy, consumed_by_users)
VALUES ($1, $2, $3, $4, $5, $6, 'strict', $7)
"""
_PERSON = """
INSERT INTO people (org_id, person_id, home_org_id, email, display_name, name_key, details, created, last_modified)
VALUES ($1, $2, $3, $4, $5, $6, '{}', $7, $8)
"""
_ROLE = "INSERT INTO roles (org_id, person_id, role_id) VALUES ($1, $2, 'id_full_admin')"
_TOKEN = """
INSERT INTO tokens (org_id, token_hash, kind, grant_id, person_id, name, scopes, created)
VALUES ($1, $2, 'access', 'benchmark', $3, 'benchmark', $4, $5)
"""
_HOLDING = "INSERT INTO holdings (org_id, person_id, license) VALUES ($1, $2, $3)"


@dataclass(frozen=True)
class Crowd:
    """What requests need to know of one organization; ids as they are on the wire."""

    org_id: str
    license_id: str
    #: those that take part, which need not be all of them
    people: list[str]
    token: str


def build(url: str, people: int, organizations: int = 1, taking_part: int | None = None, seed: int = 1) -> list[Crowd]:
    """Fill an empty database: `organizations` of them, each with `people` people.

    The same seed makes the same ids. `taking_part` of the people of each, spread evenly, are in `Crowd.people`.
    """
    migrate(url)
    chance = random.Random(seed)
    return asyncio.run(_build(url, chance, people, organizations, taking_part or people))


async def _build(url: str, chance: random.Random, people: int, organizations: int, taking_part: int) -> list[Crowd]:
    database = await open_database(url)
    try:
        crowds = []
        for _ in range(organizations):
            org_id = identifier(chance)
            person_ids = sorted(identifier(chance) for _ in range(people))
            license_id = await _organization(database, chance, org_id, people)
            for first in range(0, people, PIECE):
                await _people(database, org_id, person_ids[first : first + PIECE], first)
            token = await _token(database, org_id, person_ids[0])
            part = person_ids[:: people // taking_part][:taking_part]
            chance.shuffle(part)
            crowds.append(
                Crowd(
                    ids.encode("ORGANIZATION", org_id),
                    ids.encode("LICENSE", license_id),
                    [ids.encode("PEOPLE", person_id) for person_id in part],
                    token,
                )
            )
        async with database.writing() as writing:
            await writing.survey()
        return crowds
    finally:
        await database.close()


async def _organization(database: Database, chance: random.Random, org_id: str, people: int) -> str:
    """One organization with a license of each offer that matters; the id of the one to give and take."""
    licenses = [(number, identifier(chance), code, name) for number, (code, name) in enumerate(owned())]
    async with database.writing() as writing:
        await writing.run(_ORGANIZATION, org_id, "Benchmark", CREATED)
        await writing.many(
            _LICENSE,
            [
                (org_id, number, license_id, code, name, people, 0 if code == TOGGLED else people)
                for number, license_id, code, name in licenses
            ],
        )
    return next(license_id for _, license_id, code, _ in licenses if code == TOGGLED)


async def _people(database: Database, org_id: str, person_ids: list[str], first: int) -> None:
    """Some people with what a new person gets; the organization's very first is its administrator."""
    default = [number for number, (code, _) in enumerate(owned()) if code != TOGGLED]
    async with database.writing() as writing:
        await writing.many(_PERSON, list(_persons(org_id, person_ids, first)))
        if not first:
            await writing.run(_ROLE, org_id, person_ids[0])
        await writing.many(_HOLDING, [(org_id, person_id, number) for person_id in person_ids for number in default])


async def _token(database: Database, org_id: str, person_id: str) -> str:
    """A token of the administrator that never runs out."""
    token = new_token(org_id)
    scopes = " ".join((LICENSES_READ, LOCATIONS_READ, PEOPLE_READ, PEOPLE_WRITE, TELEPHONY_READ))
    async with database.writing() as writing:
        await writing.run(_TOKEN, org_id, token_hash(token), person_id, scopes, CREATED)
    return token


def _persons(org_id: str, person_ids: list[str], first: int) -> Iterator[tuple[str, ...]]:
    for number, person_id in enumerate(person_ids, first):
        email, name = f"person{number:07d}@example.com", f"Person {number:07d}"
        yield org_id, person_id, org_id, email, name, name.lower(), CREATED, CREATED


def owned() -> list[tuple[str, str]]:
    """Code and name of the offers that the organizations have a license of."""
    rulebook = load((ROOT / "src/allot/rulebooks/webex.toml").read_text())
    return [(offer.code, offer.name) for offer in rulebook.offers.values() if offer.default or offer.code == TOGGLED]


def identifier(chance: random.Random) -> str:
    """A UUID."""
    text = f"{chance.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
