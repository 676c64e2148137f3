"""The text of a table is read in the encoding and with the delimiter that it shows, and what cannot be read is told."""

from pathlib import Path

import pytest

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.desires import DesireFault, Reading
from allot.bulk.desired.tables import Table
from bulk.desiring import faults, read, write
from bulk.planning import ADVANCED, MESSAGING, small, want

ONE = "person1@example.com"
ROWS = f"email,add\n{ONE},Advanced Messaging\nmüller@example.com,MS\n"
HINT = "save it as UTF-8, or say what it is: --encoding cp1252 for most files of Windows, else latin-1"


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return small(tmp_path_factory.mktemp("tables"))


@pytest.mark.parametrize(
    ("encoding", "notice"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", "it is read as UTF-16, as its first bytes show"),
        ("utf-16-le", "it is read as UTF-16, as its first bytes show"),
        ("utf-16-be", "it is read as UTF-16, as its first bytes show"),
    ],
)
def test_an_encoding_that_shows_is_read(snapshot: Snapshot, encoding: str, notice: str | None):
    """UTF-8 with and without its mark, and UTF-16, which a notice tells of, are read as they are."""
    told = read(snapshot, ROWS.encode(encoding))
    assert told.wants == {ONE: want(ADVANCED, line=2)}
    assert told.missing == [(3, "müller@example.com")]
    assert told.notices == ([notice] if notice else [])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-8"])
def test_an_encoding_that_is_told_is_used(snapshot: Snapshot, encoding: str):
    """An option names the encoding, and then nothing is guessed."""
    told = read(snapshot, ROWS.encode(encoding), encoding=encoding)
    assert (told.missing, told.notices) == ([(3, "müller@example.com")], [])


def test_a_byte_that_is_no_utf_8_has_its_line_and_column(snapshot: Snapshot):
    """A file in Latin-1 is refused at its first such byte, wherever that is; what is wrong before it is told too."""
    assert faults(snapshot, ROWS.encode("latin-1")) == [f"line 3, column 2: byte 0xFC is no utf-8; {HINT}"]
    assert faults(snapshot, "email,ädd\n".encode("latin-1")) == [f"line 1, column 7: byte 0xE4 is no utf-8; {HINT}"]
    many = "email,add\n" + "".join(f"p{number}@example.com,MS\n" for number in range(20_000)) + "x,\nmü,\n"
    assert faults(snapshot, many.encode("latin-1"))[-1] == f"line 20003, column 2: byte 0xFC is no utf-8; {HINT}"


def test_what_is_no_utf_16_is_told(snapshot: Snapshot):
    """A file that is cut in the middle of a character cannot be read."""
    told = faults(snapshot, ROWS.encode("utf-16")[:-1])
    assert told == [f"it is no text in utf-16; {HINT}"]


@pytest.mark.parametrize("name", ["utf-9", "base64", "undefined"])
def test_an_encoding_that_there_is_not_is_told(snapshot: Snapshot, name: str):
    """The name of an encoding is one of text that Python knows."""
    sentence = rf"^--encoding: `{name}` is no encoding; try utf-8, utf-16, cp1252 or latin-1"
    with pytest.raises(DesireFault, match=sentence):
        read(snapshot, ROWS, encoding=name)


