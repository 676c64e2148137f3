"""Partners of an import: every fault with its place, and parents that are there."""

import asyncio
from typing import Any

import pytest

from allot.service import imports
from importing import faults, look, read, save

TOP, SUB, OTHER = (f"0000000{n}-0000-4000-8000-000000000000" for n in range(3))


def organization(id: str, partner: dict[str, Any] | None = None) -> dict[str, Any]:
    """An organization; with `partner` a wholesale partner of these members."""
    told = {"organization": {"id": id, "displayName": f"Org {id[:8]}"}}
    return told if partner is None else told | {"partner": {"subscriptionId": "Sub-1"} | partner}


def test_a_partner_is_imported_with_its_templates_and_accounts(database_url: str):
    """Times are kept in UTC, missing ones are those of the import; emails in lower case; the order does not matter."""
    sub = {
        "parent": TOP,
        "state": "suspended",
        "created": "2024-01-01T01:00:00+01:00",
        "billingStartDate": "2024-01-08",
    }
    top = {
        "templates": [{"provisioningId": " one ", "name": "One"}, {"provisioningId": "two", "name": "Two"}],
        "freeAccounts": ["Free@Example.COM "],
    }
    asyncio.run(save(database_url, read(organization(SUB, sub), organization(TOP, top), organization(OTHER))))
    sql = "SELECT org_id, parent_id, state, created, billing_start FROM partners ORDER BY org_id"
    [(_, none, state, *times), below] = asyncio.run(look(database_url, sql))
    assert (none, state) == (None, "active")
    assert all(time.endswith("Z") for time in times)
    assert below == (SUB, TOP, "suspended", "2024-01-01T00:00:00.000Z", "2024-01-08T00:00:00.000Z")
    found = asyncio.run(look(database_url, "SELECT org_id, provisioning_id FROM templates ORDER BY provisioning_id"))
    assert found == [(TOP, "one"), (TOP, "two")]
    assert asyncio.run(look(database_url, "SELECT email FROM free_accounts")) == [("free@example.com",)]
    assert asyncio.run(look(database_url, "SELECT org_id FROM organizations WHERE partner = 1 ORDER BY 1")) == [
        (TOP,),
        (SUB,),
    ]


def test_every_fault_of_a_partner_has_its_place():
    """Form and sense: what is missing, doubled, no time, no email."""
    assert faults(organization(TOP) | {"partner": {"state": "closed", "templates": [{"name": "x"}], "more": 1}}) == [
        "organizations[0].partner.subscriptionId: is required",
        "organizations[0].partner.state: must be one of active, suspended",
        "organizations[0].partner.templates[0].provisioningId: is required",
        (
            "organizations[0].partner.more: is not known here; known are subscriptionId, parent, state, created,"
            " billingStartDate, templates, freeAccounts"
        ),
    ]
    template = {"provisioningId": "one", "name": "One"}
    told = {
        "created": "yesterday",
        "billingStartDate": "0001-01-01T00:00:00+14:00",
        "templates": [template, template, template | {"provisioningId": " "}],
        "freeAccounts": ["free@example.com", "nobody", "FREE@example.com"],
    }
    assert faults(organization(TOP, told), organization(OTHER)) == [
        "organizations[0].partner.created: yesterday is no time; write it as 2026-05-04T10:00:00.000Z",
        (
            "organizations[0].partner.billingStartDate: 0001-01-01T00:00:00+14:00 is no time; write it as"
            " 2026-05-04T10:00:00.000Z"
        ),
        "organizations[0].partner.templates[1].provisioningId: one is there twice; give each template its own",
        "organizations[0].partner.templates[2].provisioningId: is empty; give an id",
        "organizations[0].partner.freeAccounts[1]: `nobody` is no email address",
        "organizations[0].partner.freeAccounts[2]: free@example.com is there twice; list each account once",
    ]


def test_parents_are_partners_of_the_first_level():
    """A parent is another organization, a partner, and no sub-partner, as far as the document tells."""
    sub = organization(SUB, {"parent": TOP})
    assert faults(organization(TOP, {"parent": TOP})) == ["partner.parent: is the organization itself; leave it out"]
    assert faults(organization(TOP), sub) == [
        (
            f"organizations[1].partner.parent: {TOP} is no wholesale partner; import it as one before, or in the same"
            " document"
        )
    ]
    assert faults(organization(OTHER, {"parent": SUB}), organization(TOP, {}), sub) == [
        f"organizations[0].partner.parent: {SUB} is a sub-partner itself; name its own parent"
    ]
    assert len(read(organization(TOP, {}), sub)) == 2


def test_parents_of_earlier_imports_count(database_url: str):
    """A parent that is not in the document is looked for in the database; where it cannot be one, nothing is saved."""
    asyncio.run(save(database_url, read(organization(TOP, {}), organization(SUB, {"parent": TOP}))))
    for parent, what in (
        (SUB, "is a sub-partner itself; name its own parent"),
        ("gone", "is no wholesale partner; import it as one before, or in the same document"),
    ):
        found = read(organization("x" + OTHER[1:]), organization(OTHER, {"parent": parent}))
        with pytest.raises(imports.ImportFault) as caught:
            asyncio.run(save(database_url, found))
        assert caught.value.faults == [f"organizations[1].partner.parent: {parent} {what}"]
    assert asyncio.run(look(database_url, "SELECT COUNT(*) FROM organizations")) == [(2,)]
    asyncio.run(save(database_url, read(organization(OTHER, {"parent": TOP}))))
    assert asyncio.run(look(database_url, "SELECT COUNT(*) FROM partners WHERE parent_id IS NOT NULL")) == [(2,)]
