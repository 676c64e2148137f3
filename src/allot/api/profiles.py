"""A person on the wire: what a request says of them, and what an answer shows."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from allot.core import ids
from allot.core.holding import EXTENSION, Properties
from allot.core.license import License
from allot.core.role import ROLES
from allot.core.wish import Wish
from allot.service.people import Draft
from allot.service.searches import Seen
from allot.wire.forms import invalid
from allot.wire.operation import Request
from allot.wire.values import ITEMS_MAX, check_email, check_length, e164, site_url

TEXT_MAX = 256
URL_MAX = 2_000
ADDRESSES_MAX = 20
_ATTENDEE = "#attendee"


class PhoneNumber(msgspec.Struct, omit_defaults=True):
    type: str | None = None
    value: str | None = None
    primary: bool | None = None


class Address(msgspec.Struct, rename="camel", omit_defaults=True):
    type: str | None = None
    country: str | None = None
    locality: str | None = None
    region: str | None = None
    street_address: str | None = None
    postal_code: str | None = None


class CreatePerson(msgspec.Struct, rename="camel"):
    """The body of POST /people. Members that are not listed are ignored, as Webex does."""

    emails: list[str] | None = None
    phone_numbers: list[PhoneNumber] | None = None
    extension: str | None = None
    location_id: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    avatar: str | None = None
    org_id: str | None = None
    roles: list[str] | None = None
    licenses: list[str] | None = None
    department: str | None = None
    manager: str | None = None
    manager_id: str | None = None
    title: str | None = None
    addresses: list[Address] | None = None
    site_urls: list[str] | None = None


class UpdatePerson(CreatePerson):
    """The body of PUT /people/{personId}: all that the person shall be."""

    #: documented as boolean here, and as text in what is answered: both are taken
    login_enabled: bool | str | None = None


class CodeAndReason(msgspec.Struct):
    code: str
    reason: str


class Person(msgspec.Struct, rename="camel"):
    """A person. Members that do not apply are absent. Source: Cisco's schema of the same name.

    `errors` is as observed: what a request asked for and could not be assigned.
    """

    id: str
    emails: list[str] | UnsetType = UNSET
    phone_numbers: list[PhoneNumber] | UnsetType = UNSET
    extension: str | UnsetType = UNSET
    location_id: str | UnsetType = UNSET
    display_name: str | UnsetType = UNSET
    nick_name: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    avatar: str | UnsetType = UNSET
    org_id: str | UnsetType = UNSET
    roles: list[str] | UnsetType = UNSET
    licenses: list[str] | UnsetType = UNSET
    department: str | UnsetType = UNSET
    manager: str | UnsetType = UNSET
    manager_id: str | UnsetType = UNSET
    title: str | UnsetType = UNSET
    addresses: list[Address] | UnsetType = UNSET
    created: str | UnsetType = UNSET
    last_modified: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    last_activity: str | UnsetType = UNSET
    site_urls: list[str] | UnsetType = UNSET
    status: str | UnsetType = UNSET
    invite_pending: str | UnsetType = UNSET
    login_enabled: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    errors: dict[str, CodeAndReason] | UnsetType = UNSET


# Kept by their names in Webex; the first are shown to everybody, the others to administrators.
_NAMES = {"nickName": "nick_name", "firstName": "first_name", "lastName": "last_name", "avatar": "avatar"}
_BUSINESS = {
    "department": "department",
    "manager": "manager",
    "managerId": "manager_id",
    "title": "title",
    "addresses": "addresses",
}


def read_new(request: Request, body: CreatePerson) -> Draft:
    """The body of a POST. Raises Failure naming every fault of form; the organization is set by the caller."""
    found: list[str] = []
    draft = _read(request, found, body)
    if draft.email is None:
        found.append("emails: one email address is required")
    if not draft.display_name:
        draft.display_name = " ".join(text for text in (body.first_name, body.last_name) if text).strip()
        if not draft.display_name:
            found.append("displayName, firstName, lastName: at least one of them is required")
    if found:
        raise invalid(found)
    # Nobody who was just created has signed in yet.
    draft.details |= {"invitePending": True, "status": "pending"}
    return draft


def read_changed(request: Request, body: UpdatePerson, *, all_types: bool) -> Draft:
    """The body of a PUT. Raises Failure naming every fault of form."""
    found: list[str] = []
    draft = _read(request, found, body)
    if not draft.display_name:
        found.append("displayName: is required")
    if str(body.login_enabled).lower() not in ("true", "false", "none"):
        found.append("loginEnabled: must be true or false")
    if found:
        raise invalid(found)
    draft.wish.only_attendee = all_types
    if body.login_enabled is not None:
        draft.details["loginEnabled"] = str(body.login_enabled).lower() == "true"
    return draft


def _read(request: Request, found: list[str], body: CreatePerson) -> Draft:
    details: dict[str, Any] = {
        member: _text(found, member, getattr(body, name))
        for member, name in (_NAMES | _BUSINESS).items()
        if member not in ("nickName", "avatar", "addresses")
    }
    details["nickName"] = details["firstName"]  # documented: set so, whatever the request says
    details["addresses"] = _addresses(found, body.addresses or [])
    if body.avatar:
        details["avatar"] = _text(found, "avatar", body.avatar, URL_MAX)
    draft = Draft(request.call, "", "", _text(found, "displayName", body.display_name) or "")
    draft.email = _email(found, body.emails)
    draft.details = details
    draft.roles = _roles(found, body.roles)
    draft.wish = Wish(_licenses(found, body.licenses), _attendee(found, body.site_urls))
    draft.wish.properties = _properties(found, body)
    return draft


def _text(found: list[str], name: str, text: str | None, most: int = TEXT_MAX) -> str | None:
    if text and len(text) > most:
        found.append(f"{name}: at most {most} characters")
    return (text or "").strip() or None


def _addresses(found: list[str], addresses: list[Address]) -> list[dict[str, str]] | None:
    if len(addresses) > ADDRESSES_MAX:
        found.append(f"addresses: at most {ADDRESSES_MAX} of a person")
        return None
    told: list[dict[str, str]] = msgspec.to_builtins(addresses)
    for n, address in enumerate(told):
        for member, text in address.items():
            _text(found, f"addresses[{n}].{member}", text)
    return told or None


def _email(found: list[str], emails: list[str] | None) -> str | None:
    """The first email, which is the primary one; documented: several are accepted, and only one is used."""
    for n, email in enumerate(emails or ()):
        check_email(found, f"emails[{n}]", email)
    return emails[0].strip().lower() if emails else None


def _each(listed: list[str]) -> list[str]:
    """The ids one by one: Cisco's examples write several licenses, and several roles, into one text."""
    return [text for several in listed for text in several.split(",") if text]