@pytest.mark.parametrize(("delimiter", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_delimiter_that_is_certain_is_used(snapshot: Snapshot, delimiter: str, name: str):
    """Where the column of emails shows only with another delimiter, that is it, and a notice says so."""
    told = read(snapshot, f'email{delimiter}add\n{ONE}{delimiter}"MS;FMS"\n')
    assert told.wants == {ONE: want(ADVANCED, MESSAGING, line=2)}
    assert told.notices == [f"line 1: fields are read as separated by {name}"]


def test_a_delimiter_that_is_told_is_used(snapshot: Snapshot):
    """An option names any other."""
    assert read(snapshot, f"email:add\n{ONE}:MS\n", delimiter=":").wants == {ONE: want(ADVANCED, line=2)}
    assert faults(snapshot, f"email:add\n{ONE}:MS\n") == [
        (
            "line 1: there is no column `email`, nor `User ID/Email (Required)`; the columns are `email:add`. "
            "If it is not commas that separate them, say so with --delimiter"
        )
    ]


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n"])
def test_a_delimiter_is_one_character(snapshot: Snapshot, delimiter: str):
    """What cannot stand between fields is refused as what it is."""
    with pytest.raises(DesireFault, match="must be the one character that stands between two fields"):
        read(snapshot, ROWS, delimiter=delimiter)


def test_empty_cells_at_the_ends_of_rows_do_not_count(snapshot: Snapshot):
    """Spreadsheets write columns that once had something; one that still has is a fault."""
    assert read(snapshot, f"email;add;;\r\n{ONE};MS;; \r\n;;;\r\n").wants == {ONE: want(ADVANCED, line=2)}
    assert read(snapshot, f"email,add\n{ONE},MS,,\n").wants == {ONE: want(ADVANCED, line=2)}
    assert faults(snapshot, f"email,add,,\n{ONE},MS,,x\n") == [
        "line 2: has 4 fields, the first line has 2; a field with `,` in it must stand in double quotes"
    ]


def test_a_line_without_end_is_not_read_to_its_end(snapshot: Snapshot):
    """A cell of megabytes is told by its line, and is not called an open quote."""
    [fault] = faults(snapshot, f"email,add\n{ONE}," + "x" * (2 << 20))
    assert fault.startswith("line 2: the line has 1,048,576 characters or more; it is no row of a table")


def test_a_line_of_names_without_end_is_told(snapshot: Snapshot):
    """A first line of megabytes is refused as any other line of that length."""
    [fault, *_] = faults(snapshot, "email,add" + "," * (2 << 20) + f"\n{ONE},MS\n")
    assert fault.startswith("line 1: the line has 1,048,576 characters or more; it is no row of a table")


def test_the_names_of_columns_come_first(snapshot: Snapshot):
    """An empty file, one without the column of emails and one without rows are faults; empty lines do not count."""
    empty = "the file is empty; its first line must name columns, among them `email`"
    assert faults(snapshot, "") == faults(snapshot, "\n \n,,\n") == faults(snapshot, "\ufeff") == [empty]
    assert faults(snapshot, "mail,add\n") == [
        "line 1: there is no column `email`, nor `User ID/Email (Required)`; the columns are `mail`, `add`"
    ]
    assert faults(snapshot, "email,add\n") == ["there is nobody in it: no row follows the names of the columns"]
    assert read(snapshot, f"\n\nemail,add\n\n{ONE},MS\n").wants == {ONE: want(ADVANCED, line=5)}


def test_a_name_without_end_is_no_name_of_a_column(snapshot: Snapshot, tmp_path: Path):
    """A first line that is too long to be names is told so; one with many names is read."""
    long = "x" * 140_000
    what = "line 1: a name has more than 131,072 characters; the first line of a table must name its columns"
    assert faults(snapshot, long) == faults(snapshot, f"email,{long}\n{ONE},MS\n") == [what]
    table = Table(write(tmp_path, "email" + ";notes of ours" * 10_000 + "\n"), Reading())
    assert len(table.names) == 10_001


def test_rows_have_as_many_fields_as_there_are_columns(snapshot: Snapshot):
    """A row that is too long or too short is told with its line."""
    assert faults(snapshot, f"email,add\n{ONE}\n{ONE},MS,FMS\n") == [
        "line 2: has 1 fields, the first line has 2; every row has as many, also where they are empty",
        "line 3: has 3 fields, the first line has 2; a field with `,` in it must stand in double quotes",
    ]


def test_quotes_that_are_wrong(snapshot: Snapshot):
    """What follows a quoted field, and a field that is never closed, are told where their row begins."""
    assert faults(snapshot, f'email,add\n"{ONE}"x,MS\nx,\n"{ONE},MS\nmore,\n') == [
        "line 2: something follows a quoted field; a double quote inside of a field is written twice",
        "line 3, column email: `x` is no email; write one as ada@example.com",
        "line 4: a double quote opens a field here that is never closed; close it, or write it twice where it is text",
    ]
    long = f'email,add\n"{ONE},MS\n' + "x@example.com,MS\n" * 10_000
    assert faults(snapshot, long) == [
        "line 2: a double quote opens a field here that is never closed; close it, or write it twice where it is text"
    ]


def test_a_line_is_where_its_row_begins(tmp_path: Path):
    """Fields may have several lines; rows are told by the first of theirs, however lines end."""
    text = 'email,add\r\n"a@example.com","MS;\r\nFMS"\r\n\r\n"b@example.com",MS\r\n'
    table = Table(write(tmp_path, text), Reading())
    assert list(table.rows()) == [(2, ["a@example.com", "MS;\r\nFMS"]), (5, ["b@example.com", "MS"])]
    old = Table(write(tmp_path, "email,add\ra@example.com,MS\rb@example.com,MS"), Reading())
    assert [line for line, _ in old.rows()] == [2, 3]


def test_a_nul_has_its_line_and_column(snapshot: Snapshot):
    """Files with NUL characters are damaged, or in another encoding."""
    what = "there is a NUL character; when the file is UTF-16, say --encoding utf-16, else make it again"
    assert faults(snapshot, f"email,add\n{ONE},M\0S\n") == [f"line 2, column 22: {what}"]
    assert faults(snapshot, "email,a\0dd\n") == [f"line 1, column 8: {what}"]


def test_other_files_are_refused_by_their_name(snapshot: Snapshot):
    """Only tables and YAML are read."""
    assert faults(snapshot, ROWS, "wanted.xlsx") == ["its name must end with .csv (a table) or .yaml (bundles)"]


def test_a_file_that_is_away_is_the_systems_error(snapshot: Snapshot, tmp_path: Path):
    """There is no fault of ours where there is no file."""
    with pytest.raises(FileNotFoundError):
        Table(tmp_path / "away.csv", Reading())
