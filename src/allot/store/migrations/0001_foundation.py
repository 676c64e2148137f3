"""The first schema: organizations, what they have, and what became of it."""

from yoyo import step

from allot.store.schemas import create

SCHEMA = """
CREATE TABLE organizations (
    org_id TEXT NOT NULL PRIMARY KEY,
    display_name TEXT NOT NULL,
    created TEXT NOT NULL,
    -- the partner that manages it
    manager_id TEXT,
    -- 1 for a partner: whoever locks several organizations locks the partners last, whose journals all end up in
    partner INTEGER NOT NULL DEFAULT 0 CHECK (partner IN (0, 1)),
    -- number of licenses that there ever were: the next one's place in the list
    licenses INTEGER NOT NULL DEFAULT 0 CHECK (licenses >= 0),
    -- number of journal entries: the next one is entries + 1
    entries BIGINT NOT NULL DEFAULT 0 CHECK (entries >= 0)
) CLUSTERED;
CREATE INDEX organizations_by_manager ON organizations (manager_id, org_id);

CREATE TABLE sites (
    org_id TEXT NOT NULL REFERENCES organizations,
    site_url TEXT NOT NULL,
    site_type TEXT NOT NULL,
    attendees INTEGER NOT NULL CHECK (attendees IN (0, 1)),
    PRIMARY KEY (org_id, site_url)
) CLUSTERED;

CREATE TABLE licenses (
    org_id TEXT NOT NULL REFERENCES organizations,
    -- place in the organization's list, from 0; holdings refer to it, so it never changes
    license INTEGER NOT NULL CHECK (license >= 0),
    license_id TEXT NOT NULL,
    offer TEXT NOT NULL,
    name TEXT NOT NULL,
    total_units INTEGER NOT NULL CHECK (total_units >= 0),
    policy TEXT NOT NULL CHECK (policy IN ('strict', 'overage')),
    consumed_by_users INTEGER NOT NULL DEFAULT 0 CHECK (consumed_by_users >= 0),
    consumed_by_workspaces INTEGER NOT NULL DEFAULT 0 CHECK (consumed_by_workspaces >= 0),
    subscription_id TEXT,
    site_url TEXT,
    PRIMARY KEY (org_id, license),
    UNIQUE (org_id, license_id),
    FOREIGN KEY (org_id, site_url) REFERENCES sites
) CLUSTERED;

CREATE TABLE locations (
    org_id TEXT NOT NULL REFERENCES organizations,
    location_id TEXT NOT NULL,
    name TEXT BYTEWISE NOT NULL,
    -- the other members of the location as Webex has them, one JSON object
    details TEXT NOT NULL,
    calling INTEGER NOT NULL DEFAULT 0 CHECK (calling IN (0, 1)),
    routing_prefix TEXT,
    PRIMARY KEY (org_id, location_id),
    UNIQUE (org_id, name)
) CLUSTERED;

CREATE TABLE numbers (
    org_id TEXT NOT NULL,
    phone_number TEXT NOT NULL,
    location_id TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ACTIVE', 'INACTIVE')),
    number_type TEXT NOT NULL DEFAULT 'DID' CHECK (number_type IN ('DID', 'TOLLFREE', 'MOBILE')),
    -- the number that callers of the location see
    main INTEGER NOT NULL DEFAULT 0 CHECK (main IN (0, 1)),
    -- for a service with many calls
    service INTEGER NOT NULL DEFAULT 0 CHECK (service IN (0, 1)),
    PRIMARY KEY (org_id, phone_number),
    FOREIGN KEY (org_id, location_id) REFERENCES locations
) CLUSTERED;
CREATE INDEX numbers_by_location ON numbers (org_id, location_id, phone_number);
CREATE UNIQUE INDEX numbers_main ON numbers (org_id, location_id) WHERE main = 1;

CREATE TABLE call_parks (
    org_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    extension TEXT NOT NULL,
    park_id TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, extension, location_id),
    FOREIGN KEY (org_id, location_id) REFERENCES locations
) CLUSTERED;

CREATE TABLE people (
    org_id TEXT NOT NULL REFERENCES organizations,
    person_id TEXT NOT NULL,
    -- another one than org_id: a person of another organization, known here as external
    home_org_id TEXT NOT NULL,
    email TEXT NOT NULL,
    display_name TEXT NOT NULL,
    -- core.person.name_key of the display name, to find by its beginning
    name_key TEXT BYTEWISE NOT NULL,
    -- the other members of the person as Webex has them, one JSON object
    details TEXT NOT NULL,
    created TEXT NOT NULL,
    last_modified TEXT NOT NULL,
    location_id TEXT,
    phone_number TEXT,
    extension TEXT,
    PRIMARY KEY (org_id, person_id),
    UNIQUE (org_id, email),
    FOREIGN KEY (org_id, location_id) REFERENCES locations,
    FOREIGN KEY (org_id, phone_number) REFERENCES numbers,
    CHECK (location_id IS NOT NULL OR (phone_number IS NULL AND extension IS NULL))
) CLUSTERED;
-- Whose an email is, in all organizations: a subscriber's must be nobody else's.
CREATE INDEX people_by_email ON people (email) WHERE home_org_id = org_id;
CREATE INDEX people_by_name ON people (org_id, name_key, person_id);
CREATE UNIQUE INDEX people_by_number ON people (org_id, phone_number) WHERE phone_number IS NOT NULL;
CREATE UNIQUE INDEX people_by_extension ON people (org_id, extension, location_id) WHERE extension IS NOT NULL;
CREATE INDEX people_without_number ON people (org_id, extension, location_id)
    WHERE extension IS NOT NULL AND phone_number IS NULL;
CREATE INDEX people_by_location ON people (org_id, location_id, name_key, person_id) WHERE location_id IS NOT NULL;

CREATE TABLE roles (
    org_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    PRIMARY KEY (org_id, person_id, role_id),
    FOREIGN KEY (org_id, person_id) REFERENCES people ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX roles_by_role ON roles (org_id, role_id, person_id);

CREATE TABLE holdings (
    org_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    license INTEGER NOT NULL,
    -- when an invitation runs out that the person has not accepted yet; null when held
    pending_until TEXT,
    -- when it was given; '' for what was there before, as by an import
    given TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (org_id, person_id, license),
    FOREIGN KEY (org_id, person_id) REFERENCES people ON DELETE CASCADE,
    FOREIGN KEY (org_id, license) REFERENCES licenses
) CLUSTERED;
-- In the order of giving, so that new holders come next to each other: a batch that gives a license
-- to 64 people writes one page of this index, where the order of person ids would take 64.
CREATE INDEX holdings_by_license ON holdings (org_id, license, given, person_id);

CREATE TABLE attendees (
    org_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    site_url TEXT NOT NULL,
    pending_until TEXT,
    PRIMARY KEY (org_id, person_id, site_url),
    FOREIGN KEY (org_id, person_id) REFERENCES people ON DELETE CASCADE,
    FOREIGN KEY (org_id, site_url) REFERENCES sites
) CLUSTERED;

CREATE TABLE journal (
    -- not declared as a reference: an entry gets its number from the locked row of its organization,
    -- and a check for every entry would cost as much as the entry
    org_id TEXT NOT NULL,
    -- 1, 2, 3 … without a gap
    entry BIGINT NOT NULL CHECK (entry > 0),
    at TEXT NOT NULL,
    tracking_id TEXT NOT NULL,
    action TEXT NOT NULL,
    actor_id TEXT,
    target_id TEXT,
    outcome INTEGER NOT NULL,
    -- what was asked, what was refused by which rule, before and after: one JSON object
    detail TEXT NOT NULL,
    -- block of 1,024 entries, then a hash of the tracking id: entries of one time are near each other in
    -- the index, which costs a write little; a search looks once in each block
    tracking_key BIGINT NOT NULL,
    PRIMARY KEY (org_id, entry)
) CLUSTERED;
CREATE INDEX journal_by_tracking ON journal (org_id, tracking_key);

CREATE TABLE applications (
    org_id TEXT NOT NULL REFERENCES organizations,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    redirect_uri TEXT,
    -- a service app: the person that it acts as; null for an integration, which acts as whoever authorizes it
    person_id TEXT,
    scopes TEXT NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (org_id, client_id),
    FOREIGN KEY (org_id, person_id) REFERENCES people ON DELETE CASCADE
) CLUSTERED;

CREATE TABLE tokens (
    org_id TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    -- access, refresh, or code (an authorization code, good for one exchange)
    kind TEXT NOT NULL CHECK (kind IN ('access', 'refresh', 'code')),
    -- access and refresh token of one grant share it: they are listed and revoked together
    grant_id TEXT NOT NULL,
    person_id TEXT NOT NULL,
    client_id TEXT,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created TEXT NOT NULL,
    expires TEXT,
    PRIMARY KEY (org_id, token_hash),
    FOREIGN KEY (org_id, person_id) REFERENCES people ON DELETE CASCADE
) CLUSTERED;
CREATE INDEX tokens_by_grant ON tokens (org_id, grant_id);
CREATE INDEX tokens_by_person ON tokens (org_id, person_id, expires)
"""


steps = [step(lambda connection: create(connection, SCHEMA))]
