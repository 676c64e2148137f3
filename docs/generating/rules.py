"""Pages about refusals: errors and the rulebook."""

from allot.cli.rulebooks import read_rulebook
from allot.core import customer, outcome, run, subscriber
from allot.core.offer import Offer
from allot.core.package import Notice, Package
from allot.core.rule import KINDS, REFUSES, Rule
from allot.core.rulebook import Rulebook
from allot.engine import reports, steps
from allot.engine.works import UNEXPECTED
from allot.service.known import EMAIL_SENTENCE
from allot.wire.errors import MEANINGS, STATUSES
from generating.markdown import code, table

#: codes of the wholesale API that Cisco publishes
PUBLISHED = [
    Notice(100, "Provisioning preCheck validation successful."),
    Notice(2024, "Billing Report not found."),
    outcome.MAINTENANCE,
    Notice(10022, EMAIL_SENTENCE),
]
#: and ours, of what is done in the background
OWN = [
    Notice(
        UNEXPECTED, "An attempt failed for a reason that nobody foresaw, which stands here instead; it is tried again"
    ),
    run.GAVE_UP,
    run.SKIPPED_FOR,
    outcome.ORDERED,
    customer.DENIAL,
    steps.NO_ORGANIZATION,
    steps.NAME_TAKEN,
    subscriber.DECLINED,
    reports.NOT_MADE,
    reports.NOT_FINISHED,
]


def errors() -> str:
    book = read_rulebook("")
    notices = [
        [code(each.code), "documented" if each in PUBLISHED else "ours", each.description] for each in PUBLISHED + OWN
    ]
    kinds = [[code(status), kind.value, MEANINGS[kind]] for kind, status in STATUSES.items()]
    rules = [[code(rule.code), code(rule.id), rule.message, rule.description, rule.remedy] for rule in book.rules]
    return f"""
# Errors

Every error has this body. Its tracking id is also in the header `TrackingID` and in the log of requests
(`GET /allot/v1/requests`). That of a refused change of licenses is in the journal as well, that of a fault of the
service in the log, and with `access_log` every one.

```json
{{
  "message": "License conflict",
  "errors": [{{"errorCode": 400404, "description": "User cannot have both …"}}],
  "trackingId": "NA_88b8b4ce-6338-4d3a-8d6c-22b37e62354f"
}}
```

## Statuses

Where Cisco documents no code, an error carries its status as `errorCode`.
PATCH /licenses/users is the exception: its list of codes is closed, so that it is 400 there whatever the status is.

{table(["Status", "Kind", "What it means"], kinds)}

## Refusals of licenses

A refusal is of one item of a request. The rule that refuses it gives the code.
Several have the code 400, because Cisco publishes none for these reasons: the sentence and the rule tell them apart.
The rule's id is in the journal and in the answer of `POST /allot/v1/decisions`.

{table(["errorCode", "Rule", "message", "description", "What to do"], rules)}

## Codes of wholesale

A request that is refused carries its status as code, but for 10022 and 2024. Warnings and errors of what is done in the
background stand with the package, the customer, the subscriber or the report that they are about. Cisco publishes few
of their codes; ours begin with 90000.

{table(["Code", "Provenance", "What it says"], notices)}
"""


def rulebook() -> str:
    book = read_rulebook("")
    kinds = [
        [code(kind), ", ".join(code(each) for each in lists) or "-", REFUSES[kind]] for kind, lists in KINDS.items()
    ]
    packages = [_package(each) for each in book.packages.values()]
    return f"""
# Rulebook

The offers, the rules between them and the wholesale packages are data: one TOML file, read and checked at start, and
compiled to bit masks.
This page shows the one that is shipped: {book.title}, version {book.version}.
[A provider's own rulebook](../how-to/rulebook.md) may have others.
Each entry says where it comes from: documented by Cisco, observed on a live system, assumed because nobody says, or
ours.
In the sources ADM is Cisco's OpenAPI text of the admin API, HELP an article of Cisco's help site, LAB a live
organization's answers in a lab guide, SDK the community's client library, WHO Cisco's OpenAPI text of the wholesale
API, D the [decisions](../decisions.md).

## Offers

`calling` needs a number or an extension. `free` has no limit of units. `default` is given to new people.
`meetings` may be given to people of other organizations.

{table(["Code", "Name", "Family", "Flags", "Provenance", "Source"], [_offer(each) for each in book.offers.values()])}

## Rules

Rules are judged in this order. The first that names an item gives it its error.

{table(["Rule", "Kind", "Code", "Refuses", "Provenance", "Source"], [_rule(book, each) for each in book.rules])}

## Kinds of rule

{table(["Kind", "Lists", "What it refuses"], kinds)}

## Wholesale packages

A package grants a license of each of its offers. `calling` needs the customer's calling location, and of a subscriber
a number or an extension. `meetings` needs the customer's site. Those with `subscribers` may be given to a subscriber,
who has one that is `base`. `single` may be named by the deprecated member `package`.

{table(["Package", "Name", "Grants", "Flags", "Needs one of", "Provenance", "Source"], packages)}
"""


def _offer(offer: Offer) -> list[str]:
    flags = [flag for flag in ("calling", "free", "default", "meetings") if getattr(offer, flag)]
    from_ = offer.provenance
    return [code(offer.code), offer.name, offer.family, ", ".join(flags) or "-", from_.kind, from_.source]


def _package(package: Package) -> list[str]:
    flags = [flag for flag in ("calling", "meetings", "subscribers", "base", "single") if getattr(package, flag)]
    needs = ", ".join(code(each) for each in package.any_of) or "-"
    from_ = package.provenance
    grants = ", ".join(code(each) for each in package.grants)
    return [code(package.name), package.title, grants, ", ".join(flags) or "-", needs, from_.kind, from_.source]


def _rule(book: Rulebook, rule: Rule) -> list[str]:
    named = [f"{name}: {', '.join(codes)}" if name else " or ".join(codes) for name, codes in book.lists(rule)]
    refuses = "; ".join(named) or REFUSES[rule.kind]
    return [code(rule.id), rule.kind, code(rule.code), refuses, rule.provenance.kind, rule.provenance.source]
