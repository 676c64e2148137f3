"""Catalogues: what people write for licenses, sites and locations, and which ones of an organization they mean.

A license is written by its name, by an alias, by the type code of its offer, or by its id (as the API has it, or the
last part of it). What names several licenses is told apart by ` on SITE`, ` in SUBSCRIPTION`, or both, in this order.
The account of an attendee is written as the People API has it: `mysite.webex.com#attendee`. Letter case and
repeated blanks do not count.
"""

from collections.abc import Iterator
from difflib import get_close_matches

from allot.bulk.actual.organizations import offer
from allot.bulk.actual.snapshots import License, Snapshot
from allot.core import ids
from allot.core.holding import bits
from allot.core.offer import Offer
from allot.core.rulebook import Rulebook

ATTENDEE = "#attendee"
# Names that a sentence lists at most.
_SHOWN = 20
# Texts that name nothing, for which it is guessed at most what they mean.
_GUESSED = 1_000
#: names that Cisco uses for an offer besides the one of the API -> type code, and where that was seen
ALIASES = {
    "Webex Calling VAR Professional": ("BCSTD", "documented: a column of Control Hub's CSV, HELP:ih07j"),
    "Webex Calling VAR Basic": ("BCBAS", "documented: a column of Control Hub's CSV, HELP:ih07j"),
    "Webex Calling - Standard": ("BCBAS", "observed: the newer name of Basic, in a public source copy"),
    "Customer Experience Essentials": ("BCCXE", "documented: a column of Control Hub's CSV, HELP:ih07j"),
    "Customer Assist": ("BCCXE", "documented: the newer name of Customer Experience Essentials, HELP:naxx10"),
    "Professional": ("BCSTD", "ours"),
    "Standard": ("BCBAS", "ours"),
    "Attendant Console": ("BCATC", "ours"),
    "UCM": ("UCPREM", "ours"),
}


class Unclear(Exception):
    """What is written names nothing of the organization, or several things; the text says which, and what to write."""


