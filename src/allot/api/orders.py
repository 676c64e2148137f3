"""Orders on the wire: what a request says of a wholesale customer, read with all its faults at once."""

from typing import Any

import msgspec

from allot.api.addresses import Address, check_address, check_language, check_time_zone
from allot.core import ids
from allot.core.customer import DELETE, PROVISION, UPDATE
from allot.core.location import CALLING_NAME_MAX
from allot.core.order import Order
from allot.core.partner import Partner
from allot.service.customers import Request as Asked
from allot.wire.forms import invalid
from allot.wire.operation import Request

TEXT_MAX = 256
PACKAGES_MAX = 50
UNITS_MAX = 2**31 - 1


class CustomerInfo(msgspec.Struct, rename="camel"):
    """Who the customer is."""

    name: str
    primary_email: str
    language: str | None = None


class CallingLocation(msgspec.Struct, rename="camel"):
    """The customer's first office."""

    name: str
    address: Address
    timezone: str
    language: str
    emergency_location_identifier: str | None = None


class Calling(msgspec.Struct):
    location: CallingLocation


class Meetings(msgspec.Struct):
    timezone: str | None = None


class Limits(msgspec.Struct):
    """Packages with how many of each may be assigned at most."""

    webex_calling: int | None = None
    common_area_calling: int | None = None
    webex_meetings: int | None = None
    webex_suite: int | None = None
    webex_voice: int | None = None
    cx_essentials: int | None = None
    webex_calling_standard: int | None = None
    attendant_console: int | None = None


class PackageParameters(msgspec.Struct):
    limits: Limits | None = None


class ProvisioningParameters(msgspec.Struct):
    """What the packages need."""

    calling: Calling | None = None
    meetings: Meetings | None = None
    packages: PackageParameters | None = None


class CustomerProvisioning(msgspec.Struct, rename="camel"):
    """A customer to provision. `customerInfo` is needed unless `orgId` names an organization that is there."""

    provisioning_id: str
    packages: list[str]
    external_id: str
    address: Address
    org_id: str | None = None
    customer_info: CustomerInfo | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = None


class CustomerUpdate(msgspec.Struct, rename="camel"):
    """What a customer shall become: the complete list of its packages."""

    packages: list[str]
    external_id: str | None = None
    address: Address | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = None


class PrecheckedInfo(msgspec.Struct, rename="camel"):
    """Who the customer would be."""

    primary_email: str
    name: str | None = None


class CustomerValidation(msgspec.Struct, rename="camel"):
    """A customer to judge: address and email, or all that its provisioning would be given."""

    address: Address
    provisioning_id: str | None = None
    packages: list[str] | None = None
    org_id: str | None = None
    external_id: str | None = None
    customer_info: PrecheckedInfo | None = None
    provisioning_parameters: ProvisioningParameters | None = None


def provisioning_of(request: Request, partner: Partner) -> Asked:
    """The order in the body of a provisioning. Raises Failure (400) naming every fault."""
    body: CustomerProvisioning = request.body
    reading = _Reading(request, partner, PROVISION)
    reading.packages(body.packages, body.provisioning_parameters)
    reading.head(body.provisioning_id, body.external_id, body.address, body.org_id)
    info = body.customer_info
    if info is not None:
        reading.info(info.name, info.primary_email, info.language)
    elif not body.org_id:
        reading.found.append("customerInfo: is missing; a new customer needs it, one with an orgId does not")
    reading.email("subPartnerAdminEmail", body.sub_partner_admin_email)
    return reading.result({"subPartnerAdminEmail": body.sub_partner_admin_email})


def update_of(request: Request, partner: Partner, customer_id: str) -> Asked:
    """The order in the body of an update. Raises Failure (400) naming every fault."""
    body: CustomerUpdate = request.body
    reading = _Reading(request, partner, UPDATE)
    reading.packages(body.packages, body.provisioning_parameters)
    reading.head(None, body.external_id, body.address, None)
    reading.email("subPartnerAdminEmail", body.sub_partner_admin_email)
    asked = reading.result({"subPartnerAdminEmail": body.sub_partner_admin_email})
    asked.customer_id = customer_id
    return asked


def deletion_of(request: Request, partner: Partner, customer_id: str) -> Asked:
    """The order to remove a customer."""
    return Asked(request.call, partner.org_id, Order(DELETE), customer_id)


def validation_of(request: Request, partner: Partner) -> Asked:
    """The order in the body of a precheck. Raises Failure (400) naming every fault.

    Without packages it is judged by what it names alone.
    """
    body: CustomerValidation = request.body
    reading = _Reading(request, partner, PROVISION)
    if body.packages is not None:
        reading.packages(body.packages, body.provisioning_parameters)
    reading.head(body.provisioning_id, body.external_id, body.address, body.org_id)
    info = body.customer_info
    if info is not None:
        reading.info(info.name, info.primary_email, None)
    if body.packages is not None:
        whole = {"provisioningId": body.provisioning_id, "externalId": body.external_id}
        reading.found += [
            f"{name}: is missing; with packages, all of a provisioning is judged" for name in whole if not whole[name]
        ]
        if not body.org_id and (info is None or not info.name):
            reading.found.append("customerInfo.name: is missing; a new customer needs it, one with an orgId does not")
    return reading.result({})


