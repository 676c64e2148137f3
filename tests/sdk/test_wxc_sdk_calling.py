"""The unmodified SDK wxc_sdk against the server: locations, numbers, extensions."""

from collections.abc import Iterator

import pytest

pytest.importorskip("wxc_sdk")
from wxc_sdk import WebexSimpleApi
from wxc_sdk.rest import RestError, RestSession

from servers import ADMIN, Server

NEW = ["+493023125000", "+493023125001"]


@pytest.fixture
def api(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebexSimpleApi]:
    """The SDK, pointed at the server as its documentation says."""
    monkeypatch.setattr(RestSession, "BASE", f"{server.address}/v1")
    with WebexSimpleApi(tokens=ADMIN) as made:
        yield made


def create(api: WebexSimpleApi) -> str:
    """The id of a new location."""
    id: str = api.locations.create(
        name="Berlin",
        time_zone="Europe/Berlin",
        preferred_language="de_de",
        announcement_language="de_de",
        address1="Unter den Linden 1",
        city="Berlin",
        state="",
        postal_code="10117",
        country="DE",
        latitude="52.517",
    )
    return id


def test_locations_are_created_changed_and_deleted(api: WebexSimpleApi):
    """What the SDK reads it can write back, with members that PUT does not know."""
    id = create(api)
    details = api.locations.details(id)
    assert (details.name, details.latitude, details.address.country) == ("Berlin", 52.517, "DE")
    details.name, details.address.city = "Potsdam", "Potsdam"
    api.locations.update(id, details)
    assert [location.name for location in api.locations.list(max=2)] == [
        "Denver",
        "London",
        "Potsdam",
        "San Jose",
        "Sydney",
    ]
    found = api.locations.by_name("Potsdam")
    assert found is not None
    assert found.address.city == "Potsdam"
    api.locations.delete(id)
    with pytest.raises(RestError) as refused:
        api.locations.details(id)
    assert refused.value.response.status_code == 404


def test_numbers_are_added_switched_and_removed(api: WebexSimpleApi):
    """Numbers enable calling; the SDK adds them inactive."""
    id = create(api)
    assert api.telephony.location.number.add(id, NEW).errors == []
    api.telephony.location.number.activate(id, NEW[:1])
    found = list(api.telephony.phone_numbers(location_id=id))
    assert [(number.phone_number, number.state) for number in found] == [(NEW[0], "ACTIVE"), (NEW[1], "INACTIVE")]
    assert api.telephony.location.details(id).name == "Berlin"
    api.telephony.location.number.remove(id, NEW)
    assert list(api.telephony.phone_numbers(location_id=id)) == []


def test_the_inventory_is_paged_and_counted(api: WebexSimpleApi):
    """In every order that Webex has, with owners; counts fit what is listed."""
    count = api.telephony.phone_number_details()
    for order in ("dn", "extension", "lastName"):
        found = list(api.telephony.phone_numbers(order=order, max=7))
        assert len(found) == count.total
        assert sum(number.owner is not None for number in found) == count.assigned + count.extension_only
    owner = next(number.owner for number in found if number.owner)
    read = api.person_settings.numbers.read(owner.owner_id, prefer_e164_format=True)
    assert read.phone_numbers[0].primary


def test_extensions_and_call_parks_are_read(api: WebexSimpleApi):
    """A free extension is valid, one of a call park is not."""
    park = next(iter(api.telephony.callpark_extension.list()))
    said = api.telephony.location.validate_extensions(park.location_id, [park.extension, "4999"])
    assert not said.ok
    assert [each.ok for each in said.extension_status or ()] == [False, True]
    assert api.telephony.location.validate_extensions(park.location_id, ["4999"]).ok
    assert len(list(api.telephony.location.list(order="desc"))) == 3
