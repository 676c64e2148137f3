"""Addresses: what kept data sets know of countries and time zones.

pycountry is loaded with the first address that is checked: it takes 20 milliseconds, which every start
would pay and few servers need.
"""

import importlib
from functools import cache
from zoneinfo import available_timezones


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2."""
    return frozenset(country.alpha_2 for country in importlib.import_module("pycountry").countries)


@cache
def time_zones() -> frozenset[str]:
    """The names of the IANA time zones."""
    return frozenset(available_timezones())
