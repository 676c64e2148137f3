"""Wholesale: partners, their customers and subscribers, and the runs that provision them."""

from yoyo import step

from allot.store.schemas import create, estimate

SCHEMA = """
CREATE TABLE partners (
    org_id TEXT NOT NULL PRIMARY KEY REFERENCES organizations,
    -- the partner that it is a sub-partner of
    parent_id TEXT,
    subscription_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('active', 'suspended')),
    created TEXT NOT NULL,
    billing_start TEXT NOT NULL
) CLUSTERED;
CREATE INDEX partners_by_parent ON partners (parent_id, org_id);

CREATE TABLE templates (
    org_id TEXT NOT NULL REFERENCES partners,
    provisioning_id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, provisioning_id)
) CLUSTERED;

CREATE TABLE customers (
    -- the partner or sub-partner that it is a customer of
    org_id TEXT NOT NULL REFERENCES partners,
    customer_id TEXT NOT NULL,
    external_id TEXT NOT NULL,
    -- chosen when it was ordered; the organization is there once its step is done
    customer_org_id TEXT NOT NULL,
    name TEXT NOT NULL,
    primary_email TEXT NOT NULL,
    -- one JSON object each
    address TEXT NOT NULL,
    details TEXT NOT NULL,
    -- derived by core.customer from everything else; kept to find customers by it
    status TEXT NOT NULL CHECK (status IN ('provisioned', 'provisioned_with_errors', 'provisioning', 'updating',
        'deleting', 'error', 'pending_rpl_review')),
    -- kind of the run that lives; empty when all is settled
    live TEXT NOT NULL CHECK (live IN ('', 'provision', 'update', 'delete')),
    review TEXT NOT NULL DEFAULT '' CHECK (review IN ('', 'pending', 'denied')),
    -- a JSON list of [code, description]
    errors TEXT NOT NULL DEFAULT '[]',
    -- number of its last run
    run BIGINT NOT NULL CHECK (run > 0),
    created TEXT NOT NULL,
    PRIMARY KEY (org_id, customer_id),
    UNIQUE (org_id, external_id)
) CLUSTERED;
CREATE INDEX customers_by_created ON customers (org_id, created, customer_id);
CREATE INDEX customers_by_status ON customers (org_id, status, created, customer_id);
-- An organization is mapped once, whoever its partner is.
CREATE UNIQUE INDEX customers_by_organization ON customers (customer_org_id);

CREATE TABLE packages (
    org_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    package TEXT NOT NULL,
    -- where it stands among the customer's: in the order in which they were ordered
    place INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('provisioned', 'provisioning', 'deleting', 'error')),
    unit_limit INTEGER CHECK (unit_limit >= 0),
    -- how many subscribers have it
    subscribers INTEGER NOT NULL DEFAULT 0 CHECK (subscribers >= 0),
    -- JSON lists: of [code, description], and of license ids
    warnings TEXT NOT NULL DEFAULT '[]',
    errors TEXT NOT NULL DEFAULT '[]',
    license_ids TEXT NOT NULL DEFAULT '[]',
    PRIMARY KEY (org_id, customer_id, package),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers ON DELETE CASCADE
) CLUSTERED;

CREATE TABLE runs (
    org_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    run BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('provision', 'update', 'delete')),
    -- what was chosen when it was accepted: one JSON object
    plan TEXT NOT NULL,
    tracking_id TEXT NOT NULL,
    actor_id TEXT,
    created TEXT NOT NULL,
    settled TEXT,
    PRIMARY KEY (org_id, customer_id, run),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers ON DELETE CASCADE
) CLUSTERED;
CREATE UNIQUE INDEX runs_live ON runs (org_id, customer_id) WHERE settled IS NULL;

CREATE TABLE steps (
    org_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    run BIGINT NOT NULL,
    step INTEGER NOT NULL,
    name TEXT NOT NULL,
    package TEXT NOT NULL,
    -- the steps before it, a JSON list of their numbers
    follows TEXT NOT NULL,
    -- how long it takes, in milliseconds of the service's clock
    takes INTEGER NOT NULL CHECK (takes >= 0),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'running', 'held', 'done', 'failed', 'skipped', 'parked')),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- when it may be carried out, once it is ready
    due TEXT,
    -- milliseconds since 1970 of the database's own clock: a claim that is older is anybody's
    lease_until BIGINT,
    worker TEXT,
    started TEXT,
    ended TEXT,
    -- why the last attempt failed: [code, description]
    fault TEXT,
    PRIMARY KEY (org_id, customer_id, run, step),
    FOREIGN KEY (org_id, customer_id, run) REFERENCES runs ON DELETE CASCADE,
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK (state <> 'ready' OR due IS NOT NULL)
) CLUSTERED;
-- Workers look for what is due in all organizations.
CREATE INDEX steps_due ON steps (due, org_id, customer_id) WHERE state = 'ready';
CREATE INDEX steps_leased ON steps (lease_until) WHERE state = 'running';

CREATE TABLE subscribers (
    org_id TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    email TEXT NOT NULL,
    -- the person in the customer's organization, once there
    person_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('provisioned', 'pending_user_migration')),
    -- JSON lists of packages, and of [code, description]
    packages TEXT NOT NULL,
    errors TEXT NOT NULL DEFAULT '[]',
    -- what a pending one is provisioned with when the person agrees: one JSON object
    details TEXT NOT NULL,
    created TEXT NOT NULL,
    last_status_change TEXT NOT NULL,
    PRIMARY KEY (org_id, subscriber_id),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers ON DELETE CASCADE,
    CHECK ((status = 'provisioned') = (person_id IS NOT NULL))
) CLUSTERED;
-- With what lists are filtered by at the end: whoever is left out is not read.
CREATE INDEX subscribers_by_created ON subscribers (org_id, created, subscriber_id, status, last_status_change);
CREATE INDEX subscribers_by_change ON subscribers (org_id, last_status_change, subscriber_id, status, created);
CREATE INDEX subscribers_of_customer
    ON subscribers (org_id, customer_id, created, subscriber_id, status, last_status_change);
-- An email is one person's, whoever the partner is.
CREATE UNIQUE INDEX subscribers_by_email ON subscribers (email);
CREATE INDEX subscribers_by_person ON subscribers (org_id, person_id) WHERE person_id IS NOT NULL;

-- Accounts of nobody's organization, whose owners must agree before a partner may have them.
CREATE TABLE free_accounts (
    email TEXT NOT NULL PRIMARY KEY,
    -- when the owner was last asked, and how often
    asked TEXT,
    mails INTEGER NOT NULL DEFAULT 0 CHECK (mails >= 0)
) CLUSTERED;

-- Who had which package on which days: from a day on, until the day before another; a day counts by its end, in UTC.
CREATE TABLE usage (
    org_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    subscriber_id TEXT NOT NULL,
    package TEXT NOT NULL,
    from_day TEXT NOT NULL,
    until_day TEXT,
    external_id TEXT NOT NULL,
    email TEXT NOT NULL,
    PRIMARY KEY (org_id, customer_id, subscriber_id, package, from_day)
) CLUSTERED;
-- Nobody has a package twice at once.
CREATE UNIQUE INDEX usage_now ON usage (org_id, customer_id, subscriber_id, package) WHERE until_day IS NULL;

CREATE TABLE reports (
    org_id TEXT NOT NULL REFERENCES partners,
    report_id TEXT NOT NULL,
    billing_start TEXT NOT NULL,
    billing_end TEXT NOT NULL,
    report_type TEXT NOT NULL CHECK (report_type IN ('PARTNER', 'CUSTOMER', 'USER')),
    category TEXT NOT NULL CHECK (category IN ('RECONCILIATION', 'POINT_IN_TIME')),
    -- whose usage: the partner's own, or a sub-partner's
    subject_id TEXT NOT NULL,
    internal INTEGER NOT NULL CHECK (internal IN (0, 1)),
    created TEXT NOT NULL,
    created_by TEXT NOT NULL,
    tracking_id TEXT NOT NULL,
    -- a deleted one is shown to nobody; the row goes when its pieces are gone
    status TEXT NOT NULL CHECK (status IN ('IN_PROGRESS', 'COMPLETED', 'FAILED', 'DELETED')),
    -- a JSON list of [code, description]
    errors TEXT NOT NULL DEFAULT '[]',
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- of the whole text: how many pieces and bytes
    pieces INTEGER NOT NULL DEFAULT 0 CHECK (pieces >= 0),
    size BIGINT NOT NULL DEFAULT 0 CHECK (size >= 0),
    due TEXT NOT NULL,
    -- milliseconds since 1970 of the database's own clock
    lease_until BIGINT,
    PRIMARY KEY (org_id, report_id),
    CHECK (lease_until IS NULL OR status IN ('IN_PROGRESS', 'DELETED'))
) CLUSTERED;
CREATE INDEX reports_due ON reports (due) WHERE status IN ('IN_PROGRESS', 'DELETED');

-- A report's text, in pieces of its lines, from 0 on.
CREATE TABLE report_pieces (
    org_id TEXT NOT NULL,
    report_id TEXT NOT NULL,
    piece INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (org_id, report_id, piece),
    FOREIGN KEY (org_id, report_id) REFERENCES reports
) CLUSTERED;

-- What an operator ordered to happen, instead of what would have happened.
CREATE TABLE outcomes (
    org_id TEXT NOT NULL REFERENCES partners,
    outcome_id TEXT NOT NULL,
    -- null: of the next customer that is provisioned
    customer_id TEXT,
    -- null: of the next order
    run BIGINT,
    -- a package, or the name of a step; empty: every package
    target TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('hold', 'warn', 'fail', 'flaky', 'slow', 'review')),
    code BIGINT NOT NULL,
    description TEXT NOT NULL,
    -- flaky: how often it fails before it succeeds
    times INTEGER NOT NULL CHECK (times >= 0),
    -- slow: how much longer it takes
    milliseconds BIGINT NOT NULL CHECK (milliseconds >= 0),
    created TEXT NOT NULL,
    PRIMARY KEY (org_id, outcome_id)
) CLUSTERED;
CREATE INDEX outcomes_by_run ON outcomes (org_id, customer_id, run);

CREATE TABLE webhooks (
    org_id TEXT NOT NULL REFERENCES partners,
    webhook_id TEXT NOT NULL,
    url TEXT NOT NULL,
    secret TEXT NOT NULL,
    -- a JSON list of event types; empty for all
    types TEXT NOT NULL,
    created TEXT NOT NULL,
    -- the last journal entry that was turned into deliveries
    entry BIGINT NOT NULL,
    -- why nothing is sent to it any more
    disabled TEXT,
    -- when it last took a delivery
    delivered TEXT,
    PRIMARY KEY (org_id, webhook_id)
) CLUSTERED;

-- What a webhook has not taken yet. Whoever changes deliveries has locked their webhook.
CREATE TABLE deliveries (
    org_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    -- the journal's entry, and which of its events
    entry BIGINT NOT NULL,
    event INTEGER NOT NULL,
    -- deliveries of one customer are made in order; empty for tests
    customer_id TEXT NOT NULL,
    body TEXT NOT NULL,
    -- how often it was claimed; the number of the claim is its fencing token
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- milliseconds since 1970 of the database's own clock: when it may be claimed, again if it is claimed;
    -- null while it waits for an earlier one of its customer, and when it is dead
    due BIGINT,
    -- why the last attempt failed
    fault TEXT,
    -- given up after too many attempts: kept to be seen and sent again
    dead INTEGER NOT NULL DEFAULT 0 CHECK (dead IN (0, 1)),
    PRIMARY KEY (org_id, webhook_id, entry, event),
    FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE,
    CHECK (dead = 0 OR due IS NULL)
) CLUSTERED;
CREATE INDEX deliveries_in_order ON deliveries (org_id, webhook_id, customer_id, entry, event) WHERE dead = 0;
CREATE INDEX deliveries_due ON deliveries (org_id, webhook_id, due) WHERE due IS NOT NULL;
CREATE INDEX deliveries_dead ON deliveries (org_id, webhook_id, entry, event) WHERE dead = 1;

-- One row: the time that the service goes by, where it is not the machine's.
CREATE TABLE clock (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    -- counts the changes, so that nobody goes back to an older one
    version BIGINT NOT NULL DEFAULT 0,
    -- stands still at this time
    frozen TEXT,
    -- else this much ahead
    ahead_ms BIGINT NOT NULL DEFAULT 0 CHECK (ahead_ms >= 0)
) CLUSTERED;

-- Keys that the service makes for itself, such as for the addresses of reports.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) CLUSTERED
"""

# A partner has very many subscribers, uses and runs; left alone, SQLite supposes that it has ten, and reads them all
# by the beginning of their key where another index would find the few that are wanted.
ESTIMATES = {
    "subscribers": {
        "subscribers": (1_000_000, 100_000, 1),
        "subscribers_by_created": (1_000_000, 100_000, 10, 1, 1, 1),
        "subscribers_by_change": (1_000_000, 100_000, 10, 1, 1, 1),
        "subscribers_of_customer": (1_000_000, 100_000, 100, 10, 1, 1, 1),
        "subscribers_by_email": (1_000_000, 1),
        "subscribers_by_person": (1_000_000, 100_000, 1),
    },
    "usage": {"usage": (10_000_000, 1_000_000, 1_000, 10, 2, 1), "usage_now": (1_000_000, 100_000, 100, 2, 1)},
    "runs": {"runs": (1_000_000, 100_000, 10, 1), "runs_live": (1_000, 100, 1)},
    "outcomes": {"outcomes": (1_000, 1_000, 1), "outcomes_by_run": (1_000, 1_000, 5, 2)},
}

steps = [
    step(lambda connection: create(connection, SCHEMA)),
    step(lambda connection: estimate(connection, ESTIMATES)),
]
