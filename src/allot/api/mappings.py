"""Mappings on the wire: what a request says of a wholesale subscriber, read with all its faults at once."""

import msgspec

from allot.api.orders import TEXT_MAX
from allot.core import ids
from allot.core.holding import EXTENSION, Properties
from allot.core.subscriber import faults
from allot.service.mappings import Wanted
from allot.wire.forms import invalid
from allot.wire.operation import Request
from allot.wire.values import check_email, check_length, e164, read_id

PACKAGES_MAX = 50


class SubscriberParameters(msgspec.Struct, rename="camel"):
    """Who the subscriber is, and how they are called."""

    first_name: str | None = None
    last_name: str | None = None
    primary_phone_number: str | None = None
    extension: str | None = None
    location_id: str | None = None


class ReachParameters(msgspec.Struct, rename="camel"):
    """How a subscriber is called who was not called before."""

    primary_phone_number: str | None = None
    extension: str | None = None
    location_id: str | None = None


class SubscriberProvisioning(msgspec.Struct, rename="camel"):
    """A subscriber to provision, with `packages` or the deprecated `package`."""

    customer_id: str
    email: str
    provisioning_parameters: SubscriberParameters
    package: str | None = None
    packages: list[str] | None = None


class SubscriberUpdate(msgspec.Struct, rename="camel"):
    """The packages that a subscriber shall have, as `packages` or the deprecated `package`."""

    package: str | None = None
    packages: list[str] | None = None
    provisioning_parameters: ReachParameters | None = None


class PrecheckedCustomer(msgspec.Struct, rename="camel"):
    """The customer that would be provisioned before."""

    primary_email: str


class SubscriberValidation(msgspec.Struct, rename="camel"):
    """A subscriber to judge: of a customer, or of one that would be provisioned before."""

    email: str
    provisioning_id: str | None = None
    customer_id: str | None = None
    package: str | None = None
    packages: list[str] | None = None
    provisioning_parameters: SubscriberParameters | None = None
    customer_info: PrecheckedCustomer | None = None


def provisioning_of(request: Request, org_id: str) -> Wanted:
    """The subscriber in the body of a provisioning. Raises Failure (400) naming every fault."""
    body: SubscriberProvisioning = request.body
    reading = _Reading(request, org_id)
    reading.customer(body.customer_id)
    reading.email(body.email)
    reading.packages(body.package, body.packages)
    reading.names(body.provisioning_parameters)
    reading.reach(body.provisioning_parameters)
    return reading.result()


def update_of(request: Request, org_id: str, subscriber_id: str) -> Wanted:
    """The packages in the body of an update. Raises Failure (400) naming every fault."""
    body: SubscriberUpdate = request.body
    reading = _Reading(request, org_id)
    reading.packages(body.package, body.packages)
    reading.reach(body.provisioning_parameters)
    wanted = reading.result()
    wanted.subscriber_id = subscriber_id
    return wanted


def validation_of(request: Request, org_id: str) -> tuple[Wanted, tuple[str, str] | None]:
    """The subscriber in the body of a precheck, and, of a customer that is not there yet, template and primary email.

    Raises Failure (400) naming every fault. Without packages customer and email alone are judged.
    """
    body: SubscriberValidation = request.body
    reading = _Reading(request, org_id)
    reading.email(body.email)
    whole = body.package is not None or body.packages is not None
    if whole:
        reading.packages(body.package, body.packages)
    if whole and body.customer_id is not None and body.provisioning_parameters is None:
        reading.found.append("provisioningParameters: is missing; with packages, a whole provisioning is judged")
    if body.provisioning_parameters is not None:
        reading.names(body.provisioning_parameters)
        reading.reach(body.provisioning_parameters)
    if body.customer_id is not None:
        reading.customer(body.customer_id)
        return reading.result(), None
    return reading.result_of(body.provisioning_id, body.customer_info)


class _Reading:
    """Reads the members of a request about a subscriber and keeps the faults."""

    def __init__(self, request: Request, org_id: str) -> None:
        self.found: list[str] = []
        self._known = request.service.rulebook.packages
        self._wanted = Wanted(request.call, org_id)

    def result(self) -> Wanted:
        """What is wanted. Raises Failure (400) naming every fault."""
        if self.found:
            raise invalid(self.found)
        return self._wanted

    def result_of(
        self, provisioning_id: str | None, customer: PrecheckedCustomer | None
    ) -> tuple[Wanted, tuple[str, str]]:
        """What is wanted of a customer that is not there yet. Raises Failure (400) naming every fault."""
        if not provisioning_id or customer is None:
            self.found.append(
                "customerId, customerInfo: one of them is required; a new customer needs provisioningId, too"
            )
            raise invalid(self.found)
        check_length(self.found, "provisioningId", provisioning_id)
        check_email(self.found, "customerInfo.primaryEmail", customer.primary_email)
        return self.result(), (provisioning_id, customer.primary_email.strip().lower())

    def customer(self, text: str) -> None:
        known = ids.decode("CUSTOMER", text) or read_id(self.found, "ENTERPRISE", "customerId", text)
        if not text:
            self.found.append("customerId: must not be empty")
        self._wanted.customer_id = known or ""

    def email(self, text: str) -> None:
        check_email(self.found, "email", text)
        self._wanted.email = text.strip().lower()

    def packages(self, package: str | None, packages: list[str] | None) -> None:
        if (package is None) == (packages is None):
            self.found.append("packages: send either packages or package, which is deprecated, and not both")
            return
        names = [package] if package is not None else packages or []
        if len(names) > PACKAGES_MAX:
            self.found.append(f"packages: at most {PACKAGES_MAX} in one request")
            return
        wanted = tuple(dict.fromkeys(names))
        wrong = faults(self._known, wanted)
        if package in self._known and not wrong and not self._known[package].single:
            wrong = [f"package: {package} is none of its values; send it in packages"]
        self.found += wrong
        self._wanted.packages = wanted

    def names(self, told: SubscriberParameters) -> None:
        for name, text in (("firstName", told.first_name), ("lastName", told.last_name)):
            if text and len(text) > TEXT_MAX:
                self.found.append(f"provisioningParameters.{name}: may have at most {TEXT_MAX} characters")
        self._wanted.first_name = (told.first_name or "").strip()
        self._wanted.last_name = (told.last_name or "").strip()

    def reach(self, told: SubscriberParameters | ReachParameters | None) -> None:
        if told is None:
            return
        path = "provisioningParameters"
        check_length(self.found, f"{path}.primaryPhoneNumber", told.primary_phone_number)
        check_length(self.found, f"{path}.locationId", told.location_id)
        if told.extension and not EXTENSION.fullmatch(told.extension):
            self.found.append(f"{path}.extension: must be 2 to 10 digits, without the routing prefix")
        number = e164(told.primary_phone_number) if told.primary_phone_number else None
        location = (ids.decode("LOCATION", told.location_id) or told.location_id) if told.location_id else None
        found = Properties(location, number, told.extension or None)
        self._wanted.properties = found if found != Properties() else None
