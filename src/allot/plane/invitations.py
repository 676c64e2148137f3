"""Invitations on the wire: accepting and declining, which Webex has in its mail and web pages only."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.licenses import UserLicensesResponse, holding_of
from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.service import invitations
from allot.service.context import Context
from allot.service.invitations import Answer, Answered
from allot.service.writes import Operation as Write
from allot.wire.errors import ErrorDetail, ErrorResponse
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Reply, Request, Rights
from allot.wire.values import ORG_ID, check_length, organization_in_query, path_id, site_url

ITEMS_MAX = 500


class Invitation(msgspec.Struct, rename="camel"):
    """A license or a site that waits for an answer, and until when."""

    expires: str
    license: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    site_url: str | UnsetType = UNSET


class InvitationCollectionResponse(msgspec.Struct):
    items: list[Invitation]


class InvitationAnswer(msgspec.Struct, rename="camel"):
    """The licenses, by id, and the attendee sites that are answered; everything pending when neither is named."""

    licenses: list[str] | None = None
    site_urls: list[str] | None = None


async def list_invitations(request: Request) -> Reply:
    """List what a person of another organization has not accepted yet.

    An invitation runs out fifteen days after it was made, and is not listed any more.
    """
    org_id = await organization_in_query(request)
    person_id = path_id(request, "PEOPLE", "personId")
    service = request.service
    async with service.database.reading() as reading:
        found = await invitations.of_person(reading, Context(service.rulebook, service.clock), org_id, person_id)
    return Reply(200, InvitationCollectionResponse([_invitation(each) for each in found]))


def _invitation(invitation: invitations.Invitation) -> Invitation:
    license = invitation.license
    if license is None:
        return Invitation(invitation.expires, site_url=invitation.site_url or UNSET)
    return Invitation(invitation.expires, ids.encode("LICENSE", license.id), license.name)


async def accept_invitations(request: Request) -> Reply:
    """Accept pending licenses and attendee accounts of a person, all or some.

    Accepted licenses count from now on: where a strict license has no unit left, it stays pending and is refused.
    200 when everything was accepted, 206 when a part was, 400 when nothing could be.
    """
    return await _answer(request, invitations.accept)


async def decline_invitations(request: Request) -> Reply:
    """Decline pending licenses and attendee accounts of a person, all or some; they are gone then.

    200 when everything was declined, 206 when a part was, 400 when nothing could be.
    """
    return await _answer(request, invitations.decline)


async def _answer(request: Request, write: Write) -> Reply:
    body: InvitationAnswer = request.body
    if len(body.licenses or ()) + len(body.site_urls or ()) > ITEMS_MAX:
        raise Failure.invalid(f"licenses, siteUrls: at most {ITEMS_MAX} items in one request")
    answer = Answer(
        request.call, await organization_in_query(request), path_id(request, "PEOPLE", "personId"), None, None
    )
    found: list[str] = []
    for name, texts in (("licenses", body.licenses), ("siteUrls", body.site_urls)):
        for n, text in enumerate(texts or ()):
            check_length(found, f"{name}[{n}]", text)
    if found:
        raise invalid(found)
    if body.licenses is not None:
        answer.licenses = [(ids.decode("LICENSE", text) or text, text) for text in body.licenses]
    if body.site_urls is not None:
        answer.sites = [site_url(text) for text in body.site_urls]
    answered: Answered = await request.service.writes.submit(answer.org_id, write, answer)
    errors = [ErrorDetail(refusal.code, refusal.description) for _, refusal in answered.refused]
    if answered.status == 400:
        message = answered.refused[0][1].message
        return Reply(400, ErrorResponse(message, errors, request.call.tracking_id))
    held = holding_of(answered.organization, answered.person)
    if errors and request.service.settings.partial_errors:
        held.errors = errors
    return Reply(answered.status, held)


_RIGHTS = Rights((scopes.PEOPLE_WRITE,))

OPERATIONS = (
    Operation(
        "GET",
        "/people/{personId}/invitations",
        list_invitations,
        Rights((scopes.PEOPLE_READ, scopes.PEOPLE_WRITE), "read"),
        "List Invitations",
        query=(ORG_ID,),
        answers={200: InvitationCollectionResponse},
    ),
    Operation(
        "POST",
        "/people/{personId}/invitations/accept",
        accept_invitations,
        _RIGHTS,
        "Accept Invitations",
        query=(ORG_ID,),
        body=InvitationAnswer,
        answers={200: UserLicensesResponse, 206: UserLicensesResponse},
    ),
    Operation(
        "POST",
        "/people/{personId}/invitations/decline",
        decline_invitations,
        _RIGHTS,
        "Decline Invitations",
        query=(ORG_ID,),
        body=InvitationAnswer,
        answers={200: UserLicensesResponse, 206: UserLicensesResponse},
    ),
)
