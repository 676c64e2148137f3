"""Orders on the wire: what a request says of a wholesale customer, read with all its faults at once."""

from typing import Any

import msgspec

from allot.api.addresses import Address, check_address, check_language, check_time_zone
from allot.core.customer import DELETE, PROVISION, UPDATE
from allot.core.location import name_fault
from allot.core.order import Order, faults
from allot.service.customers import Request as Asked
from allot.wire.forms import invalid
from allot.wire.operation import Request
from allot.wire.values import check_email, read_id

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


class Limits(msgspec.Struct, forbid_unknown_fields=True):
    """Packages with how many of each may be assigned at most; a limit that would not be kept is refused."""

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
    language: str | None = None


class CustomerValidation(msgspec.Struct, rename="camel"):
    """A customer to judge: address and email, or all that its provisioning would be given."""

    address: Address
    provisioning_id: str | None = None
    packages: list[str] | None = None
    org_id: str | None = None
    external_id: str | None = None
    customer_info: PrecheckedInfo | None = None
    provisioning_parameters: ProvisioningParameters | None = None
    sub_partner_admin_email: str | None = None


def provisioning_of(request: Request, org_id: str) -> Asked:
    """The order in the body of a provisioning. Raises Failure (400) naming every fault."""
    body: CustomerProvisioning = request.body
    reading = _Reading(request, org_id, PROVISION)
    reading.head(body.provisioning_id, body.external_id, body.address, body.org_id)
    reading.packages(body.packages)
    reading.parameters(body.provisioning_parameters)
    info = body.customer_info
    if info is not None:
        reading.info(info.name, info.primary_email, info.language)
    elif not body.org_id:
        reading.found.append(_NEEDED)
    reading.admin(body.sub_partner_admin_email)
    return reading.result()


def update_of(request: Request, org_id: str, customer_id: str) -> Asked:
    """The order in the body of an update. Raises Failure (400) naming every fault."""
    body: CustomerUpdate = request.body
    reading = _Reading(request, org_id, UPDATE, customer_id)
    reading.head(None, body.external_id, body.address, None)
    reading.packages(body.packages)
    reading.parameters(body.provisioning_parameters)
    reading.admin(body.sub_partner_admin_email)
    return reading.result()


def deletion_of(request: Request, org_id: str, customer_id: str) -> Asked:
    """The order to remove a customer."""
    return Asked(request.call, org_id, Order(DELETE), customer_id)


def validation_of(request: Request, org_id: str) -> Asked:
    """The order in the body of a precheck. Raises Failure (400) naming every fault.

    Without packages it is judged by what it names alone.
    """
    body: CustomerValidation = request.body
    reading = _Reading(request, org_id, PROVISION)
    reading.head(body.provisioning_id, body.external_id, body.address, body.org_id)
    reading.parameters(body.provisioning_parameters)
    reading.admin(body.sub_partner_admin_email)
    info = body.customer_info
    if info is not None:
        reading.info(info.name, info.primary_email, info.language)
    if body.packages is not None:
        reading.packages(body.packages)
        for name, text in (("provisioningId", body.provisioning_id), ("externalId", body.external_id)):
            if text is None:
                reading.found.append(f"{name}: is missing; with packages, a whole provisioning is judged")
        if info is None and not body.org_id:
            reading.found.append(_NEEDED)
        if info is not None and info.name is None:
            reading.found.append("customerInfo.name: is missing; with packages, a whole provisioning is judged")
    return reading.result()


_NEEDED = "customerInfo, orgId: one of them is required; a new customer needs customerInfo, one with an orgId does not"


