"""Licenses on the wire: list, details with holders, and PATCH /licenses/users."""

from typing import Literal, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core import scope as scopes
from allot.core.failure import Failure
from allot.core.holding import EXTENSION, Properties
from allot.core.license import License as OwnedLicense
from allot.core.organization import Organization
from allot.core.person import Person
from allot.core.site import Site
from allot.service import licenses
from allot.service.licenses import Asked, Assigned, Assignment
from allot.service.requests import About
from allot.wire.errors import ErrorDetail, ErrorResponse
from allot.wire.forms import invalid
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import encode_cursor, next_link, read_cursor
from allot.wire.values import (
    ITEMS_MAX,
    ORG_ID,
    check_length,
    e164,
    organization_in_query,
    organization_of,
    path_id,
    read_id,
    site_url,
)

# Documented: "limit cannot be more than 300".
HOLDERS_MAX = 300

NOBODY = "email, personId: one of them is required"
NOTHING = "licenses, siteUrls: at least one item is required"
NO_ATTENDEE = "siteUrls[{}].accountType: must be attendee; a host account comes with the license of the site"


class License(msgspec.Struct, rename="camel"):
    """A license. Members that do not apply are absent. Source: Cisco's schema of the same name."""

    id: str
    name: str
    total_units: int
    consumed_units: int
    consumed_by_users: int
    consumed_by_workspaces: int
    subscription_id: str | UnsetType = UNSET
    site_url: str | UnsetType = UNSET
    site_type: str | UnsetType = UNSET


class LicenseCollectionResponse(msgspec.Struct):
    items: list[License]


class User(msgspec.Struct, rename="camel"):
    id: str
    type: Literal["INTERNAL", "EXTERNAL"]
    display_name: str
    email: str


class LicenseWithUsers(License):
    """A license, and a page of those who hold it when they are asked for."""

    users: list[User] | UnsetType = UNSET


class LicenseProperties(msgspec.Struct, rename="camel"):
    location_id: str | None = None
    phone_number: str | None = None
    extension: str | None = None


class LicenseRequest(msgspec.Struct, rename="camel"):
    id: str
    operation: Literal["add", "remove"] | None = None
    properties: LicenseProperties | None = None


class SiteUrlsRequest(msgspec.Struct, rename="camel"):
    site_url: str
    account_type: str
    operation: Literal["add", "remove"] | None = None


class PatchUserLicenses(msgspec.Struct, rename="camel"):
    """The body of PATCH /licenses/users. Source: Cisco's schema of the same name."""

    email: str | None = None
    person_id: str | None = None
    org_id: str | None = None
    licenses: list[LicenseRequest] | None = None
    site_urls: list[SiteUrlsRequest] | None = None


class SiteResponse(msgspec.Struct, rename="camel"):
    site_url: str
    account_type: str


class UserLicensesResponse(msgspec.Struct, rename="camel"):
    """The answer to PATCH /licenses/users: all that the person has afterwards.

    `errors` is what Cisco's page promises for 206 and its schema lacks.
    """

    org_id: str
    person_id: str
    email: str
    licenses: list[str]
    site_urls: list[SiteResponse]
    pending_licenses: list[str] | UnsetType = UNSET
    pending_site_urls: list[SiteResponse] | UnsetType = UNSET
    errors: list[ErrorDetail] | UnsetType = UNSET


async def list_licenses(request: Request) -> Reply:
    """List all licenses of an organization, with exact counters."""
    org_id = await organization_in_query(request)
    found, sites = await _licenses_of(request, org_id)
    return Reply(200, LicenseCollectionResponse([_license(License, license, sites) for license in found]))


