"""The community's SDK, unmodified, pointed at allot: it lists, assigns, swaps, removes, and pages."""

import asyncio
from collections.abc import Iterator

import pytest

pytest.importorskip("wxc_sdk")
from wxc_sdk import WebexSimpleApi
from wxc_sdk.as_api import AsWebexSimpleApi
from wxc_sdk.as_rest import AsRestError, AsRestSession
from wxc_sdk.licenses import (
    License,
    LicenseProperties,
    LicenseRequest,
    LicenseRequestOperation,
    SiteAccountType,
    SiteUrlsRequest,
)
from wxc_sdk.rest import RestError, RestSession

from servers import ADMIN, Server

#: in the demo: someone with Standard and a number, someone with nothing
GRACE, IVAN = "grace.okello@example.com", "ivan.horvat@example.com"
PAGE = 5


@pytest.fixture
def api(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebexSimpleApi]:
    """The SDK with its address changed, as its documentation says, and nothing else."""
    monkeypatch.setattr(RestSession, "BASE", f"{server.address}/v1")
    with WebexSimpleApi(tokens=ADMIN) as made:
        yield made


def by_name(licenses: list[License]) -> dict[str, License]:
    """The licenses by their names; of two with one name the first."""
    return {each.name: each for each in reversed(licenses)}


def add(license: License, properties: LicenseProperties | None = None) -> LicenseRequest:
    return LicenseRequest(id=license.license_id, operation=LicenseRequestOperation.add, properties=properties)


def remove(license: License) -> LicenseRequest:
    return LicenseRequest(id=license.license_id, operation=LicenseRequestOperation.remove)


def test_licenses_are_listed_and_read(api: WebexSimpleApi):
    """Every license of the list can be read alone, and is the same."""
    licenses = api.licenses.list()
    assert len(licenses) == 30
    assert next(each for each in licenses if each.webex_calling_professional).total_units == 40
    assert [api.licenses.details(each.license_id) for each in licenses] == licenses


def test_holders_of_a_license_are_paged(api: WebexSimpleApi):
    """Following the pages finds every holder of a license once."""
    for license in api.licenses.list():
        holders = list(api.licenses.assigned_users(license.license_id, limit=PAGE))
        assert len({holder.id for holder in holders}) == len(holders)
        internal = [holder for holder in holders if holder.type == "INTERNAL"]
        assert len(internal) <= (license.consumed_by_users or 0) <= len(holders)


def test_people_are_paged(api: WebexSimpleApi):
    """Following the pages finds everybody once, with and without calling data."""
    people = list(api.people.list(max=PAGE))
    assert len({person.person_id for person in people}) == len(people) > 3 * PAGE
    calling = list(api.people.list(max=PAGE, calling_data=True))
    assert [person.person_id for person in calling] == [person.person_id for person in people]
    assert api.people.details(people[0].person_id).emails == people[0].emails


def test_licenses_are_assigned_and_removed(api: WebexSimpleApi):
    """A license that is added is held and counted, and is gone after it is removed."""
    licenses = by_name(api.licenses.list())
    messaging, advanced = licenses["Basic Messaging"], licenses["Advanced Messaging"]
    ivan = next(iter(api.people.list(email=IVAN)))
    answer = api.licenses.assign_licenses_to_users(person_id=ivan.person_id, licenses=[add(messaging), add(advanced)])
    assert answer.licenses == [messaging.license_id, advanced.license_id]
    assert set(api.people.details(ivan.person_id).licenses) == set(answer.licenses)
    assert api.licenses.details(advanced.license_id).consumed_units == advanced.consumed_units + 1
    answer = api.licenses.assign_licenses_to_users(email=IVAN, licenses=[remove(messaging), remove(advanced)])
    assert answer.licenses == []
    assert by_name(api.licenses.list()) == licenses


def test_the_sdk_stumbles_over_the_documented_account_type(api: WebexSimpleApi):
    """An attendee account that the SDK asks for is made, but it cannot read the answer: it expects ATTENDEE.

    Cisco documents `attendee`, and so do we answer. When this fails, the SDK has been repaired.
    """
    site = SiteUrlsRequest(site_url="mysite.webex.com", account_type=SiteAccountType.attendee)
    with pytest.raises(TypeError, match="'attendee' already in use"):
        api.licenses.assign_licenses_to_users(email=IVAN, site_urls=[site])
    assert next(iter(api.people.list(email=IVAN))).site_urls == ["mysite.webex.com#attendee"]


