"""Files that are damaged in any way are read or refused with sentences; nothing else ever comes out."""

import random
import time
from collections.abc import Callable

import pytest

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.desires import ADD, ADD_AND_REMOVE, DesireFault, Fault
from bulk.desiring import read
from bulk.planning import small

#: name of a file -> a text that is good
GOOD = {
    "list.csv": (
        b"email,add,remove,location,extension,number\n"
        b"person1@example.com,Professional in Sub-1,Standard,Berlin,1001,14085550101\n"
        b'"a@b","MS;FMS",,,,\n'
    ),
    "hub.csv": (
        b"User ID/Email (Required),Webex Calling VAR Professional [Sub-1],Location,Phone Number,Extension,Other\n"
        b"person1@example.com,TRUE,Berlin,+4930901820,22,FALSE\n"
    ),
    "bundles.yaml": (
        b"aliases: {D: MS}\ngroups: {g: [a@b]}\nbundles:\n"
        b"  - {name: x, who: {email: '*', holds: D, group: g}, add: [D], calling: {location: Berlin}}\n"
    ),
}
PIECES = [
    *(b"\0", b'"', b",", b";", b"\n", b"\r", b"\xff", b"\xe9", b"'", b"{", b"[", b"*", b"&a ", b"*a", b"\t", b":"),
    *(b"- ", b"!!x ", b"? ", b"|", b"\xef\xbb\xbf", b"\xff\xfe", b"1e5", b"%"),
]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small(tmp_path_factory.mktemp("readers"))


def damaged(good: bytes, chance: random.Random) -> bytes:
    """The text with some bytes lost, put in, or changed."""
    text = bytearray(good)
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(text) + 1)
        kind = chance.randrange(3)
        if kind == 0:
            del text[at : at + chance.randrange(1, 6)]
        elif kind == 1:
            text[at:at] = chance.choice(PIECES)
        elif at < len(text):
            text[at] = chance.randrange(256)
    return bytes(text)


def try_one(snapshot: Snapshot, chance: random.Random) -> None:
    name = chance.choice(list(GOOD))
    encoding = chance.choice([None, None, "latin-1", "utf-16"])
    text = damaged(GOOD[name], chance)
    found: list[Fault] | None = None
    try:
        read(snapshot, text, name, mode=chance.choice([ADD, ADD_AND_REMOVE]), encoding=encoding)
    except DesireFault as fault:
        found = fault.faults
    assert found != [], text
    assert all(each.what and (each.line is None or each.line > 0) for each in found or ()), text


def test_good_files_are_good(snapshot: Snapshot):
    """What is damaged below is read as long as it is not."""
    for name, text in GOOD.items():
        read(snapshot, text, name)


def test_damaged_files_are_refused(snapshot: Snapshot):
    """Some hundred damaged files are read, or refused with a place and a sentence."""
    chance = random.Random(20261122)
    for _ in range(300):
        try_one(snapshot, chance)


@pytest.mark.long
def test_many_damaged_files_are_refused(snapshot: Snapshot, counted: Callable[[str], None]):
    """The same, for ten seconds, with other damage every time."""
    seed, done, end = random.randrange(1 << 32), 0, time.monotonic() + 10
    chance = random.Random(seed)
    while time.monotonic() < end:
        try_one(snapshot, chance)
        done += 1
    counted(f"{done:,} damaged files, seed {seed}")
    assert done > 100


def test_the_file_is_named_as_it_was_given(snapshot: Snapshot):
    """Faults begin with the file's name, as the user wrote it."""
    with pytest.raises(DesireFault) as caught:
        read(snapshot, b"email,add\nx,MS\n", "some list.csv")
    assert str(caught.value).startswith(f"{snapshot.file.path.parent / 'some list.csv'}, line 2, column email: ")
