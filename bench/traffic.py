"""The bytes of the requests that the load generator sends."""

from collections.abc import Iterable

import msgspec

from bench.crowd import Crowd
from bench.load import Exchange

PATH = "/v1/licenses/users"


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """One request over a connection that is kept open."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: 127.0.0.1",
        f"authorization: Bearer {token}",
        "accept: application/json",
    ]
    if body:
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def patch(crowd: Crowd, person_id: str, operation: str, path: str = PATH) -> bytes:
    """The request that adds the crowd's license to one person, or removes it."""
    body = {
        "personId": person_id,
        "orgId": crowd.org_id,
        "licenses": [{"id": crowd.license_id, "operation": operation}],
    }
    return request("PATCH", path, crowd.token, msgspec.json.encode(body))


def changes(crowds: Iterable[Crowd], path: str = PATH) -> list[Exchange]:
    """One addition for everybody, then one removal for everybody: each of them changes something.

    The answer to an addition must hold the license and the answer to a removal must lack it. Since the two alternate
    for each person, that proves that every request was a change. Several crowds are interleaved.
    """
    crowds = list(crowds)
    people = [
        (crowd, person_id)
        for row in zip(*(crowd.people for crowd in crowds), strict=True)
        for crowd, person_id in zip(crowds, row, strict=True)
    ]
    return [
        Exchange(patch(crowd, person_id, operation, path), f'"{crowd.license_id}"'.encode(), operation == "add")
        for operation in ("add", "remove")
        for crowd, person_id in people
    ]