def _roles(found: list[str], roles: list[str] | None) -> list[str] | None:
    if roles is None:
        return None
    values = {text: ids.decode("ROLE", text) or text for text in _each(roles)}
    found += [f"roles: {text[:200]} is no role; GET /roles lists them" for text in values if values[text] not in ROLES]
    return list(dict.fromkeys(values.values()))


def _licenses(found: list[str], licenses: list[str] | None) -> dict[str, str] | None:
    if licenses is None:
        return None
    texts = _each(licenses)
    if len(texts) > ITEMS_MAX:
        found.append(f"licenses: at most {ITEMS_MAX} in one request")
    for text in texts[:ITEMS_MAX]:
        check_length(found, "licenses", text)
    return {ids.decode("LICENSE", text) or text: text for text in texts[:ITEMS_MAX]}


def _attendee(found: list[str], site_urls: list[str] | None) -> list[str] | None:
    """The sites to be attendee of; a site without `#attendee` is where one is host, which a license decides."""
    if site_urls is None:
        return None
    if len(site_urls) > ITEMS_MAX:
        found.append(f"siteUrls: at most {ITEMS_MAX} in one request")
    urls: dict[str, None] = {}
    for n, text in enumerate(site_urls[:ITEMS_MAX]):
        check_length(found, f"siteUrls[{n}]", text)
        url, mark, role = text.strip().lower().partition("#")
        if role not in ("attendee", "host") and mark:
            found.append(f"siteUrls[{n}]: must be the url of a site, with #attendee to be attendee there")
        if mark + role == _ATTENDEE:
            urls[site_url(url)] = None
    return list(urls)


