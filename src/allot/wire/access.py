"""Access: whether a client is on this machine, and by what address it calls."""

import ipaddress
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

# A proxy on this machine brings clients from elsewhere, and says so in one of these.
FORWARDED = (
    *(b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-forwarded", b"x-real-ip"),
    *(b"via", b"x-client-ip", b"x-cluster-client-ip", b"true-client-ip", b"cf-connecting-ip"),
)
_HOST = re.compile(rb"([A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def is_near(address: str, headers: Mapping[bytes, bytes], public_url: str = "") -> bool:
    """Whether a client of this address is on this machine, and not behind a proxy; without an address it is.

    It must call this machine by a name of its own: by another one come the pages of a web site whose name leads here,
    and what a proxy that says nothing of itself was asked for. Who serves by a public address has such a proxy.
    """
    return (
        _is_loopback(address)
        and not any(name in headers for name in FORWARDED)
        and _is_own(headers.get(b"host", b"localhost"))
        and (not public_url or _is_own(urlsplit(public_url).netloc.encode()))
    )


def called(headers: Mapping[bytes, bytes], server: tuple[str, int | None] | None) -> str:
    """Host and port as the client names them; where that can be no name, those that it has reached."""
    host = headers.get(b"host", b"")
    if _HOST.fullmatch(host):
        return host.decode()
    name, port = server or ("localhost", None)
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if port else name


def _is_own(host: bytes) -> bool:
    found = _HOST.fullmatch(host)
    name = found[1].decode().strip("[]").lower() if found else ""
    return name == "localhost" or (bool(name) and _is_loopback(name))


@lru_cache(maxsize=1000)
def _is_loopback(address: str) -> bool:
    if not address:  # a socket of this machine
        return True
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return ip.is_loopback
