"""The demo's organization as the plane's tests use it: its licenses, and everything that is stored."""

from typing import Any

from servers import Client, Server

PATCH = "/v1/licenses/users"
TABLES = ("organizations", "sites", "licenses", "locations", "numbers", "call_parks", "people", "roles", "holdings")
TABLES += ("attendees", "journal", "applications", "tokens")


def licenses(client: Client) -> dict[str, str]:
    """The ids of Acme's licenses by name; of licenses of one name the first."""
    items = client.get("/v1/licenses").json()["items"]
    return {item["name"]: item["id"] for item in reversed(items)}


def consumed(client: Client, name: str) -> int:
    """How many units of a license are used."""
    items = client.get("/v1/licenses").json()["items"]
    return int(next(item["consumedUnits"] for item in items if item["name"] == name))


def person_id(client: Client, email: str) -> str:
    """The id of someone of Acme."""
    return str(client.get("/v1/people", params={"email": email}).json()["items"][0]["id"])


def ask(client: Client, email: str, *items: str, sites: tuple[str, ...] = ()) -> dict[str, Any]:
    """A request: `+Name` adds a license or a site, `-Name` removes it."""
    ids = licenses(client)
    verbs = {"+": "add", "-": "remove"}
    body: dict[str, Any] = {"email": email}
    if items:
        body["licenses"] = [{"id": ids.get(item[1:], item[1:]), "operation": verbs[item[0]]} for item in items]
    if sites:
        body["siteUrls"] = [
            {"siteUrl": site[1:], "accountType": "attendee", "operation": verbs[site[0]]} for site in sites
        ]
    return body


def everything(server: Server) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    return {table: sorted(server.rows(f"SELECT * FROM {table}"), key=repr) for table in TABLES}
