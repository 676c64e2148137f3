"""Roles on the wire: list and details. They are the same in every organization."""

import msgspec

from allot.core import ids
from allot.core import role as roles
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import path_id


class Role(msgspec.Struct):
    id: str
    name: str


class RoleCollectionResponse(msgspec.Struct):
    items: list[Role]


async def list_roles(request: Request) -> Reply:
    """List all administrator roles."""
    return Reply(200, RoleCollectionResponse([_shown(role) for role in roles.ROLES.values()]))


async def get_role_details(request: Request) -> Reply:
    """Show one administrator role."""
    role = roles.ROLES.get(path_id(request, "ROLE", "roleId"))
    if role is None:
        raise Failure.not_found("roleId: there is no such role; GET /roles lists them")
    return Reply(200, _shown(role))


def _shown(role: roles.Role) -> Role:
    return Role(ids.encode("ROLE", role.id), role.name)


_READS = Rights((scopes.ROLES_READ,), "read")

OPERATIONS = (
    Operation("GET", "/roles", list_roles, _READS, "List Roles", answers={200: RoleCollectionResponse}),
    Operation("GET", "/roles/{roleId}", get_role_details, _READS, "Get Role Details", answers={200: Role}),
)
