"""Extensions on the wire: validating them for a location."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import scope as scopes
from allot.service import extensions, locations
from allot.service.extensions import State, Verdict
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import ORG_ID, organization_in_query, path_id

# Nothing is documented; a location has no more than it has people.
EXTENSIONS_MAX = 1_000


class ValidateExtensions(msgspec.Struct, rename="camel"):
    """The body of validateExtensions."""

    extensions: list[str]


class ExtensionStatus(msgspec.Struct, rename="camel"):
    extension: str
    state: State
    error_code: int | UnsetType = UNSET
    message: str | UnsetType = UNSET


class StatusOfExtensions(msgspec.Struct, rename="camel"):
    """OK, or a status of each extension when one of them cannot be used."""

    status: Literal["OK", "ERRORS"]
    extension_status: list[ExtensionStatus] | UnsetType = UNSET


async def validate_extensions(request: Request) -> Reply:
    """Say which extensions could be given to somebody at a location."""
    body: ValidateExtensions = request.body
    id = path_id(request, "LOCATION", "locationId")
    org_id = await organization_in_query(request)
    if len(body.extensions) > EXTENSIONS_MAX:
        raise invalid([f"extensions: at most {EXTENSIONS_MAX} in one request"])
    async with request.service.database.reading() as reading:
        location = await locations.get(reading, org_id, id)
        verdicts = await extensions.validate(reading, location, body.extensions)
    if all(verdict.state is State.VALID for verdict in verdicts):
        return Reply(200, StatusOfExtensions("OK"))
    return Reply(200, StatusOfExtensions("ERRORS", [_show(verdict) for verdict in verdicts]))


def _show(verdict: Verdict) -> ExtensionStatus:
    status = ExtensionStatus(verdict.extension, verdict.state)
    if verdict.code is not None:
        status.error_code = verdict.code
    if verdict.message is not None:
        status.message = verdict.message
    return status


OPERATIONS = (
    Operation(
        "POST",
        "/telephony/config/locations/{locationId}/actions/validateExtensions/invoke",
        validate_extensions,
        Rights((scopes.TELEPHONY_WRITE,), "full"),
        "Validate Extensions",
        query=(ORG_ID,),
        body=ValidateExtensions,
        answers={200: StatusOfExtensions},
    ),
)
