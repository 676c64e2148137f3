"""Identifiers of what the service makes: UUIDs in the order of their making, so that rows of one time lie together."""

import uuid_utils


def new_id() -> str:
    """A new UUID (version 7): larger than all that this process made before."""
    return str(uuid_utils.uuid7())
