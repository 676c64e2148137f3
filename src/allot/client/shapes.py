"""What the API answers and is sent, as far as allot reads and writes it. Ids are the wire's here.

A member that is absent was not told. Source: Cisco's schemas of the same names.
"""

from msgspec import UNSET, Struct, UnsetType


class ErrorDetail(Struct, rename="camel"):
    description: str = ""
    error_code: int | None = None


class ErrorResponse(Struct, rename="camel"):
    message: str
    errors: list[ErrorDetail] = []


class Me(Struct, rename="camel"):
    """The person of a token."""

    id: str
    org_id: str


class Organization(Struct, rename="camel"):
    id: str
    display_name: str


class License(Struct, rename="camel"):
    id: str
    name: str
    total_units: int
    consumed_units: int
    consumed_by_users: int | None = None
    consumed_by_workspaces: int | None = None
    subscription_id: str | None = None
    site_url: str | None = None
    site_type: str | None = None


class Licenses(Struct):
    items: list[License]


class PhoneNumber(Struct):
    type: str | None = None
    value: str | None = None


class Person(Struct, rename="camel", gc=False):
    id: str
    emails: list[str] = []
    display_name: str = ""
    org_id: str | UnsetType = UNSET
    licenses: list[str] | UnsetType | None = UNSET
    #: `host.example.com` where one is host, with `#attendee` where one is attendee
    site_urls: list[str] | UnsetType | None = UNSET
    location_id: str | UnsetType | None = UNSET
    phone_numbers: list[PhoneNumber] | UnsetType | None = UNSET
    extension: str | UnsetType | None = UNSET
    department: str | UnsetType | None = UNSET
    last_activity: str | UnsetType | None = UNSET
    status: str | UnsetType | None = UNSET
    invite_pending: str | bool | UnsetType | None = UNSET


class People(Struct):
    items: list[Person]


class Location(Struct, rename="camel"):
    id: str
    name: str


class Locations(Struct):
    items: list[Location]


class TelephonyLocation(Struct, rename="camel"):
    id: str
    name: str
    routing_prefix: str | None = None


class TelephonyLocations(Struct):
    locations: list[TelephonyLocation]


class CallPark(Struct, rename="camel"):
    id: str
    extension: str
    location_id: str


class CallParks(Struct, rename="camel"):
    call_park_extensions: list[CallPark]


class NumberLocation(Struct):
    id: str


class NumberOwner(Struct):
    id: str | None = None
    type: str | None = None


class Number(Struct, rename="camel"):
    #: empty where there is an extension only
    phone_number: str | None = None
    extension: str | None = None
    location: NumberLocation | None = None
    owner: NumberOwner | None = None


class Numbers(Struct, rename="camel"):
    phone_numbers: list[Number]


class Properties(Struct, rename="camel", omit_defaults=True):
    location_id: str | None = None
    phone_number: str | None = None
    extension: str | None = None


class LicenseRequest(Struct, rename="camel", omit_defaults=True):
    id: str
    #: add or remove
    operation: str
    properties: Properties | None = None


class SiteRequest(Struct, rename="camel"):
    site_url: str
    #: attendee
    account_type: str
    operation: str


class Assignment(Struct, rename="camel", omit_defaults=True):
    """The body of PATCH /licenses/users."""

    person_id: str
    org_id: str | None = None
    licenses: list[LicenseRequest] = []
    site_urls: list[SiteRequest] = []


class Site(Struct, rename="camel"):
    site_url: str
    account_type: str


class Holding(Struct, rename="camel"):
    """The answer to it: all that the person has afterwards. Members that are absent were not told."""

    person_id: str | None = None
    email: str | None = None
    licenses: list[str] | UnsetType = UNSET
    site_urls: list[Site] | UnsetType = UNSET
    pending_licenses: list[str] | UnsetType = UNSET
    pending_site_urls: list[Site] | UnsetType = UNSET
    #: why a part was not applied; beyond Cisco's schema
    errors: list[ErrorDetail] = []
