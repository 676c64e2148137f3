"""`allot explain`: what a request would get and why, from a database or from a server."""

import asyncio
import json
import sys
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import msgspec

from allot.cli import settings
from allot.cli.explanations import show
from allot.cli.organizations import find
from allot.cli.serving import make_service
from allot.core import ids
from allot.core.call import Call, Caller
from allot.core.role import FULL
from allot.core.scope import SCOPES
from allot.plane.decisions import DecisionsRequest, decide_licenses
from allot.service.service import Service
from allot.service.settings import Settings
from allot.store import organizations
from allot.wire.forms import decode
from allot.wire.operation import Request

SECONDS_MAX = 30


@dataclass(slots=True)
class Asked:
    """What the options ask for, when there is no file."""

    person: str
    add: tuple[str, ...]
    remove: tuple[str, ...]
    sites: list[dict[str, str]]
    properties: dict[str, str]


@dataclass(slots=True)
class Licenses:
    """The licenses of an organization, to find one by what people call it."""

    #: wire id -> name
    names: dict[str, str] = field(default_factory=dict)
    #: wire id -> offer code, where it is known
    offers: dict[str, str] = field(default_factory=dict)

    def id_of(self, text: str) -> str:
        """The wire id of a license given by id, name or offer code. Raises ClickException when that is not one."""
        inner = ids.decode("LICENSE", text) or text
        if (id := ids.encode("LICENSE", inner)) in self.names:
            return id
        named = [id for id, name in self.names.items() if text.lower() == name.lower() or text == self.offers.get(id)]
        if len(named) == 1:
            return named[0]
        if named:
            raise click.ClickException(f"{text} is {len(named)} licenses; use an id: {', '.join(named)}")
        if len(text) > 40:
            return text  # an id of another organization: the decision says so
        raise click.ClickException(f"{text} is no license; use an id or one of: {', '.join(set(self.names.values()))}")


