"""Query parameters that may be there several times: as they are read, linked to and described."""

from typing import Any

import pytest

from allot.plane.documents import webex_document
from allot.wire.openapi import document
from allot.wire.operation import Operation, Parameter, Reply, Request
from servers import Client

STATUS = Parameter("status", "Which.", choices=("a", "b"), default=(), many=True)
PATH = "/v1/wholesale/customers"


async def list_things(request: Request) -> Reply:
    """List things."""
    return Reply(200)


def test_a_parameter_of_many_values_is_described_as_an_array():
    """It is an array of what one value may be, in form style, each value a parameter; without a default."""
    made = document(
        {"title": "x", "version": "1"}, "/x", [Operation("GET", "/things", list_things, None, "x", (STATUS,))]
    )
    assert made["paths"]["/things"]["get"]["parameters"][0] == {
        "name": "status",
        "in": "query",
        "description": "Which.",
        "schema": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}},
        "style": "form",
        "explode": True,
    }
    described: list[dict[str, Any]] = webex_document()["paths"]["/wholesale/customers"]["get"]["parameters"]
    [status] = [each for each in described if each["name"] == "status"]
    assert status["schema"]["type"] == "array"
    assert "pending_rpl_review" in status["schema"]["items"]["enum"]


@pytest.mark.parametrize(
    "query",
    [
        [("status", "provisioned"), ("status", "error")],
        [("status", "provisioned,error")],
        [("status", ",provisioned,,"), ("status", ""), ("status", "error")],
    ],
)
def test_its_values_may_be_written_in_each_way(admin: Client, query: list[tuple[str, str]]):
    """Several parameters, one with commas, or both: the answer is the same, and so is what its links ask for."""
    partner = admin.as_("allot-demo-partner")
    plain = partner.get(PATH, params=[("max", "2"), ("status", "provisioned"), ("status", "error")])
    answer = partner.get(PATH, params=[("max", "2"), *query])
    assert answer.json() == plain.json()
    assert len(answer.json()["items"]) == 2
    assert answer.links["next"]["url"] == plain.links["next"]["url"]
    assert "status=provisioned&status=error" in answer.links["next"]["url"]
    following = partner.get(answer.links["next"]["url"])
    assert {each["status"] for each in following.json()["items"]} <= {"provisioned", "error"}
    assert following.links["prev"]["url"].endswith("status=provisioned&status=error&offset=0&max=2")