async def get_license_details(request: Request) -> Reply:
    """Show one license, with `includeAssignedTo=user` together with those who hold it, a page at a time.

    People with a pending invitation hold nothing yet and are not listed.
    """
    org_id = request.call.caller.org_id
    license_id = path_id(request, "LICENSE", "licenseId")
    found, sites = await _licenses_of(request, org_id)
    license = next((each for each in found if each.id == license_id), None)
    if license is None:
        raise Failure.not_found("licenseId: this organization has no such license")
    body = _license(LicenseWithUsers, license, sites)
    if request.query["includeAssignedTo"] is None:
        return Reply(200, body)
    limit = request.query["limit"] or HOLDERS_MAX
    after = read_cursor(request, 2, "next") or ("", "")
    async with request.service.database.reading() as reading:
        page = await licenses.holders(reading, org_id, license, after, limit + 1)
    body.users = [
        User(ids.encode("PEOPLE", each.person_id), _TYPES[each.external], each.display_name, each.email)
        for each in page[:limit]
    ]
    more = len(page) > limit
    headers = [next_link(request, next=encode_cursor(page[limit - 1].given, page[limit - 1].person_id))] if more else []
    return Reply(200, body, headers)


_TYPES: dict[bool, Literal["INTERNAL", "EXTERNAL"]] = {False: "INTERNAL", True: "EXTERNAL"}
Shape = TypeVar("Shape", bound=License)


async def _licenses_of(request: Request, org_id: str) -> tuple[list[OwnedLicense], dict[str, Site]]:
    async with request.service.database.reading() as reading:
        return await licenses.of_organization(reading, request.service.rulebook, org_id)


def _license(shape: type[Shape], license: OwnedLicense, sites: dict[str, Site]) -> Shape:
    site_url = license.site_url
    return shape(
        ids.encode("LICENSE", license.id),
        license.name,
        license.consumed_units if license.offer.free else license.total_units,
        license.consumed_units,
        license.consumed_by_users,
        license.consumed_by_workspaces,
        license.subscription_id or UNSET,
        site_url or UNSET,
        sites[site_url].type if site_url else UNSET,
    )


async def assign_licenses_to_users(request: Request) -> Reply:
    """Add and remove licenses and attendee accounts of one person.

    200 when everything was applied, 206 when a part was, 400 when nothing could be.
    """
    assignment = read_assignment(request, request.body)
    assignment.org_id = await organization_of(request, assignment.org_id)
    service = request.service
    assigned: Assigned = await service.writes.submit(assignment.org_id, licenses.assign, assignment)
    return reply_assigned(request, assigned)


def read_assignment(request: Request, body: PatchUserLicenses) -> Assignment:
    """The body as the service understands it. Raises Failure naming every fault of form.

    `org_id` is what the body says, or empty.
    """
    found: list[str] = []
    person_id = read_id(found, "PEOPLE", "personId", body.person_id)
    org_id = read_id(found, "ORGANIZATION", "orgId", body.org_id)
    email = body.email.strip().lower() or None if body.email else None
    licenses, sites = body.licenses or [], body.site_urls or []
    if not body.person_id and email is None:
        found.append(NOBODY)
    if not licenses and not sites:
        found.append(NOTHING)
    if len(licenses) + len(sites) > ITEMS_MAX:
        found.append(f"licenses, siteUrls: at most {ITEMS_MAX} items in one request")
        raise invalid(found)
    asked = _licenses(found, licenses)
    attended = _sites(found, sites)
    if found:
        raise invalid(found)
    return Assignment(request.call, org_id or "", person_id, email, asked, attended)


def _licenses(found: list[str], items: list[LicenseRequest]) -> list[Asked]:
    asked: dict[str, Asked] = {}
    for n, item in enumerate(items):
        properties = None if item.properties is None else _properties(found, n, item.properties)
        id = ids.decode("LICENSE", item.id)
        if id is None:
            id = item.id
            check_length(found, f"licenses[{n}].id", id)
        one = Asked(id, item.id, item.operation != "remove", properties)
        other = asked.setdefault(id, one)
        if other.add != one.add:
            found.append(f"licenses[{n}].id: the same license is both added and removed")
        elif other.properties != one.properties:
            found.append(f"licenses[{n}].properties: the same license is added twice with different properties")
    return list(asked.values())