class _Reading:
    """Reads the members of an order and keeps the faults."""

    def __init__(self, request: Request, partner: Partner, kind: str) -> None:
        self.found: list[str] = []
        self._asked = Asked(request.call, partner.org_id, Order(kind))
        self._details: dict[str, Any] = {}

    def result(self, details: dict[str, Any]) -> Asked:
        """The order. Raises Failure (400) naming every fault."""
        if self.found:
            raise invalid(self.found)
        self._asked.details = self._details | details
        return self._asked

    def packages(self, names: list[str], parameters: ProvisioningParameters | None) -> None:
        order = self._asked.order
        if len(names) > PACKAGES_MAX:
            self.found.append(f"packages: at most {PACKAGES_MAX} in one request")
            return
        order.packages = tuple(dict.fromkeys(names))
        if parameters is None:
            return
        if parameters.calling is not None:
            order.location = self._details["location"] = self._location(parameters.calling.location)
        if parameters.meetings is not None and parameters.meetings.timezone:
            path = "provisioningParameters.meetings.timezone"
            check_time_zone(self.found, path, parameters.meetings.timezone)
            self._details["meetings"] = {"timezone": parameters.meetings.timezone}
        if parameters.packages is not None and parameters.packages.limits is not None:
            self._limits(parameters.packages.limits)

    def head(
        self, provisioning_id: str | None, external_id: str | None, address: Address | None, org: str | None
    ) -> None:
        for name, text in (("provisioningId", provisioning_id), ("externalId", external_id)):
            if text is not None and not text.strip():
                self.found.append(f"{name}: must not be empty")
            if text is not None and len(text) > TEXT_MAX:
                self.found.append(f"{name}: may have at most {TEXT_MAX} characters")
        if address is not None:
            self._asked.address = check_address(self.found, "address", address)
        self._asked.provisioning_id, self._asked.external_id = provisioning_id or "", external_id
        if org:
            self._asked.attach_to = ids.decode("ORGANIZATION", org)
            if self._asked.attach_to is None:
                self.found.append("orgId: is no ORGANIZATION id; send the id as the API gave it, or its UUID")

    def info(self, name: str | None, email: str, language: str | None) -> None:
        if name is not None:
            if not name.strip():
                self.found.append("customerInfo.name: must not be empty")
            if "%" in name:
                self.found.append('customerInfo.name: cannot include the "%" character')
            if len(name) > TEXT_MAX:
                self.found.append(f"customerInfo.name: may have at most {TEXT_MAX} characters")
        self.email("customerInfo.primaryEmail", email)
        if language is not None:
            check_language(self.found, "customerInfo.language", language)
        self._asked.name, self._asked.primary_email = (name or "").strip(), email.strip().lower()
        self._details["language"] = language

    def email(self, path: str, text: str | None) -> None:
        if text is not None:
            check_email(self.found, path, text)

    def _location(self, location: CallingLocation) -> dict[str, Any]:
        path = "provisioningParameters.calling.location"
        if not location.name.strip():
            self.found.append(f"{path}.name: must not be empty")
        if len(location.name) > CALLING_NAME_MAX:
            self.found.append(f"{path}.name: may have at most {CALLING_NAME_MAX} characters")
        check_time_zone(self.found, f"{path}.timezone", location.timezone)
        check_language(self.found, f"{path}.language", location.language)
        emergency = location.emergency_location_identifier
        if emergency is not None and len(emergency) > TEXT_MAX:
            self.found.append(f"{path}.emergencyLocationIdentifier: may have at most {TEXT_MAX} characters")
        told = {
            "name": location.name.strip(),
            "address": check_address(self.found, f"{path}.address", location.address),
            "timezone": location.timezone,
            "language": location.language,
        }
        return told | ({"emergencyLocationIdentifier": emergency} if emergency else {})

    def _limits(self, limits: Limits) -> None:
        given = {name: limit for name, limit in msgspec.to_builtins(limits).items() if limit is not None}
        for name, limit in given.items():
            if not 0 <= limit <= UNITS_MAX:
                self.found.append(f"provisioningParameters.packages.limits.{name}: must be 0 to {UNITS_MAX}")
        self._asked.order.limits = self._details["limits"] = given


def check_email(found: list[str], path: str, text: str) -> None:
    """Add a fault for a text that is no email address."""
    name, at, host = text.strip().rpartition("@")
    if not (at and name and "." in host) or len(text) > TEXT_MAX or any(each.isspace() for each in text.strip()):
        found.append(f"{path}: is no email address")