class Catalogue:
    """What an organization has, by all that it may be called."""

    def __init__(self, snapshot: Snapshot, rulebook: Rulebook) -> None:
        self._licenses = snapshot.licenses
        self._locations = snapshot.locations
        offers = [offer(rulebook, each) for each in snapshot.licenses]
        #: bits of the licenses with which people are reached by a number or an extension
        self.calling = sum(1 << place for place, each in enumerate(offers) if each.calling)
        #: bits of those that Webex gives without counting them
        self.free = sum(1 << place for place, each in enumerate(offers) if each.free)
        self.all = (1 << len(offers)) - 1
        #: bits of the licenses that a text in lower case may mean
        self._names: dict[str, int] = {}
        for place, (license, its) in enumerate(zip(snapshot.licenses, offers, strict=True)):
            for key in _keys(license, its):
                self._names[key] = self._names.get(key, 0) | 1 << place
        #: urls of sites, and ids of subscriptions, in lower case
        self.sites = {each.site_url.lower() for each in snapshot.licenses if each.site_url}
        self.subscriptions = {each.subscription_id.lower() for each in snapshot.licenses if each.subscription_id}
        #: names of the user's own
        self._aliases: dict[str, int] = {}
        self._places: dict[str, set[str]] = {}
        for location in snapshot.locations:
            for key in (_plain(location.name), location.id.lower()):
                self._places.setdefault(key, set()).add(location.id)
        #: texts that name nothing -> the sentence; looking for what is near takes long
        self._unclear: dict[str, str] = {}

    def alias(self, name: str, meant: str) -> None:
        """Let a name of the user's own mean what another text does.

        Raises Unclear when that means nothing, or when the name means something else already by the user's own words.
        """
        found = self.any(meant)
        if self._aliases.setdefault(_plain(name), found) != found:
            raise Unclear(f"the alias `{name.strip()}` is given twice, and for different licenses; keep one of them")
        self._names[_plain(name)] = found

    def license(self, text: str) -> int:
        """The bit of the one license that a text means. Raises Unclear when there is none, or there are several."""
        found = self.any(text)
        if found & (found - 1):
            raise Unclear(self._several(text, found))
        return found

    def knows(self, text: str) -> bool:
        """Whether a text means some license."""
        return _plain(text) in self._names

    def any(self, text: str) -> int:
        """The bits of all licenses that a text may mean. Raises Unclear when there is none."""
        key = _plain(text)
        found = self._names.get(key, 0) or self._names.get((ids.decode("LICENSE", text.strip()) or "").lower(), 0)
        if not found:
            if text not in self._unclear:
                self._unclear[text] = self._no_license(key)
            raise Unclear(f"the organization has no license `{text.strip()}`; {self._unclear[text]}")
        return found

    def _no_license(self, key: str) -> str:
        # Thousands of them are of one cause, and are not shown.
        near = get_close_matches(key, self._names, 1) if len(self._unclear) < _GUESSED else []
        if near:
            return f"is it {' or '.join(f'`{self.name(place)}`' for place in bits(self._names[near[0]]))}?"
        names = list(dict.fromkeys(each.name for each in self._licenses))
        return f"it has {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}"

    def site(self, text: str) -> str:
        """The url of the site whose attendee account a text means. Raises Unclear when there is no such site."""
        url = text.strip().lower().removesuffix(ATTENDEE).removeprefix("https://").rstrip("/")
        if url not in self.sites:
            had = ", ".join(sorted(self.sites)) or "none"
            raise Unclear(f"no license of the organization is for the site `{url}`; sites are: {had}")
        return url

    def location(self, text: str) -> str:
        """The id of the location that a text means, by name or id. Raises Unclear when there is none, or several."""
        key = _plain(text)
        found = self._places.get(key) or self._places.get((ids.decode("LOCATION", text.strip()) or "").lower(), set())
        if len(found) == 1:
            return next(iter(found))
        if found:
            raise Unclear(
                f"{len(found)} locations are called `{text.strip()}`; write the id: {', '.join(sorted(found))}"
            )
        if text not in self._unclear:
            self._unclear[text] = self._no_location(key)
        raise Unclear(f"the organization has no location `{text.strip()}`; {self._unclear[text]}")

    def _no_location(self, key: str) -> str:
        names = [_plain(each.name) for each in self._locations]
        near = get_close_matches(key, names, 1) if len(self._unclear) < _GUESSED else []
        if near:
            return f"is it {next(each.name for each in self._locations if _plain(each.name) == near[0])}?"
        shown = sorted(each.name for each in self._locations)
        return f"it has {', '.join(shown[:_SHOWN]) or 'none'}{', …' if len(shown) > _SHOWN else ''}"

    def name(self, place: int) -> str:
        """How the license at a place is called in a sentence, so that it is found by it."""
        return self._qualified(place, self._names[_plain(self._licenses[place].name)])

    def _several(self, text: str, found: int) -> str:
        shown = "; ".join(f"`{self._qualified(place, found)}` ({self._licenses[place].id})" for place in bits(found))
        return f"`{text.strip()}` may be any of {found.bit_count()} licenses; write one of: {shown}"

    def _qualified(self, place: int, among: int) -> str:
        license = self._licenses[place]
        others = [self._licenses[each] for each in bits(among & ~(1 << place))]
        text = license.name
        if license.site_url and any(each.site_url != license.site_url for each in others):
            text += f" on {license.site_url}"
        if license.subscription_id and any(each.subscription_id != license.subscription_id for each in others):
            text += f" in {license.subscription_id}"
        return text if self._names[_plain(text)] == 1 << place else license.id


def _keys(license: License, its: Offer) -> Iterator[str]:
    """All that a license may be called, in lower case."""
    yield license.id.lower()
    names = [license.name, its.name, its.code, *(name for name, (code, _) in ALIASES.items() if code == its.code)]
    for name in {_plain(each) for each in names}:
        on = f"{name} on {license.site_url.lower()}" if license.site_url else name
        yield from {name, on}
        if license.subscription_id:
            yield from {f"{each} in {license.subscription_id.lower()}" for each in (name, on)}


def _plain(text: str) -> str:
    return " ".join(text.split()).lower()
