"""Options of the command line say what is desired as one small bundle does."""

import pytest

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired import readers
from allot.bulk.desired.desires import DesireFault, Reading, show
from allot.bulk.desired.flags import Flags
from bulk.desiring import Told, told
from bulk.planning import ADVANCED, BASIC, BERLIN, MESSAGING, PRO, SITE, small, want
from servers import rulebook


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small(tmp_path_factory.mktemp("flags"))


def read(snapshot: Snapshot, flags: Flags) -> Told:
    return told(snapshot, readers.options(flags, snapshot, rulebook(), Reading(aliases={"Chat": "MS"})))


def test_licenses_for_a_pattern(snapshot: Snapshot):
    """Whoever fits any --who gets what --add says, and loses what --remove says."""
    found = read(snapshot, Flags(("person1@*", "PERSON2@example.com"), ("Chat",), ("Standard", f"{SITE}#attendee")))
    expected = want(ADVANCED, lack=[BASIC], leave=(SITE,))
    assert found == Told({"person1@example.com": expected, "person2@example.com": expected}, [], [])


def test_calling_for_one_person(snapshot: Snapshot):
    """A number, an extension and a location go with the calling license that is added."""
    flags = Flags(
        ("person3@example.com",), ("BCSTD in Sub-1",), location="Berlin", extension="3003", number="4930901820"
    )
    found = read(snapshot, flags)
    members = {"location_id": BERLIN, "extension": "3003", "phone_number": "+4930901820"}
    assert found.wants == {"person3@example.com": want(PRO, **members)}
    assert found.notices == ["the plus of +4930901820 was lost, and was put back"]


def test_exact(snapshot: Snapshot):
    """--exact takes all else that is not free."""
    found = read(snapshot, Flags(("person1@example.com",), exact=("Chat",)))
    each = found.wants["person1@example.com"]
    assert (each.have, each.lack >> BASIC & 1, each.lack >> MESSAGING & 1) == (1 << ADVANCED, 1, 0)


def test_who_is_not_there(snapshot: Snapshot):
    """An email of nobody is missing, and a pattern that fits nobody is noticed."""
    assert read(snapshot, Flags(("x@example.com",), ("Chat",))).missing == [(None, "x@example.com")]
    assert read(snapshot, Flags(("q*",), ("Chat",))).notices == ["--who is for nobody in the snapshot"]


def test_all_faults_are_told_at_once(snapshot: Snapshot):
    """Each fault names its option."""
    with pytest.raises(DesireFault) as caught:
        read(snapshot, Flags(("x", "*"), ("Foo", "Professional"), ("Chat",), ("MS",), "Bern", "1", "2"))
    starts = [show("", fault)[2:].partition(":")[0] for fault in caught.value.faults]
    assert sorted(starts) == [
        "--add",
        "--add",
        "--exact",
        "--extension",
        "--extension",
        "--location",
        "--number",
        "--number",
        "--who",
    ]
    assert str(caught.value).startswith("the options, --who: `x` is no email, and no pattern as *@example.com\n")


def test_something_must_be_said(snapshot: Snapshot):
    """Options that do not say who, or what, are faults."""
    with pytest.raises(DesireFault, match=r"^the options, --who: it is not said who; for everybody it is --who '\*'$"):
        read(snapshot, Flags((), ("Chat",)))
    with pytest.raises(DesireFault, match=r"^the options, --who: it does not say what; write `add`, `remove` or"):
        read(snapshot, Flags(("*",)))
