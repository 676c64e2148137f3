"""Checking: what is broken in a database is found, and nothing else."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from allot.cli.databases import open_database
from allot.cli.demo import ACME
from allot.service.checks import Finding, check
from allot.store.checks import REFERENCES
from servers import rulebook

JOHN = "f5b36187-c8dd-4727-8b2f-f9c447f29046"
SQL_CASES = {
    "counter": ("UPDATE licenses SET consumed_by_users = consumed_by_users + 1 WHERE license = 2", "its counter says"),
    "entries": ("UPDATE organizations SET entries = entries + 1", "journal: 1 entries, the last is 1"),
    "gap": (f"UPDATE journal SET entry = 5 WHERE org_id = '{ACME}'", "the last is 5"),
    "overlap": (
        f"INSERT INTO attendees (org_id, person_id, site_url) VALUES ('{ACME}', '{JOHN}', 'myhostsite.webex.com')",
        "john.andersen@example.com: host and attendee of myhostsite.webex.com",
    ),
    "pending license": (
        f"UPDATE holdings SET pending_until = '2100-01-01' WHERE person_id = '{JOHN}' AND license = 2",
        "john.andersen@example.com: 96abc2aa-3dcc-11e5-b263-0f4592adefab is pending",
    ),
    "pending site": (
        "UPDATE attendees SET pending_until = '2100-01-01' WHERE site_url = 'mysite.webex.com'",
        "user@example.com: mysite.webex.com is pending",
    ),
    "number": (
        "UPDATE numbers SET location_id = '63715' WHERE phone_number = '+61255501201'",
        "mei.chen@example.com: number +61255501201 belongs to location 63715",
    ),
    "extension": (
        f"UPDATE people SET extension = '7001' WHERE person_id = '{JOHN}'",
        "john.andersen@example.com: extension 7001 at location 63715 is also call park Lobby",
    ),
    "offer": (
        "UPDATE licenses SET offer = 'GONE' WHERE offer = 'BCATC'",
        "its offer GONE is not in the rulebook",
    ),
}
# By a program that does not ask SQLite to keep references.
LOST_CASES = {
    "organizations": f"DELETE FROM organizations WHERE org_id = '{ACME}'",
    "people": f"DELETE FROM people WHERE person_id = '{JOHN}'",
    "licenses": f"DELETE FROM licenses WHERE org_id = '{ACME}' AND license = 2",
    "sites": f"DELETE FROM sites WHERE org_id = '{ACME}'",
    "locations": f"DELETE FROM locations WHERE org_id = '{ACME}'",
    "numbers": f"DELETE FROM numbers WHERE org_id = '{ACME}'",
}
WARNING_CASES = {
    "units": ("UPDATE licenses SET total_units = 1 WHERE offer = 'BCBAS'", "4 of 1 units are used"),
    "conflict": (
        f"INSERT INTO holdings (org_id, person_id, license) VALUES ('{ACME}', '{JOHN}', 0)",
        "(professional-and-standard)",
    ),
    "one of set": (
        f"INSERT INTO holdings (org_id, person_id, license) VALUES ('{ACME}', '{JOHN}', 6)",
        "(one-of-set)",
    ),
    "requires": (
        "DELETE FROM holdings WHERE license = 12",
        "(paid-messaging-needs-free)",
    ),
    "external": (
        "UPDATE people SET home_org_id = 'elsewhere' WHERE email = 'grace.okello@example.com'",
        "(external-user)",
    ),
    "nowhere": (
        f"UPDATE people SET location_id = NULL, extension = NULL WHERE person_id = '{JOHN}'",
        "is at no calling location",
    ),
    "located": (
        "UPDATE people SET location_id = '63715' WHERE email = 'ivan.horvat@example.com'",
        "holds nothing, and is at a calling location without a calling license",
    ),
}


async def found(url: str, sql: str = "") -> list[Finding]:
    """What a check finds after a statement."""
    database = await open_database(url)
    try:
        if sql:
            async with database.writing() as writing:
                await writing.run(sql)
        return [finding async for finding in check(database, rulebook())]
    finally:
        await database.close()


def test_nothing_is_found_in_what_is_consistent(demo_url: str):
    """The demo's organizations have nothing wrong, not even a warning."""
    assert asyncio.run(found(demo_url)) == []


@pytest.mark.parametrize("case", SQL_CASES)
def test_what_is_wrong_is_found(demo_url: str, case: str):
    """Each inconsistency is found, and said of the right organization."""
    sql, said = SQL_CASES[case]
    wrong = [finding for finding in asyncio.run(found(demo_url, sql)) if not finding.warning]
    assert [finding.org_id for finding in wrong if said in finding.text].count(ACME) == 1, wrong


@pytest.mark.parametrize("parent", LOST_CASES)
def test_what_refers_to_nothing_is_found(demo_sqlite_url: str, parent: str):
    """Rows whose person, license, site or number is gone are found, table by table."""
    with closing(sqlite3.connect(demo_sqlite_url.removeprefix("sqlite:///"))) as connection:
        connection.execute(LOST_CASES[parent])
        connection.commit()
        said = {
            f"{table}: {count} of its rows refer to {parent} that are not there"
            for table, column, other in REFERENCES
            if other == parent
            and (
                count := connection.execute(
                    f"SELECT COUNT(*) FROM {table} c WHERE c.org_id = ? AND c.{column} IS NOT NULL AND NOT EXISTS"
                    f" (SELECT 1 FROM {parent} p WHERE p.org_id = c.org_id AND p.{column} = c.{column})",
                    [ACME],
                ).fetchone()[0]
            )
        }
    assert said
    wrong = {finding.text for finding in asyncio.run(found(demo_sqlite_url)) if not finding.warning}
    assert said <= wrong


def test_all_references_are_checked(demo_sqlite_url: str):
    """What the schema declares to be a reference is checked, and the journal's organization."""
    with closing(sqlite3.connect(demo_sqlite_url.removeprefix("sqlite:///"))) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        declared: set[tuple[str, str, str]] = set()
        for table in tables:
            columns: dict[int, tuple[str, str]] = {}
            for number, _, parent, column, *_ in connection.execute(f"PRAGMA foreign_key_list({table})"):
                # Of several columns the organization leads, and the other one tells what is meant.
                if number not in columns or columns[number][0] == "org_id":
                    columns[number] = (column, parent)
            declared |= {(table, *each) for each in columns.values()}
    assert set(REFERENCES) == declared | {("journal", "org_id", "organizations")}


@pytest.mark.parametrize("case", WARNING_CASES)
def test_what_no_rule_would_give_is_a_warning(demo_url: str, case: str):
    """A holding that breaks a rule of state is a warning, with the rule's remedy."""
    sql, said = WARNING_CASES[case]
    warnings = [finding.text for finding in asyncio.run(found(demo_url, sql)) if finding.warning]
    assert any(said in warning for warning in warnings), warnings


def test_alike_people_are_one_warning(demo_url: str):
    """Those who hold the same illegal things are counted, and one of them is named."""
    texts = [finding.text for finding in asyncio.run(found(demo_url, "DELETE FROM holdings WHERE license = 12"))]
    assert any(" more: holds" in text for text in texts)
    assert len(texts) == len(set(texts))