def test_licenses_are_swapped(api: WebexSimpleApi):
    """Standard becomes Professional in one request, and number and extension stay."""
    licenses = by_name(api.licenses.list())
    standard, professional = licenses["Webex Calling - Basic"], licenses["Webex Calling - Professional"]
    before = next(iter(api.people.list(email=GRACE, calling_data=True)))
    extension = LicenseProperties(location_id=before.location_id, extension=before.extension)
    answer = api.licenses.assign_licenses_to_users(
        email=GRACE, licenses=[remove(standard), add(professional, extension)]
    )
    assert professional.license_id in (answer.licenses or [])
    assert standard.license_id not in (answer.licenses or [])
    after = api.people.details(before.person_id, calling_data=True)
    assert (after.location_id, after.extension, after.phone_numbers) == (
        before.location_id,
        before.extension,
        before.phone_numbers,
    )


def test_a_refusal_is_read(api: WebexSimpleApi):
    """A refusal reaches the caller with Webex's code and sentence."""
    console = by_name(api.licenses.list())["Webex Calling - Attendant Console"]
    with pytest.raises(RestError) as caught:
        api.licenses.assign_licenses_to_users(email=IVAN, licenses=[add(console)])
    assert caught.value.response.status_code == 400
    assert caught.value.code == 400408
    assert "needs Webex Calling Professional" in caught.value.description


def test_people_are_created_changed_and_deleted(api: WebexSimpleApi):
    """A person is made from another one's data, renamed and deleted."""
    template = api.people.me()
    template.emails = ["new.person@example.com"]
    template.licenses = [by_name(api.licenses.list())["Basic Messaging"].license_id]
    template.roles = None
    made = api.people.create(template)
    made.display_name = "Renamed"
    assert api.people.update(made).display_name == "Renamed"
    api.people.delete_person(made.person_id)
    assert list(api.people.list(email="new.person@example.com")) == []


def test_the_asynchronous_sdk_does_the_same(server: Server, monkeypatch: pytest.MonkeyPatch):
    """The asynchronous twin of the SDK lists, pages, assigns, swaps, removes and is refused alike."""
    monkeypatch.setattr(AsRestSession, "BASE", f"{server.address}/v1")
    asyncio.run(use_asynchronously())


async def use_asynchronously() -> None:
    """The same steps, through coroutines."""
    async with AsWebexSimpleApi(tokens=ADMIN) as api:
        licenses = by_name(await api.licenses.list())
        people = [person async for person in api.people.list_gen(max=PAGE)]
        assert len({person.person_id for person in people}) == len(people) > 3 * PAGE
        suite = licenses["Webex Meetings Suite"]
        holders = await api.licenses.assigned_users(suite.license_id, limit=2)
        assert len({holder.id for holder in holders}) == len(holders) > 2
        messaging, advanced = licenses["Basic Messaging"], licenses["Advanced Messaging"]
        answer = await api.licenses.assign_licenses_to_users(email=IVAN, licenses=[add(messaging), add(advanced)])
        assert answer.licenses == [messaging.license_id, advanced.license_id]
        answer = await api.licenses.assign_licenses_to_users(email=IVAN, licenses=[remove(messaging), remove(advanced)])
        assert answer.licenses == []
        await swap_asynchronously(api, licenses)
        with pytest.raises(AsRestError) as caught:
            await api.licenses.assign_licenses_to_users(email=IVAN, licenses=[add(advanced)])
        assert caught.value.status == 400


async def swap_asynchronously(api: AsWebexSimpleApi, licenses: dict[str, License]) -> None:
    """Standard becomes Professional."""
    grace = (await api.people.list(email=GRACE, calling_data=True))[0]
    standard, professional = licenses["Webex Calling - Basic"], licenses["Webex Calling - Professional"]
    extension = LicenseProperties(location_id=grace.location_id, extension=grace.extension)
    answer = await api.licenses.assign_licenses_to_users(
        person_id=grace.person_id, licenses=[remove(standard), add(professional, extension)]
    )
    assert professional.license_id in (answer.licenses or [])
