"""Wholesale customers on the wire."""

import msgspec
from msgspec import UNSET, UnsetType

from allot.api.addresses import Address
from allot.api.orders import (
    CustomerProvisioning,
    CustomerUpdate,
    CustomerValidation,
    deletion_of,
    provisioning_of,
    update_of,
    validation_of,
)
from allot.api.partners import MAX, OFFSET, ON_BEHALF, acting
from allot.core import ids
from allot.core import scope as scopes
from allot.core.customer import STATUSES, Customer, Filter
from allot.core.failure import Failure
from allot.core.package import PROVISIONED, Held, Notice
from allot.service import customers
from allot.service.writes import Operation as Write
from allot.wire.operation import Operation, Parameter, Reply, Request, Rights
from allot.wire.paging import encode_cursor, offset_links, read_cursor

SUCCESS = "Provisioning preCheck validation successful."


class Error(msgspec.Struct, rename="camel"):
    """What went wrong in the background: a code that programs read, a sentence that people read."""

    error_code: int
    description: str


class Package(msgspec.Struct, rename="camel", omit_defaults=True):
    """How the provisioning of one package stands."""

    name: str
    status: str
    warnings: list[Error] | UnsetType = UNSET
    errors: list[Error] | UnsetType = UNSET
    license_ids: list[str] | UnsetType = UNSET


class ResourceDetails(msgspec.Struct):
    packages: list[Package]


class CustomerResponse(msgspec.Struct, rename="camel", kw_only=True):
    """A customer as Webex shows it, its members in the order of Cisco's examples."""

    id: str
    org_id: str | UnsetType = UNSET
    external_id: str
    address: Address
    status: str
    packages: list[str]
    resource_details: ResourceDetails
    errors: list[Error] | UnsetType = UNSET


class CustomerListResponse(msgspec.Struct):
    items: list[CustomerResponse]


class ResourceURL(msgspec.Struct):
    """Where the customer can be read."""

    url: str


class PrecheckInfo(msgspec.Struct, rename="camel"):
    info_code: int
    description: str


class PrecheckResponse(msgspec.Struct):
    """What a precheck found, when it found nothing wrong."""

    message: str
    info: list[PrecheckInfo]


PRECHECKED = PrecheckResponse("success", [PrecheckInfo(100, SUCCESS)])


async def list_wholesale_customers(request: Request) -> Reply:
    """List customers, the oldest first."""
    query = request.query
    partner = await acting(request, changes=False)
    org_id = query["orgId"] and (ids.decode("ORGANIZATION", query["orgId"]) or query["orgId"])
    wanted = Filter(query["externalId"], org_id, query["status"])
    offset, size = query["offset"], query["max"]
    cursor = read_cursor(request, 2)
    after = (cursor[0], cursor[1]) if cursor else offset
    service = request.service
    async with service.database.reading() as reading:
        page = await customers.page(reading, service.context, partner.org_id, wanted, after, size)
    reply = Reply(200, CustomerListResponse([show(customer) for customer in page.customers]))
    end = encode_cursor(*page.end) if page.end else None
    reply.headers += offset_links(request, offset, size, more=end is not None, cursor=end)
    return reply


async def provision_wholesale_customer(request: Request) -> Reply:
    """Provision a customer in the background.

    The answer comes at once; GET of its address tells how it goes.
    """
    partner = await acting(request, changes=True)
    return await _order(request, customers.provision, provisioning_of(request, partner.org_id))


async def get_wholesale_customer(request: Request) -> Reply:
    """Show a customer, and how each of its packages stands."""
    partner = await acting(request, changes=False)
    key = (partner.org_id, customer_id(request))
    service = request.service
    async with service.database.reading() as reading:
        customer = await customers.find(reading, service.context, key)
    shown = show(customer, licenses=bool(request.query["includePackageLicenseInfo"]))
    return Reply(200, shown, [(b"location", _url(request, customer.id).encode())])


async def update_wholesale_customer(request: Request) -> Reply:
    """Give a customer another list of packages, in the background.

    The list is complete: what it does not name is taken away.
    """
    partner = await acting(request, changes=True)
    return await _order(request, customers.update, update_of(request, partner.org_id, customer_id(request)))


async def remove_wholesale_customer(request: Request) -> Reply:
    """Remove a customer in the background: the mapping and the licenses that came with it.

    The organization, its people and its locations stay.
    """
    partner = await acting(request, changes=False)
    asked = deletion_of(request, partner.org_id, customer_id(request))
    await request.service.writes.submit(partner.org_id, customers.delete, asked)
    request.service.bell.ring()
    return Reply(202)