def _properties(found: list[str], body: CreatePerson) -> Properties | None:
    for text in (body.location_id, *(each.value for each in body.phone_numbers or ())):
        check_length(found, "locationId, phoneNumbers", text)
    numbers = {e164(each.value) for each in body.phone_numbers or () if each.type in (None, "work") and each.value}
    if len(numbers) > 1:
        found.append("phoneNumbers: only one number of type work is possible")
    if body.extension and not EXTENSION.fullmatch(body.extension):
        found.append("extension: must be 2 to 10 digits, without the routing prefix")
    if not (numbers or body.extension or body.location_id):
        return None
    location = (ids.decode("LOCATION", body.location_id) or body.location_id) if body.location_id else None
    return Properties(location, min(numbers, default=None), body.extension or None)


def show(seen: Seen, *, admin: bool, rights: bool = True, calling: bool = False, presence: bool = True) -> Person:
    """A person as the caller may see them: only an `admin` sees rights and calling details."""
    person, profile = seen.person, seen.profile
    shown = Person(ids.encode("PEOPLE", person.id), [person.email])
    shown.display_name = profile.display_name
    shown.org_id = ids.encode("ORGANIZATION", person.home_org_id)
    shown.created, shown.last_modified, shown.type = profile.created, profile.last_modified, "person"
    for member, name in (_NAMES | _BUSINESS if admin and rights else _NAMES).items():
        setattr(shown, name, profile.details.get(member, UNSET))
    shown.timezone = profile.details.get("timezone", UNSET)
    if presence and not person.external:
        shown.status = profile.details.get("status", "unknown")
        shown.last_activity = profile.details.get("lastActivity", UNSET)
    if admin and rights:
        _show_rights(shown, seen)
    if admin and calling:
        _show_calling(shown, seen)
    return shown


def _show_rights(shown: Person, seen: Seen) -> None:
    person, profile = seen.person, seen.profile
    if profile.roles:
        shown.roles = [ids.encode("ROLE", role) for role in profile.roles]
    held: list[License] = seen.organization.held(person.holding.licenses & ~person.pending_licenses)
    shown.licenses = [ids.encode("LICENSE", license.id) for license in held]
    shown.site_urls = [url + _ATTENDEE for url in sorted(person.holding.attendee - person.pending_sites)]
    shown.site_urls += [license.site_url for license in held if license.site_url]
    if not person.external:  # only to administrators of the person's own organization
        shown.invite_pending = "true" if profile.details.get("invitePending") else "false"
        shown.login_enabled = "true" if profile.details.get("loginEnabled", True) else "false"


def _show_calling(shown: Person, seen: Seen) -> None:
    calling = seen.person.holding.calling
    if calling is None:
        return
    shown.location_id = ids.encode("LOCATION", calling.location_id)
    shown.phone_numbers = []
    if calling.phone_number:
        shown.phone_numbers.append(PhoneNumber("work", calling.phone_number, True))
    if calling.extension:
        shown.extension = calling.extension
        whole = (seen.routing_prefix or "") + calling.extension
        shown.phone_numbers.append(PhoneNumber("work_extension", whole, not calling.phone_number))


_UNCALLED = (
    "extension, locationId and phoneNumbers are of a calling license, and the person has none, so that they were not"
    " taken; name one in licenses, or leave them out"
)


def refusals(seen: Seen) -> dict[str, CodeAndReason] | UnsetType:
    """What a request asked for and did not get, by rule."""
    found = {fault.rule.id: CodeAndReason(str(fault.code), fault.description) for fault in seen.faults}
    if seen.uncalled:
        found["no-calling-license"] = CodeAndReason("400", _UNCALLED)
    return found or UNSET
