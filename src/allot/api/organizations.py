"""Organizations on the wire: list and details."""

import msgspec

from allot.core import ids
from allot.core import scope as scopes
from allot.core.organization import Head
from allot.service import organizations
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import path_id


class Organization(msgspec.Struct, rename="camel"):
    id: str
    display_name: str
    created: str


class OrganizationCollectionResponse(msgspec.Struct):
    items: list[Organization]


async def list_organizations(request: Request) -> Reply:
    """List the organizations that the caller sees: their own, and those that it manages."""
    async with request.service.database.reading() as reading:
        found = await organizations.visible(reading, request.call.caller.org_id)
    return Reply(200, OrganizationCollectionResponse([_shown(each) for each in found]))


async def get_organization_details(request: Request) -> Reply:
    """Show one organization that the caller sees."""
    org_id = path_id(request, "ORGANIZATION", "orgId")
    async with request.service.database.reading() as reading:
        found = await organizations.get(reading, request.call.caller.org_id, org_id)
    return Reply(200, _shown(found))


def _shown(head: Head) -> Organization:
    return Organization(ids.encode("ORGANIZATION", head.org_id), head.display_name, head.created)


_READS = Rights((scopes.ORGANIZATIONS_READ,), "read")

OPERATIONS = (
    Operation(
        "GET",
        "/organizations",
        list_organizations,
        _READS,
        "List Organizations",
        answers={200: OrganizationCollectionResponse},
    ),
    Operation(
        "GET",
        "/organizations/{orgId}",
        get_organization_details,
        _READS,
        "Get Organization Details",
        answers={200: Organization},
    ),
)
