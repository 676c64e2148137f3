"""Access: whether a client is on this machine."""

import ipaddress
from collections.abc import Collection
from functools import lru_cache

# A proxy on this machine brings clients from elsewhere, and says so in one of these.
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip", b"via")


def is_near(address: str, headers: Collection[bytes]) -> bool:
    """Whether a client of this address is on this machine, and not behind a proxy; without an address it is."""
    return _is_loopback(address) and not any(name in headers for name in FORWARDED)


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
