"""Reviews on the wire: what the check against the denied party list comes to, which nobody decides on Webex's API."""

import msgspec

from allot.api.customers import CustomerResponse, customer_id, show
from allot.api.partners import ON_BEHALF, acting
from allot.core import scope as scopes
from allot.core.customer import Customer
from allot.service import reviews
from allot.service.reviews import Decision
from allot.wire.operation import Operation, Reply, Request, Rights


class ReviewDecision(msgspec.Struct):
    """Whether the customer is approved."""

    approved: bool


async def decide_review(request: Request) -> Reply:
    """Approve or deny a customer that is pending_rpl_review; the customer as it is then.

    Its packages did not wait for it. Approved, the customer shows how they stand; denied, it is in error once its run
    has come to its end. A review that is not pending is refused with 409.
    """
    partner = await acting(request, changes=False)
    body: ReviewDecision = request.body
    decision = Decision(request.call, partner.org_id, customer_id(request), body.approved)
    customer: Customer = await request.service.writes.submit(partner.org_id, reviews.decide, decision)
    return Reply(200, show(customer))


OPERATIONS = (
    Operation(
        "POST",
        "/customers/{customerId}/review",
        decide_review,
        Rights((scopes.CUSTOMERS_WRITE,)),
        "Decide a Customer's Review",
        query=(ON_BEHALF,),
        body=ReviewDecision,
        answers={200: CustomerResponse},
    ),
)
