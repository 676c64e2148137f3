"""Search: the index of people by name has all that people are searched by, so that a search reads nothing else."""

from yoyo import step

from allot.store.schemas import create

SCHEMA = """
DROP INDEX people_by_name;
CREATE INDEX people_by_name
    ON people (org_id, name_key, person_id, email, phone_number, extension, location_id, home_org_id)
"""

steps = [step(lambda connection: create(connection, SCHEMA))]