def _sites(found: list[str], items: list[SiteUrlsRequest]) -> list[tuple[str, bool]]:
    sites: dict[str, bool] = {}
    for n, item in enumerate(items):
        if item.account_type.lower() != "attendee":
            found.append(NO_ATTENDEE.format(n))
        check_length(found, f"siteUrls[{n}].siteUrl", item.site_url)
        url = site_url(item.site_url)
        add = item.operation != "remove"
        if sites.setdefault(url, add) != add:
            found.append(f"siteUrls[{n}].siteUrl: the same site is both added and removed")
    return list(sites.items())


def _properties(found: list[str], place: int, given: LicenseProperties) -> Properties:
    check_length(found, f"licenses[{place}].properties.locationId", given.location_id)
    check_length(found, f"licenses[{place}].properties.phoneNumber", given.phone_number)
    location = given.location_id or None
    if location is not None:
        location = ids.decode("LOCATION", location) or location
    if given.extension and not EXTENSION.fullmatch(given.extension):
        found.append(f"licenses[{place}].properties.extension: must be 2 to 10 digits, without the routing prefix")
    return Properties(location, e164(given.phone_number) if given.phone_number else None, given.extension or None)


def reply_assigned(request: Request, assigned: Assigned) -> Reply:
    """The documented answer to an assignment."""
    status, person = assigned.status, assigned.person
    about = About(person.id, person.email, assigned.faults)
    if status == 200:
        return Reply(200, holding(assigned), about=about)
    details = [ErrorDetail(fault.code, fault.description) for fault in assigned.faults]
    if status == 400:
        error = ErrorResponse(assigned.faults[0].message, details, request.call.tracking_id)
        return Reply(400, error, about=about)
    body = holding(assigned)
    if request.service.settings.partial_errors:
        body.errors = details
    return Reply(206, body, about=about)


def holding(assigned: Assigned) -> UserLicensesResponse:
    """All that the person has after an assignment."""
    return holding_of(assigned.organization, assigned.person)


def holding_of(organization: Organization, person: Person) -> UserLicensesResponse:
    """All that a person has, in the order of the organization's license list; attendees before hosts."""
    after = person.holding
    licenses, sites = _shown(
        organization, after.licenses & ~person.pending_licenses, after.attendee - person.pending_sites
    )
    body = UserLicensesResponse(
        ids.encode("ORGANIZATION", person.home_org_id), ids.encode("PEOPLE", person.id), person.email, licenses, sites
    )
    if person.external:
        pending = _shown(organization, after.licenses & person.pending_licenses, after.attendee & person.pending_sites)
        body.pending_licenses, body.pending_site_urls = pending
    return body


def _shown(organization: Organization, licenses: int, attendee: frozenset[str]) -> tuple[list[str], list[SiteResponse]]:
    held = organization.held(licenses)
    sites = [SiteResponse(license.site_url, "host") for license in held if license.site_url]
    if attendee:
        sites = [SiteResponse(url, "attendee") for url in sorted(attendee)] + sites
    return ids.encode_all("LICENSE", tuple([license.id for license in held])), sites


OPERATIONS = (
    Operation(
        "GET",
        "/licenses",
        list_licenses,
        Rights((scopes.LICENSES_READ,), "read"),
        "List Licenses",
        query=(ORG_ID,),
        answers={200: LicenseCollectionResponse},
    ),
    Operation(
        "GET",
        "/licenses/{licenseId}",
        get_license_details,
        Rights((scopes.LICENSES_READ,), "read"),
        "Get License Details",
        query=(
            Parameter("includeAssignedTo", "List those who hold the license.", choices=("user",)),
            Parameter("limit", "How many of them at most; 0 stands for the most.", int, HOLDERS_MAX, most=HOLDERS_MAX),
            Parameter("next", "Where the page begins: taken from the Link header of the page before."),
        ),
        answers={200: LicenseWithUsers},
    ),
    Operation(
        "PATCH",
        "/licenses/users",
        assign_licenses_to_users,
        Rights((scopes.PEOPLE_WRITE,)),
        "Assign Licenses to Users",
        body=PatchUserLicenses,
        answers={200: UserLicensesResponse, 206: UserLicensesResponse},
        closed_codes=True,
        form=lambda request: read_assignment(request, request.body),
    ),
)
