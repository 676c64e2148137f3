"""Documents: an organization as one JSON text, to import it. docs/reference/import.md describes the members."""

from typing import Any, Literal, TypeVar

import msgspec
from msgspec import inspect

from allot.service import shapes

T = TypeVar("T")


class _Table(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """Members are named as Webex names them; a member that is not known is a fault."""


class OrganizationDocument(_Table):
    id: str
    display_name: str
    #: the partner organization that manages it
    managed_by: str | None = None


class SiteDocument(_Table):
    site_url: str
    site_type: Literal["Control Hub managed site", "Linked site", "Site Admin managed site"] = (
        "Control Hub managed site"
    )
    #: whether the site has the attendee feature
    attendees: bool = True


class AddressDocument(_Table):
    address1: str | None = None
    address2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class LocationDocument(_Table):
    name: str
    id: str | None = None
    time_zone: str | None = None
    preferred_language: str | None = None
    announcement_language: str | None = None
    address: AddressDocument | None = None
    #: whether Webex Calling is set up there
    calling: bool = True
    routing_prefix: str | None = None
    latitude: str | None = None
    longitude: str | None = None
    notes: str | None = None


class NumberDocument(_Table):
    phone_number: str
    #: id or name
    location: str
    state: Literal["ACTIVE", "INACTIVE"] = "ACTIVE"
    number_type: Literal["DID", "TOLLFREE", "MOBILE"] = "DID"
    main: bool = False


class CallParkDocument(_Table):
    #: id or name
    location: str
    extension: str
    name: str
    id: str | None = None


class LicenseDocument(_Table):
    offer: str
    total_units: int = 0
    #: what people refer to it by in this document; the offer's code when absent
    key: str | None = None
    id: str | None = None
    name: str | None = None
    policy: Literal["strict", "overage"] = "strict"
    subscription_id: str | None = None
    site_url: str | None = None
    consumed_by_workspaces: int = 0


class PersonDocument(_Table):
    email: str
    id: str | None = None
    display_name: str | None = None
    #: another organization than this one makes the person external
    home_organization: str | None = None
    roles: list[str] = []
    #: keys or ids of licenses
    licenses: list[str] = []
    pending_licenses: list[str] = []
    #: urls of sites
    attendee: list[str] = []
    pending_sites: list[str] = []
    #: id or name
    location: str | None = None
    phone_number: str | None = None
    extension: str | None = None
    created: str | None = None
    # The members below are kept as they are.
    first_name: str | None = None
    last_name: str | None = None
    nick_name: str | None = None
    avatar: str | None = None
    department: str | None = None
    manager: str | None = None
    manager_id: str | None = None
    title: str | None = None
    addresses: Any = None
    timezone: str | None = None
    last_activity: str | None = None
    login_enabled: bool | None = None


class TemplateDocument(_Table):
    #: what orders name it by
    provisioning_id: str
    name: str


class PartnerDocument(_Table):
    """What makes an organization a wholesale partner."""

    subscription_id: str
    #: the partner that it is a sub-partner of
    parent: str | None = None
    state: Literal["active", "suspended"] = "active"
    created: str | None = None
    billing_start_date: str | None = None
    templates: list[TemplateDocument] = []
    #: emails of accounts that belong to no organization
    free_accounts: list[str] = []


class Document(_Table):
    """One organization with all that it has."""

    organization: OrganizationDocument
    sites: list[SiteDocument] = []
    locations: list[LocationDocument] = []
    numbers: list[NumberDocument] = []
    call_parks: list[CallParkDocument] = []
    licenses: list[LicenseDocument] = []
    people: list[PersonDocument] = []
    partner: PartnerDocument | None = None


class Documents(_Table):
    """Several organizations."""

    organizations: list[Document]


def decode(text: str) -> tuple[list[Document], list[str]]:
    """The organizations of a text, or every fault of form with its place."""
    try:
        # It is none behind one more backslash, which is a text's own.
        if "\\u0000" in text and (nul := shapes.nul(msgspec.json.decode(text))):
            return [], [f"{nul}; remove it"]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [], [f"not a JSON document: {error}"]
    kinds: tuple[type[Document | Documents], ...] = (Documents, Document)
    for kind in kinds:
        try:
            read = msgspec.json.decode(text, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # a second reading finds out what is wrong
        return [read] if isinstance(read, Document) else read.organizations, []
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [], [f"not a JSON document: {error}"]
    kind = Document if isinstance(raw, dict) and "organizations" not in raw else Documents
    return [], shapes.faults(raw, inspect.type_info(kind)) or ["is no document of organizations"]
