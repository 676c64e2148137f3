"""Organizations as they are named on the command line."""

import click

from allot.core import ids
from allot.store import organizations
from allot.store.database import Reading


async def find(reading: Reading, named: str) -> str:
    """The id of the organization of this id or name; the only one there is when none is named.

    Raises ClickException with those that there are.
    """
    names = await organizations.names(reading)
    if not named and len(names) == 1:
        return next(iter(names))
    id = ids.decode("ORGANIZATION", named) or named
    found = [org_id for org_id, name in names.items() if id == org_id or named.lower() == name.lower()]
    if len(found) == 1:
        return found[0]
    if not names:
        raise click.ClickException("the database has no organization; import one with: allot import FILE")
    known = ", ".join(f"{org_id} ({name})" for org_id, name in names.items())
    said = f"there is no organization {named}" if named else "there are several organizations"
    raise click.ClickException(f"{said}; name one with --org: {known}")
