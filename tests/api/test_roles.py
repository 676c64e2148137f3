"""Roles over HTTP."""

from allot.core import ids
from servers import Client


def test_roles_are_listed_and_shown(client: Client) -> None:
    """Every role of the list is shown by its id, under the names of Webex."""
    found = client.get("/v1/roles").json()["items"]
    assert {"id": ids.encode("ROLE", "id_full_admin"), "name": "Full Administrator"} in found
    for role in found:
        assert client.get(f"/v1/roles/{role['id']}").json() == role


def test_unknown_roles_are_not_found(client: Client) -> None:
    """An id that is none, or that no role has, is answered with 404."""
    for id in ("nonsense", ids.encode("ROLE", "id_emperor"), ids.encode("PEOPLE", "id_full_admin")):
        assert client.get(f"/v1/roles/{id}").status_code == 404


def test_only_administrators_see_roles(client: Client) -> None:
    """Read-only administrators see them; people without a role, and nobody at all, do not."""
    assert client.as_("allot-demo-readonly").get("/v1/roles").status_code == 200
    assert client.as_("allot-demo-user").get("/v1/roles").status_code == 403
    assert client.as_(None).get("/v1/roles").status_code == 401
