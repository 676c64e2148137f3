"""Ways on the wire: items as the body of PATCH /licenses/users, which leaves out what it does not say."""

from collections.abc import Iterable
from typing import Literal

from allot.api.licenses import LicenseProperties, LicenseRequest, PatchUserLicenses, SiteUrlsRequest
from allot.core import ids
from allot.core.holding import Item, LicenseItem, Properties, SiteItem, UnknownItem

Verb = Literal["add", "remove"]


class _PatchToSend(PatchUserLicenses, omit_defaults=True):
    pass


class _LicenseToSend(LicenseRequest, omit_defaults=True):
    pass


class _PropertiesToSend(LicenseProperties, omit_defaults=True):
    pass


def to_send(person_id: str, org_id: str, items: Iterable[Item]) -> PatchUserLicenses:
    """The body that asks for these items of one person."""
    items = list(items)
    return _PatchToSend(
        person_id=ids.encode("PEOPLE", person_id),
        org_id=ids.encode("ORGANIZATION", org_id),
        licenses=[_license(item) for item in items if not isinstance(item, SiteItem)] or None,
        site_urls=[SiteUrlsRequest(item.url, "attendee", verb(item)) for item in items if isinstance(item, SiteItem)]
        or None,
    )


def verb(item: Item) -> Verb:
    """What to do with an item."""
    return "add" if item.add else "remove"


def _license(item: LicenseItem | UnknownItem) -> LicenseRequest:
    if isinstance(item, UnknownItem):
        return _LicenseToSend(item.id, verb(item))
    given = item.properties
    return _LicenseToSend(ids.encode("LICENSE", item.license.id), verb(item), _properties(given) if given else None)


def _properties(given: Properties) -> LicenseProperties:
    location = ids.encode("LOCATION", given.location_id) if given.location_id else None
    return _PropertiesToSend(location, given.phone_number, given.extension)