class _Reading:
    """Reads the members of an order and keeps the faults."""

    def __init__(self, request: Request, org_id: str, kind: str, customer_id: str = "") -> None:
        self.found: list[str] = []
        self._packages = request.service.rulebook.packages
        self._asked = Asked(request.call, org_id, Order(kind), customer_id)

    def result(self) -> Asked:
        """The order. Raises Failure (400) naming every fault."""
        if not self.found:
            return self._asked
        order = self._asked.order
        # What a new customer cannot have is told together with what has the wrong form.
        more = faults(self._packages, order, None) if order.kind == PROVISION and order.packages else []
        raise invalid(self.found + more)

    def head(
        self, provisioning_id: str | None, external_id: str | None, address: Address | None, org_id: str | None
    ) -> None:
        self._text("provisioningId", provisioning_id)
        self._text("externalId", external_id)
        self._asked.provisioning_id, self._asked.external_id = provisioning_id or "", external_id
        if address is not None:
            self._asked.address = check_address(self.found, "address", address)
        self._asked.attach_to = read_id(self.found, "ORGANIZATION", "orgId", org_id)

    def packages(self, names: list[str]) -> None:
        if not names:
            self.found.append("packages: must name at least one")
        if len(names) > PACKAGES_MAX:
            self.found.append(f"packages: at most {PACKAGES_MAX} in one request")
        for n, name in enumerate(names[:PACKAGES_MAX]):
            self._text(f"packages[{n}]", name)
        told = [name for name in names[:PACKAGES_MAX] if name.strip() and len(name) <= TEXT_MAX]
        self._asked.order.packages = tuple(dict.fromkeys(told))

    def info(self, name: str | None, email: str, language: str | None) -> None:
        self._text("customerInfo.name", name)
        if name is not None and "%" in name:
            self.found.append('customerInfo.name: cannot include the "%" character')
        check_email(self.found, "customerInfo.primaryEmail", email)
        if language is not None:
            check_language(self.found, "customerInfo.language", language)
            self._asked.details["language"] = language
        self._asked.name, self._asked.primary_email = (name or "").strip(), email.strip().lower()

    def admin(self, email: str | None) -> None:
        if email:
            check_email(self.found, "subPartnerAdminEmail", email)
            self._asked.details["subPartnerAdminEmail"] = email

    def parameters(self, told: ProvisioningParameters | None) -> None:
        if told is None:
            return
        details, order = self._asked.details, self._asked.order
        if told.calling is not None:
            order.location = details["location"] = self._location(told.calling.location)
        if told.meetings is not None and told.meetings.timezone:
            path = "provisioningParameters.meetings.timezone"
            check_time_zone(self.found, path, told.meetings.timezone)
            details["meetings"] = {"timezone": told.meetings.timezone}
        if told.packages is not None and told.packages.limits is not None:
            order.limits = details["limits"] = self._limits(told.packages.limits)

    def _location(self, location: CallingLocation) -> dict[str, Any]:
        path = "provisioningParameters.calling.location"
        fault = name_fault(location.name, calling=True)
        if fault:
            self.found.append(f"{path}.{fault}")
        address = check_address(self.found, f"{path}.address", location.address)
        check_time_zone(self.found, f"{path}.timezone", location.timezone)
        check_language(self.found, f"{path}.language", location.language)
        told = {
            "name": location.name.strip(),
            "address": address,
            "timezone": location.timezone,
            "language": location.language,
        }
        emergency = location.emergency_location_identifier
        if emergency:
            self._text(f"{path}.emergencyLocationIdentifier", emergency)
            told["emergencyLocationIdentifier"] = emergency
        return told

    def _limits(self, limits: Limits) -> dict[str, int]:
        given = {name: limit for name, limit in msgspec.structs.asdict(limits).items() if limit is not None}
        for name, limit in given.items():
            if not 0 <= limit <= UNITS_MAX:
                self.found.append(f"provisioningParameters.packages.limits.{name}: must be 0 to {UNITS_MAX}")
        return given

    def _text(self, path: str, text: str | None) -> None:
        if text is not None and not text.strip():
            self.found.append(f"{path}: must not be empty")
        if text is not None and len(text) > TEXT_MAX:
            self.found.append(f"{path}: may have at most {TEXT_MAX} characters")
