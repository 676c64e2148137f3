"""From what a person shall hold to the items that lead there."""

from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties, SiteItem, UnknownItem
from allot.core.license import License
from allot.core.organization import Organization
from allot.core.person import Person, name_key, name_range
from allot.core.wish import Wish, first_items, items_to_become
from servers import rulebook

OFFERS = ("BCSTD", "FMS", "FMS", "FSS", "FTC", "EE")


def organization(**used: int) -> Organization:
    """A license of each offer, in this order, with 2 units; the ids are the offers' codes, with a 2 for the second."""
    licenses = {}
    for number, code in enumerate(OFFERS):
        id = code if code not in licenses else f"{code}2"
        licenses[id] = License(number, id, rulebook().offers[code], id, 2, "strict", used.get(id, 0))
    return Organization("org", licenses)


def person(organization: Organization, *held: str, pending: str = "", **holding: object) -> Person:
    bits = sum(organization.licenses[id].bit for id in held)
    made = Person("org", "me", "home" if pending else "org", "me@example.com", Holding(bits)._replace(**holding))
    made.pending_licenses = organization.licenses[pending].bit if pending else 0
    return made


def shown(items: list[Item]) -> list[str]:
    """Items as + or - and what they are about."""
    names = []
    for item in items:
        name = item.url if isinstance(item, SiteItem) else item.id if isinstance(item, UnknownItem) else item.license.id
        names.append(("+" if item.add else "-") + name)
    return names


def test_a_new_person_asks_for_the_default_offers_once_each() -> None:
    """Without wishes: one license of each default offer."""
    assert shown(first_items(rulebook(), organization(), Wish())) == ["+FTC", "+FSS", "+FMS"]


def test_a_new_person_asks_for_what_is_wished_and_the_implicit() -> None:
    """Wished licenses replace the default ones, never the implicit one, which is not asked for twice."""
    properties = Properties("here", None, "123")
    wish = Wish({"BCSTD": "BCSTD", "x": "sent"}, ["site"], properties=properties)
    items = first_items(rulebook(), organization(), wish)
    assert shown(items) == ["+BCSTD", "+sent", "+FSS", "+site"]
    assert [item.properties for item in items if isinstance(item, LicenseItem)] == [properties, None]
    assert shown(first_items(rulebook(), organization(), Wish({"FSS": "FSS"}))) == ["+FSS"]


def test_nothing_is_asked_when_nothing_is_wished() -> None:
    """An empty wish leaves everything as it is."""
    one = organization()
    assert items_to_become(one, person(one, "BCSTD", calling=Calling("here", None, "123")), Wish()) == []


def test_the_difference_is_asked_for() -> None:
    """What is held and not wished goes, what is wished and not held comes; what is pending stays unless wished."""
    one = organization()
    wish = Wish({"EE": "EE", "FMS": "FMS", "x": "sent"}, ["new", "old"])
    held = person(one, "BCSTD", "FMS", "FTC", pending="FTC", attendee=frozenset({"old", "other"}))
    assert shown(items_to_become(one, held, wish)) == ["+EE", "+sent", "-BCSTD", "+new"]
    wish.only_attendee = True
    assert shown(items_to_become(one, held, wish)) == ["+EE", "+sent", "-BCSTD", "+new", "-other"]


def test_calling_properties_are_completed_by_what_is() -> None:
    """A number or extension that is not wished stays; only a change is asked for."""
    one = organization()
    held = person(one, "BCSTD", calling=Calling("here", "+1", "123"))
    asked = items_to_become(one, held, Wish(properties=Properties(None, None, "456")))
    assert [item.properties for item in asked if isinstance(item, LicenseItem)] == [Properties("here", "+1", "456")]
    assert items_to_become(one, held, Wish(properties=Properties("here", "+1", None))) == []


def test_keys_of_names_are_found_by_their_beginning() -> None:
    """A key is within the range of each of its beginnings, whatever its letter case, and of no other text."""
    for name in ("Zoë", "ZOË", "zoë \U0010ffff", "z"):
        first, end = name_range("Z")
        assert first <= name_key(name) < end
        first, end = name_range("")
        assert first <= name_key(name) < end
    first, end = name_range("zo")
    assert not first <= name_key("zebra") < end
    assert not first <= name_key("zp") < end
