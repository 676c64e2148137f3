"""Lists: a plain CSV of people, and what each is to have.

    email,add,remove,location,extension,number
    ada@example.com,Professional in Sub-1,Standard,Berlin,1001,+4930901820

`add` and `remove` hold licenses (see `catalogues`) and attendee accounts, with semicolons between them. Every column
but the first may be left out. What is empty is not said, and stays as it is.
"""

from allot.bulk.catalogues import Catalogue, Unclear
from allot.bulk.cells import Cells, separate
from allot.bulk.desires import Fault
from allot.bulk.tables import Table
from allot.bulk.wants import Said, Wants

COLUMNS = ("email", "add", "remove", "location", "extension", "number")


def read(table: Table, catalogue: Catalogue) -> Wants:
    """What a plain CSV says. Raises DesireFault with everything that is wrong in it."""
    return _Reader(table, catalogue).read()


class _Reader:
    def __init__(self, table: Table, catalogue: Catalogue) -> None:
        self._table = table
        self._catalogue = catalogue
        self._cells = Cells(catalogue)
        self._wants = Wants(table, catalogue.calling)
        self._faults = table.faults
        #: what the cells of a row say, apart from what nobody else has
        self._said: dict[tuple[str, str, str], Said] = {}

    def read(self) -> Wants:
        places = self._columns()
        if not self._faults:
            self._rows(places)
        self._wants.finish(self._table, self._cells)
        return self._wants

    def _columns(self) -> list[int]:
        """The place of each column in a row; the place of one that is not there is after the last."""
        names = [name.lower() for name in self._table.names]
        line = self._table.line
        for place, name in enumerate(names):
            shown = self._table.names[place]
            if name not in COLUMNS:
                what = f"column `{shown}` is not known here; columns are {', '.join(COLUMNS)}"
                self._faults.append(Fault(line, place + 1, what))
            elif name in names[:place]:
                self._faults.append(Fault(line, place + 1, f"column `{shown}` is there twice"))
        if len(names) == 1:
            self._faults.append(Fault(line, None, f"nothing is said but emails; add columns: {', '.join(COLUMNS[1:])}"))
        return [names.index(name) if name in names else len(names) for name in COLUMNS]

    def _rows(self, places: list[int]) -> None:
        at_email, at_add, at_remove, at_location, at_extension, at_number = places
        known, wants, cells = self._said, self._wants, self._cells
        for line, row in self._table.rows():
            row.append("")
            key = (row[at_add], row[at_remove], row[at_location])
            said = known[key] if key in known else self._say(line, key)
            number = cells.number(line, "number", row[at_number]) if row[at_number] else None
            extension = cells.extension(line, "extension", row[at_extension]) if row[at_extension] else None
            wants.add(line, row[at_email].strip().lower(), said, number, extension)

    def _say(self, line: int, key: tuple[str, str, str]) -> Said:
        """What the cells of a row say that others have too; it is remembered when all is clear."""
        wrong = self._cells.wrongs
        add, remove = (self._cells.named(line, COLUMNS[at + 1], separate(key[at])) for at in (0, 1))
        location = self._cells.location(line, "location", key[2])
        both = add.both(remove)
        if any(both):
            what = f"{both.show(self._catalogue)} is both to be added and to be removed"
            self._cells.wrong(line, "remove", Unclear(what))
        said = Said(add.licenses, remove.licenses, location, add.sites, remove.sites)
        if self._cells.wrongs == wrong:
            self._said[key] = said
        return said
