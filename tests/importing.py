"""Importing in tests: documents read, saved to a database and looked at there."""

import json
from typing import Any

import pytest

from allot.cli.databases import open_database
from allot.service import imports
from allot.service.clock import SystemClock
from allot.service.context import Context
from servers import rulebook


def read(*organizations: dict[str, Any]) -> list[imports.Import]:
    return imports.read_document(json.dumps({"organizations": organizations}), rulebook())


def faults(*organizations: dict[str, Any]) -> list[str]:
    """The faults of a document that has some."""
    with pytest.raises(imports.ImportFault) as caught:
        read(*organizations)
    return caught.value.faults


async def save(url: str, found: list[imports.Import]) -> None:
    database = await open_database(url)
    try:
        async with database.writing() as writing:
            await imports.save(writing, Context(rulebook(), SystemClock()), found)
    finally:
        await database.close()


async def look(url: str, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    database = await open_database(url)
    try:
        async with database.reading() as reading:
            return await reading.rows(sql, *parameters)
    finally:
        await database.close()
