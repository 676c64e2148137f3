"""The records of a plan: its head, the changes to make, who is refused, and the summary."""

import msgspec

from allot.bulk.actual.snapshots import Calling


class LicenseName(msgspec.Struct, rename="camel", omit_defaults=True):
    """A license of the plan; records call it by its place in the head's list, from 0."""

    id: str
    name: str
    subscription_id: str | None = None
    site_url: str | None = None


class Guards(msgspec.Struct, rename="camel", omit_defaults=True):
    """What a plan may not do without force. None: no guard."""

    max_changes: int | None = None
    #: of the people who have a license that the plan takes from anybody, how many may lose one, in per cent
    max_removals: float | None = None
    #: patterns of emails that are not touched, as `*@board.example.com`
    protected_people: list[str] = []
    #: places of the licenses that are neither given nor taken
    protected_licenses: list[int] = []


class Head(msgspec.Struct, rename="camel", omit_defaults=True):
    """What a plan was made of."""

    org_id: str
    org_name: str
    #: digest of the snapshot, and the address that it was read from
    snapshot: str
    address: str
    #: name and version of the rulebook
    rulebook: str
    #: what is desired: the name of its file
    source: str
    #: ISO-8601 UTC
    made: str
    licenses: list[LicenseName]
    guards: Guards
    #: whether guards that the plan breaks were overridden when it was made
    forced: bool = False
    #: whether units were never refused
    overage: bool = False
    #: names of the locations that its calling data speaks of, by id
    locations: dict[str, str] = {}
    #: when reading the snapshot began, ISO-8601 UTC: so old is what the plan knows
    read: str = ""
    #: routing prefixes of the locations that have one, by id: extensions are read without them
    prefixes: dict[str, str] = {}


class State(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """What a person holds. An attendee list that is absent was not known."""

    licenses: list[int] = []
    attendee: list[str] = []
    calling: Calling | None = None


class Request(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """One PATCH /licenses/users. `calling` goes with every calling license that is added."""

    add: list[int] = []
    remove: list[int] = []
    calling: Calling | None = None
    attend: list[str] = []
    leave: list[str] = []


class Change(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """All that is to be done for one person: from `before`, request by request, to `after`."""

    #: from 1, the order in which changes are made
    number: int
    person_id: str
    email: str
    before: State
    requests: list[Request]
    after: State
    #: of the input
    line: int | None = None
    #: changes of a wave are made when those of the waves before it are done: what frees units comes first
    wave: int = 0
    #: calling is taken away on the way: number, extension and settings are lost, whatever comes after
    irreversible: bool = False
    #: licenses that nobody asked to add or remove, and a rule made necessary
    unasked: list[int] = []
    #: the person is of another organization: what is given is an invitation, until they accept it
    external: bool = False


class Reason(msgspec.Struct, rename="camel", omit_defaults=True):
    """Why somebody is refused: a rule of the rulebook, or one of ours (`no-such-person`, `unknown-licenses`,
    `protected-person`, …), with a sentence that names the license and says what to do."""

    rule: str
    what: str
    provenance: str = "ours"


class Refusal(msgspec.Struct, rename="camel", omit_defaults=True):
    """Somebody whose desired state cannot be reached; nothing is sent for them."""

    email: str
    reasons: list[Reason]
    person_id: str | None = None
    line: int | None = None
    #: what was asked for, as one request; None where nothing could be sent
    request: Request | None = None


class Capacity(msgspec.Struct, rename="camel", omit_defaults=True):
    """One license: units by the snapshot, and what the plan does with them. `free` is None where there is no limit."""

    license: int
    free: int | None
    adds: int
    removes: int
    #: units in all; None where there is no limit
    total: int | None = None
    #: units that are missing for what is desired; those people are refused
    short: int = 0


class Broken(msgspec.Struct, rename="camel", omit_defaults=True):
    """A guard that the plan breaks: its name in `Guards`, and a sentence."""

    guard: str
    what: str


class Summary(msgspec.Struct, rename="camel", omit_defaults=True):
    """A plan in numbers."""

    #: people in the snapshot, and those for whom something is desired
    people: int
    asked: int
    changes: int
    #: people who have all that is desired already
    unchanged: int
    refused: int
    requests: int
    irreversible: int
    capacities: list[Capacity]
    #: rule -> people refused by it (each by their first rule)
    rules: dict[str, int]
    guards: list[Broken] = []
