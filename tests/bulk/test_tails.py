"""Tails: how far an apply is, read from the journal that another process writes."""

from pathlib import Path

import pytest

from allot.bulk.applied.journals import (
    ALREADY,
    BEGUN,
    DONE,
    FAILED,
    LOST,
    REFUSED,
    SENT,
    Entry,
    Journal,
    JournalFault,
)
from allot.bulk.applied.tails import Tail, Told

#: nested deeper than anything is read
DEEP = "[" * 200_000 + "]" * 200_000
PLAN, ADDRESS = f"sha256:{'0' * 64}", "http://127.0.0.1:8080/v1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "acme.plan.journal"


@pytest.fixture
def tail(path: Path) -> Tail:
    return Tail(path, PLAN, 100)


def test_nothing_is_told_where_nobody_has_begun(tail: Tail):
    """Without a journal nothing is known, and that is no fault."""
    assert not tail.read()
    assert tail.told() == Told()


def test_what_is_written_is_taken_in_as_it_comes(tail: Tail, path: Path):
    """Between two lines of a journal that is in use, each reading takes in what is new; the last line counts."""
    with Journal(path, PLAN, ADDRESS) as journal:
        assert tail.read()
        assert (tail.told().address, tail.told().decided) == (ADDRESS, 0)
        journal.write(Entry(1, BEGUN))
        journal.write(Entry(2, SENT, "", "", "T"))
        assert tail.read()
        assert (tail.told().open, tail.told().done) == (2, 0)
        journal.write(Entry(1, DONE, "waits for the person to accept", "", "T"))
        journal.write(Entry(2, DONE))
        journal.write(Entry(3, ALREADY))
        assert tail.read()
        assert not tail.read()
        told = tail.told()
        assert (told.open, told.done, told.decided, told.failed) == (0, 3, 3, 0)
        assert told.modified > 0


def test_failures_are_told_by_what_they_are(tail: Tail, path: Path):
    """The worst first, with the API's code, how many there are, and one that still is so."""
    with Journal(path, PLAN, ADDRESS) as journal:
        for number in range(1, 6):
            journal.write(Entry(number, REFUSED, f"no {number}", "400003"))
        journal.write(Entry(6, FAILED, "no answer"))
        journal.write(Entry(7, LOST, "not there"))
        journal.write(Entry(8, REFUSED, "other", "400004"))
        journal.write(Entry(9, REFUSED, "no 9", "400003"))
        journal.write(Entry(1, DONE))
        tail.read()
    told = tail.told()
    assert [(each.outcome, each.code, each.number, each.example.what) for each in told.troubles] == [
        (LOST, "", 1, "not there"),
        (FAILED, "", 1, "no answer"),
        (REFUSED, "400003", 5, "no 2"),
        (REFUSED, "400004", 1, "other"),
    ]
    assert (told.done, told.failed, told.decided) == (1, 8, 9)


def test_a_line_that_is_being_written_is_taken_when_it_is_whole(tail: Tail, path: Path):
    """Half a line is left for the next reading."""
    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(1, DONE))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    tail.read()
    assert tail.told().done == 0
    path.write_bytes(whole)
    tail.read()
    assert tail.told().done == 1


def test_a_journal_that_begins_anew_is_read_anew(tail: Tail, path: Path):
    """When the journal is removed, or another one is in its place, what the first one said is forgotten."""
    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(1, DONE))
        journal.write(Entry(2, DONE))
    tail.read()
    path.unlink()
    assert tail.read()
    assert tail.told() == Told()
    for number in (3, 4):
        path.unlink(missing_ok=True)
        with Journal(path, PLAN, ADDRESS) as journal:
            journal.write(Entry(number, DONE))
        tail.read()
        assert tail.told().done == 1


def test_numbers_that_the_plan_does_not_have_are_passed_over(tail: Tail, path: Path):
    """A line of a change beyond the plan counts for nothing."""
    with Journal(path, PLAN, ADDRESS) as journal:
        journal.write(Entry(101, DONE))
        journal.write(Entry(0, DONE))
    tail.read()
    assert tail.told().decided == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello\n", "is no journal of allot"),
        (f'{{"allot":"journal","version":1,"plan":"sha256:1","address":"{ADDRESS}"}}\n', "the journal of another plan"),
        (f'{{"allot":"journal","version":1,"plan":"{PLAN}","address":"x"}}\nhello\n', "a line that is none of a"),
        (f'{{"x":{DEEP}}}\n', "is no journal of allot"),
        (
            f'{{"allot":"journal","version":1,"plan":"{PLAN}","address":"x"}}\n{{"x":{DEEP}}}\n',
            "a line that is none of a",
        ),
    ],
    ids=["text", "other", "line", "nested head", "nested line"],
)
def test_what_is_no_journal_of_the_plan_is_told_so(tail: Tail, path: Path, text: str, said: str):
    """Another file, another plan's journal, and a line that is none of a journal are faults with a sentence."""
    path.write_text(text)
    with pytest.raises(JournalFault, match=said):
        tail.read()
