"""Checking: what is broken in a database is found, and nothing else."""

import asyncio

import pytest

from allot.cli.databases import open_database
from allot.cli.demo import ACME
from allot.service.checks import Finding, check
from servers import rulebook

JOHN = "f5b36187-c8dd-4727-8b2f-f9c447f29046"
SQL_CASES = {
    "counter": ("UPDATE licenses SET consumed_by_users = consumed_by_users + 1 WHERE license = 2", "its counter says"),
    "entries": ("UPDATE organizations SET entries = entries + 1", "journal: 1 entries, the last is 1"),
    "gap": ("UPDATE journal SET entry = 5", "the last is 5"),
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
