"""Addresses on the wholesale wire: their shape, and what makes them valid."""

import msgspec

from allot.service import addresses

LINE_MAX = 50
TEXT_MAX = 256


class Address(msgspec.Struct, rename="camel", omit_defaults=True, kw_only=True):
    """A postal address, its members in the order of Cisco's examples; `country` is ISO 3166-1 alpha-2."""

    address_line1: str
    address_line2: str | None = None
    city: str
    state_or_province: str | None = None
    zip_or_postal_code: str | None = None
    country: str


def check_address(found: list[str], path: str, address: Address) -> dict[str, str]:
    """The members of an address as they are kept, its country in upper case; faults are added to `found`."""
    told: dict[str, str] = {name: value for name, value in msgspec.to_builtins(address).items() if value}
    blank = [name for name in ("addressLine1", "city", "country") if not told.get(name, "").strip()]
    found += [f"{path}.{name}: must not be empty" for name in blank]
    for name, value in told.items():
        most = LINE_MAX if name.startswith("addressLine") else TEXT_MAX
        if len(value) > most:
            found.append(f"{path}.{name}: may have at most {most} characters")
    country = told.get("country", "").upper()
    if not country:
        return told
    if country not in addresses.countries():
        found.append(f"{path}.country: {country[:20]} is no two-letter code of ISO 3166-1")
        return told
    told["country"] = country
    _check_state(found, path, country, told.get("stateOrProvince", ""))
    if addresses.needs_postal_code(country) and not told.get("zipOrPostalCode", "").strip():
        found.append(f"{path}.zipOrPostalCode: is missing; addresses in {country} need it")
    return told


def _check_state(found: list[str], path: str, country: str, state: str) -> None:
    if not addresses.needs_state(country):
        return
    if not state.strip():
        found.append(f"{path}.stateOrProvince: is missing; addresses in {country} need it")
    elif state.upper() not in addresses.states(country):
        found.append(f"{path}.stateOrProvince: {state[:20]} is no code of ISO 3166-2:{country}")


def check_time_zone(found: list[str], path: str, text: str) -> None:
    """Add a fault for a text that is no IANA time zone."""
    if text not in addresses.time_zones():
        found.append(f"{path}: is no time zone; send its IANA name, as America/Chicago")


def check_language(found: list[str], path: str, text: str) -> None:
    """Add a fault for a text that is no language."""
    if len(text) > 10 or not addresses.is_language(text):
        found.append(f"{path}: is no language of ISO 639-1, alone or with a country of ISO 3166-1, as en or en_US")
