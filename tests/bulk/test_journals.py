"""Journals of applies: what is kept, what is forgiven, and what is refused."""

import fcntl
import resource
from pathlib import Path

import pytest

from allot.bulk.applied import journals
from allot.bulk.applied.journals import (
    BEGUN,
    DONE,
    FAILED,
    GONE,
    PARTLY,
    REFUSED,
    SENT,
    STALE,
    Entry,
    Journal,
    JournalFault,
    past,
)

PLAN, ADDRESS = "sha256:4f0c", "http://127.0.0.1:8080/v1"
HEAD = f'{{"plan":"{PLAN}","address":"{ADDRESS}"}}\n'
#: nested deeper than anything is read
DEEP = "[" * 200_000 + "]" * 200_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acme.plan.journal"


def kept(path: Path) -> dict[int, Entry]:
    with Journal(path, PLAN, ADDRESS) as journal:
        return journal.entries


def write(path: Path, *entries: Entry) -> None:
    with Journal(path, PLAN, ADDRESS) as journal:
        for entry in entries:
            journal.write(entry)
        journal.sync()


def test_the_last_line_of_a_change_counts(path: Path):
    """A journal that is opened again has the last entry of each change."""
    write(path, Entry(1, SENT, tracking_id="ALLOT_1"), Entry(2, STALE, "has no Advanced Messaging"))
    write(path, Entry(1, DONE, tracking_id="ALLOT_1"))
    assert kept(path) == {1: Entry(1, DONE, tracking_id="ALLOT_1"), 2: Entry(2, STALE, "has no Advanced Messaging")}
    assert path.read_text().splitlines() == [
        '{"plan":"sha256:4f0c","address":"http://127.0.0.1:8080/v1","allot":"journal","version":1}',
        '{"number":1,"outcome":"sent","trackingId":"ALLOT_1"}',
        '{"number":2,"outcome":"stale","what":"has no Advanced Messaging"}',
        '{"number":1,"outcome":"done","trackingId":"ALLOT_1"}',
    ]


@pytest.mark.parametrize(
    ("outcomes", "begun"),
    [
        ([BEGUN, STALE], True),
        ([PARTLY, REFUSED, GONE, STALE], True),
        ([FAILED, REFUSED], True),
        ([REFUSED, STALE], False),
        ([STALE, REFUSED], False),
        ([SENT, DONE], False),
    ],
)
def test_what_was_begun_is_not_forgotten(path: Path, outcomes: list[str], begun: bool):
    """A line that does not say that something was done before has it beside, also where it was written without."""
    write(path, *(Entry(1, outcome) for outcome in outcomes))
    assert kept(path)[1].begun is begun
    path.write_text(path.read_text().replace(',"ours":true', ""))
    assert kept(path)[1].begun is begun


def test_a_torn_line_is_forgotten(path: Path):
    """Cut at any byte, a journal has the entries of the lines that are whole, and goes on after them."""
    write(path, Entry(1, DONE), Entry(2, DONE))
    whole = path.read_bytes()
    first, second = (whole.index(b"\n", whole.index(line)) + 1 for line in (b'{"number":1', b'{"number":2'))
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        write(path, Entry(3, DONE))
        expected = {number for number, end in ((1, first), (2, second)) if size >= end} | {3}
        assert set(kept(path)) == expected, size


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"plan":"sha256:aaaa","address":"http://127.0.0.1:8080/v1"}\n', "is the journal of another plan"),
        ('{"plan":"sha256:4f0c","address":"https://webexapis.com/v1"}\n', "at https://webexapis.com/v1, not at http"),
        ('{"plan":"sha256:4f0c","address":"x","version":2}\n', "is no journal that this allot reads"),
        ("dear diary\n", "is no journal of allot"),
        ("dear diary", "is no journal of allot"),
        pytest.param(f'{{"x":{DEEP}}}\n', "is no journal of allot", id="nested head"),
        pytest.param(f'{HEAD}{{"x":{DEEP}}}\n', "line 2: is no line of a journal", id="nested line"),
        (f'{{"plan":"{PLAN}","address":"{ADDRESS}"}}\n{{"number":1,"outcome":"done"}}\nx\n', "line 3: is no line of a"),
    ],
)
def test_what_is_not_this_journal_is_refused(path: Path, text: str, what: str):
    """Another plan's, another address's, no journal at all: a sentence, and the file is left alone."""
    path.write_text(text)
    with pytest.raises(JournalFault) as caught:
        Journal(path, PLAN, ADDRESS)
    assert what in str(caught.value)
    assert str(caught.value).endswith(("name another one with --journal", "everybody is read again"))
    assert path.read_text() == text


def test_what_was_applied_is_only_read(path: Path):
    """A rollback needs no right to write the journal, cuts off no torn line, and waits for no other reader."""
    write(path, Entry(1, DONE), Entry(2, REFUSED))
    whole = path.read_bytes() + b'{"number":3,"outc'
    path.write_bytes(whole)
    path.chmod(0o444)
    with path.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        assert past(path, PLAN) == {1: Entry(1, DONE), 2: Entry(2, REFUSED)}
    assert path.read_bytes() == whole
    with pytest.raises(JournalFault, match="is the journal of another plan"):
        past(path, "sha256:aaaa")
    path.chmod(0o644)
    with Journal(path, PLAN, ADDRESS), pytest.raises(JournalFault, match="is being applied by another process"):
        past(path, PLAN)


def test_a_journal_is_used_by_one_at_a_time(path: Path):
    """Who comes second is told so, and may come again when the first has ended."""
    with Journal(path, PLAN, ADDRESS), pytest.raises(JournalFault, match="is being applied by another process"):
        Journal(path, PLAN, ADDRESS)
    assert kept(path) == {}


def test_a_full_disk_is_told(path: Path):
    """A line for which there is no room is an error that says what to do; the lines before it are kept."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(1, DONE))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
        try:
            with pytest.raises(JournalFault, match=r"cannot be written \(no space left\), so that nothing more"):
                journal.write(Entry(2, DONE))
            with pytest.raises(JournalFault, match=r"cannot be written \(File too large\), so that nothing more"):
                journal.write(Entry(2, DONE))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
    assert kept(path) == {1: Entry(1, DONE)}


def test_what_there_was_no_room_for_is_written_when_there_is(path: Path):
    """Answers that come after a full disk are kept, and so are those that came while it was full: no line is torn."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(1, DONE))
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, hard))
        try:
            for number in (2, 3):
                with pytest.raises(JournalFault, match="make room for it"):
                    journal.write(Entry(number, SENT))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, hard))
        journal.write(Entry(4, SENT))
    assert kept(path) == {1: Entry(1, DONE)} | {number: Entry(number, SENT) for number in (2, 3, 4)}


def test_a_disk_that_fails_is_told(path: Path, monkeypatch: pytest.MonkeyPatch):
    """Lines that do not reach the disk are no lines."""

    def fail(file: int) -> None:
        raise OSError(5, "Input/output error")

    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(1, DONE))
        monkeypatch.setattr(journals.os, "fdatasync", fail)
        with pytest.raises(JournalFault, match="Input/output error"):
            journal.sync()
        journal.sync()