@click.command("explain")
@click.argument("file", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--person", default="", metavar="WHO", help="Email or id of the person.")
@click.option("--add", multiple=True, metavar="LICENSE", help="License to add, by id, name or offer code; repeatable.")
@click.option("--remove", multiple=True, metavar="LICENSE", help="License to remove; repeatable.")
@click.option("--site", multiple=True, metavar="URL", help="Site to be attendee of; repeatable.")
@click.option("--remove-site", multiple=True, metavar="URL", help="Site to be attendee of no longer; repeatable.")
@click.option("--location", default="", metavar="ID", help="Calling location of what is added.")
@click.option("--phone-number", default="", metavar="NUMBER", help="Phone number of what is added.")
@click.option("--extension", default="", metavar="DIGITS", help="Extension of what is added.")
@click.option("--org", default="", metavar="ORG", help="Id or name of the organization; not needed when there is one.")
@click.option("--url", default="", metavar="URL", help="Ask the server at this address instead of a database.")
@click.option("--token", default="", envvar="ALLOT_TOKEN", metavar="TOKEN", help="Access token for the server.")
@click.option("--json", "raw", is_flag=True, help="Print the answer as JSON.")
@settings.options("database", "rulebook")
def command(file: Path | None, org: str, url: str, token: str, raw: bool, **flags: Any) -> None:
    """Explain what a request would get: every rule that stands against it, and what to send instead.

    FILE is the body of a PATCH /licenses/users (- reads it from the input); without it, options say what is asked.
    Nothing is changed.
    """
    body: bytes | None = None
    asked = _asked(flags)
    if file is not None:
        body = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    elif not asked.person or not (asked.add or asked.remove or asked.sites):
        raise click.UsageError("name a FILE, or a --person and what to --add or --remove", click.get_current_context())
    if url:
        licenses, answer = _from_server(url.rstrip("/").removesuffix("/v1"), token, asked, body)
    else:
        licenses, answer = asyncio.run(_from_database(settings.read(flags), org, asked, body))
    if raw:
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        show(answer, licenses.names)
    if any(not decision["items"] for decision in answer["decisions"]):
        raise click.exceptions.Exit(1)  # it is no question that has an answer: nobody has this email, for one


def _asked(flags: dict[str, Any]) -> Asked:
    told = {"locationId": "location", "phoneNumber": "phone_number", "extension": "extension"}
    properties = {member: flags[option] for member, option in told.items() if flags[option]}
    sites = [
        {"siteUrl": url, "accountType": "attendee", "operation": operation}
        for operation, option in (("add", "site"), ("remove", "remove_site"))
        for url in flags[option]
    ]
    return Asked(flags["person"], flags["add"], flags["remove"], sites, properties)


def _body(asked: Asked, licenses: Licenses) -> bytes:
    """The PATCH body that says what the options say."""
    items: list[dict[str, Any]] = [{"id": licenses.id_of(each), "operation": "remove"} for each in asked.remove]
    for each in asked.add:
        item: dict[str, Any] = {"id": licenses.id_of(each), "operation": "add"}
        items.append(item | {"properties": asked.properties} if asked.properties else item)
    who = "email" if "@" in asked.person else "personId"
    return msgspec.json.encode({who: asked.person, "licenses": items, "siteUrls": asked.sites})


async def _from_database(read: Settings, org: str, asked: Asked, body: bytes | None) -> tuple[Licenses, dict[str, Any]]:
    decoder = msgspec.json.Decoder(DecisionsRequest)
    request = decode(decoder, body) if body is not None else None
    service = await make_service(read)
    try:
        async with service.database.reading() as reading:
            org_id = await find(reading, org or (request.org_id if request else None) or "")
            owned = (await organizations.load(reading, service.rulebook.offers, [org_id], sites=False))[org_id].licenses
        wire_ids = {ids.encode("LICENSE", each.id): each for each in owned.values()}
        names = {id: each.name for id, each in wire_ids.items()}
        licenses = Licenses(names, {id: each.offer.code for id, each in wire_ids.items()})
        return licenses, await _decide(service, org_id, request or decode(decoder, _body(asked, licenses)))
    finally:
        await service.close()


async def _decide(service: Service, org_id: str, body: DecisionsRequest) -> dict[str, Any]:
    """What allot's own plane would answer the operator of the database."""
    operator = Caller(org_id, "", "", frozenset(SCOPES), frozenset({FULL.id}))
    reply = await decide_licenses(Request(service, Call(operator, ""), {}, {}, {}, body))
    answer: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(reply.body))
    return answer


def _from_server(url: str, token: str, asked: Asked, body: bytes | None) -> tuple[Licenses, dict[str, Any]]:
    listed = _call(f"{url}/v1/licenses", token, None)
    licenses = Licenses({item["id"]: item["name"] for item in listed["items"]})
    return licenses, _call(f"{url}/allot/v1/decisions", token, body or _body(asked, licenses))


def _call(address: str, token: str, body: bytes | None) -> dict[str, Any]:
    """The JSON answer of a server; a POST when there is a body. Raises ClickException with what it says."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.UsageError(f"--url must be like http://127.0.0.1:8080, not {address}", click.get_current_context())
    connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection = connect(parts.hostname, parts.port, timeout=SECONDS_MAX)
    try:
        connection.request("GET" if body is None else "POST", parts.path, body, headers)
        response = connection.getresponse()
        status, received = response.status, response.read()
    except (OSError, HTTPException) as error:
        raise click.ClickException(f"{address} cannot be asked ({error}); check --url") from error
    finally:
        connection.close()
    if status != 200:
        raise click.ClickException(f"{address} answers {status}: {_reason(received)}")
    try:
        answer: dict[str, Any] = json.loads(received)
    except (ValueError, RecursionError) as error:
        raise click.ClickException(f"{address} does not answer in JSON; check --url") from error
    return answer


def _reason(body: bytes) -> str:
    """The sentences of an error body."""
    try:
        return "; ".join(each["description"] for each in json.loads(body)["errors"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return body.decode(errors="replace")[:200]
