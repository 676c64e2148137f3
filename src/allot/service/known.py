"""What orders of customers are judged against besides the rulebook: whatever others have taken already."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from allot.core.call import Call
from allot.core.customer import Customer
from allot.core.failure import Failure
from allot.core.organization import Head
from allot.store import customers, organizations, partners, people
from allot.store.database import Reading

#: documented with the wholesale API's errors
EMAIL_TAKEN = 10022
EMAIL_SENTENCE = "The email is already associated with an existing user."


#: (organization id, name of a location)
Place = tuple[str, str]


class Asked(Protocol):
    """The part of an order that is judged here."""

    call: Call
    org_id: str
    customer_id: str
    provisioning_id: str
    external_id: str | None
    attach_to: str | None
    primary_email: str


@dataclass(slots=True, eq=False)
class Known:
    """What there is of all that the orders of one transaction name."""

    templates: set[tuple[str, str]]
    #: (partner, external id) -> customer
    external_ids: dict[tuple[str, str], str]
    #: email -> the organizations whose people have it as their own
    emails: dict[str, set[str]]
    heads: dict[str, Head]
    mapped: set[str]
    #: which of these organizations are partners themselves
    partners: Collection[str]
    #: (organization, name) -> the location of that name, where Webex Calling is set up there
    locations: dict[Place, str]

    def faults(self, asked: Asked) -> list[str]:
        """What an order names that is not there."""
        if asked.provisioning_id and (asked.org_id, asked.provisioning_id) not in self.templates:
            return ["provisioningId: is none of this partner's templates; copy it from the template"]
        return []

    def refusal(self, asked: Asked) -> Failure | None:
        """Why an order cannot be: what it names is others', or is taken."""
        other = self.external_ids.get((asked.org_id, asked.external_id or ""))
        if other is not None and other != asked.customer_id:
            return Failure.conflict(f"externalId: {asked.external_id} is another customer's; choose another one")
        if asked.attach_to:
            return self._unattachable(asked, asked.attach_to)
        if self.emails.get(asked.primary_email):
            return Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
        return None

    def _unattachable(self, asked: Asked, org_id: str) -> Failure | None:
        head = self.heads.get(org_id)
        if head is None or head.manager_id != asked.org_id:
            # Alike for others' organizations and for none, so that nobody learns which there are.
            return Failure.forbidden(
                "orgId: the partner may not manage this organization; its administrators must agree first"
            )
        if org_id in self.partners:
            return Failure.conflict("orgId: the organization is a partner itself, and no partner's customer")
        if org_id in self.mapped:
            return Failure.conflict("orgId: the organization is mapped to a customer already")
        if self.emails.get(asked.primary_email, set()) - {org_id}:
            return Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
        return None

    def take(self, customer: Customer, before: str | None = None) -> None:
        """Note what a customer takes whose order was just accepted; `before` is the external id that it had."""
        if before is not None:
            self.external_ids.pop((customer.org_id, before), None)
        self.external_ids[customer.org_id, customer.external_id] = customer.id
        self.mapped.add(customer.customer_org_id)


async def examine(reading: Reading, orders: Sequence[Asked], places: Collection[Place] = ()) -> Known:
    """Load what these orders are judged against, one statement a table, and the locations that are there already."""
    named = {(each.org_id, each.external_id) for each in orders if each.external_id}
    attached = _named(each.attach_to for each in orders)
    emails = _named(each.primary_email for each in orders)
    templates = {(each.org_id, each.provisioning_id) for each in orders if each.provisioning_id}
    return Known(
        await partners.templates(reading, templates) if templates else set(),
        await customers.external_ids(reading, named) if named else {},
        await people.homes(reading, emails) if emails else {},
        await organizations.heads_of(reading, attached) if attached else {},
        await customers.mapped(reading, attached) if attached else set(),
        await partners.load(reading, attached) if attached else (),
        await organizations.calling_locations(reading, places) if places else {},
    )


def _named(values: Iterable[str | None]) -> set[str]:
    return {value for value in values if value}