async def precheck_wholesale_customer_provisioning(request: Request) -> Reply:
    """Judge the provisioning of a customer without doing it.

    With address and email alone, or with all that the provisioning itself would be given.
    """
    partner = await acting(request, changes=True)
    asked = validation_of(request, partner.org_id)
    async with request.service.database.reading() as reading:
        await customers.precheck(reading, request.service.context, asked)
    return Reply(200, PRECHECKED)


async def _order(request: Request, write: Write, asked: customers.Request) -> Reply:
    customer: Customer = await request.service.writes.submit(asked.org_id, write, asked)
    request.service.bell.ring()
    url = _url(request, customer.id)
    return Reply(202, ResourceURL(url), [(b"location", url.encode())])


def customer_id(request: Request) -> str:
    """The customer in the path; Cisco's examples have two kinds of ids. Raises Failure (404)."""
    text = request.path["customerId"]
    value = ids.decode("ENTERPRISE", text) or ids.decode("CUSTOMER", text)
    if value is None:
        raise Failure.not_found(customers.NOT_KNOWN)
    return value


def _url(request: Request, customer_id: str) -> str:
    return f"{request.origin}/v1/wholesale/customers/{ids.encode('ENTERPRISE', customer_id)}"


def show(customer: Customer, *, licenses: bool = False) -> CustomerResponse:
    """A customer as Webex shows it; its organization only where it is documented to be."""
    return CustomerResponse(
        id=ids.encode("ENTERPRISE", customer.id),
        org_id=ids.encode("ORGANIZATION", customer.customer_org_id) if customer.shows_organization else UNSET,
        external_id=customer.external_id,
        address=msgspec.convert(customer.address, Address),
        status=customer.status,
        packages=list(customer.packages),
        resource_details=ResourceDetails([_package(held, licenses=licenses) for held in customer.packages.values()]),
        errors=notices(customer.errors),
    )


def _package(held: Held, *, licenses: bool) -> Package:
    """A package as Webex shows it; the licenses that are asked for are those of provisioned ones."""
    told = licenses and held.status == PROVISIONED
    license_ids = [ids.encode("LICENSE", id) for id in held.license_ids] if told else UNSET
    return Package(held.package.name, held.status, notices(held.warnings), notices(held.errors), license_ids)


def notices(found: list[Notice]) -> list[Error] | UnsetType:
    """Warnings or errors as Webex shows them; absent when there are none."""
    return [Error(*notice) for notice in found] or UNSET


_READ = Rights((scopes.CUSTOMERS_READ, scopes.CUSTOMERS_WRITE), "read")
_WRITE = Rights((scopes.CUSTOMERS_WRITE,), "full")
_CURSOR = Parameter("cursor", "Where the page begins: taken from the Link header, with the offset beside it.")

OPERATIONS = (
    Operation(
        "GET",
        "/wholesale/customers",
        list_wholesale_customers,
        _READ,
        "List Wholesale Customers",
        query=(
            Parameter("externalId", "Only the customer of this external id."),
            Parameter("orgId", "Only the customer of this organization."),
            Parameter("status", "Only customers in one of these.", choices=STATUSES, default=(), many=True),
            OFFSET,
            MAX,
            ON_BEHALF,
            _CURSOR,
        ),
        answers={200: CustomerListResponse},
    ),
    Operation(
        "POST",
        "/wholesale/customers",
        provision_wholesale_customer,
        _WRITE,
        "Provision a Wholesale Customer",
        query=(ON_BEHALF,),
        body=CustomerProvisioning,
        answers={202: ResourceURL},
        located=True,
        form=lambda request: provisioning_of(request, ""),
    ),
    Operation(
        "GET",
        "/wholesale/customers/{customerId}",
        get_wholesale_customer,
        _READ,
        "Get a Wholesale Customer",
        query=(ON_BEHALF, Parameter("includePackageLicenseInfo", "Whether packages show their licenses.", bool)),
        answers={200: CustomerResponse},
        located=True,
    ),
    Operation(
        "PUT",
        "/wholesale/customers/{customerId}",
        update_wholesale_customer,
        _WRITE,
        "Update a Wholesale Customer",
        query=(ON_BEHALF,),
        body=CustomerUpdate,
        answers={202: ResourceURL},
        located=True,
        form=lambda request: update_of(request, "", ""),
    ),
    Operation(
        "DELETE",
        "/wholesale/customers/{customerId}",
        remove_wholesale_customer,
        _WRITE,
        "Remove a Wholesale Customer",
        query=(ON_BEHALF,),
        answers={202: None},
    ),
    Operation(
        "POST",
        "/wholesale/customers/validate",
        precheck_wholesale_customer_provisioning,
        _WRITE,
        "Precheck a Wholesale Customer Provisioning",
        query=(ON_BEHALF,),
        body=CustomerValidation,
        answers={200: PrecheckResponse},
        form=lambda request: validation_of(request, ""),
    ),
)
