"""Lists: a plain CSV of people, and what each is to have.

    email,add,remove,location,extension,number
    ada@example.com,Professional in Sub-1,Standard,Berlin,1001,+4930901820

`add` and `remove` hold licenses (see `catalogues`) and attendee accounts, with semicolons between them. Every column
but the first may be left out. What is empty is not said, and stays as it is.
"""

from allot.bulk.desired.catalogues import Catalogue, Unclear
from allot.bulk.desired.cells import Cells, separate
from allot.bulk.desired.desires import Fault
from allot.bulk.desired.tables import Table
from allot.bulk.desired.wants import Said, Wants

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
        self._said: dict[tuple[str, str, str], int] = {}

    def read(self) -> Wants:
        self._rows(self._columns())
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
        for lines, columns in self._table.blocks():
            keys = zip(columns[at_add], columns[at_remove], columns[at_location], strict=True)
            self._wants.extend(
                lines,
                columns[at_email],
                [self._said.get(key) or self._say(line, key) for line, key in zip(lines, keys, strict=True)],
                self._cells.numbers(lines, "number", columns[at_number]),
                self._cells.extensions(lines, "extension", columns[at_extension]),
            )

    def _say(self, line: int, key: tuple[str, str, str]) -> int:
        """What the cells of a row say that others have too; it is remembered when all is clear."""
        wrong = self._cells.wrongs
        add, remove = (self._cells.named(line, COLUMNS[at + 1], separate(key[at])) for at in (0, 1))
        location = self._cells.location(line, "location", key[2])
        both = add.both(remove)
        if any(both):
            what = f"{both.show(self._catalogue)} is both to be added and to be removed"
            self._cells.wrong(line, "remove", Unclear(what))
        said = self._wants.keep(Said(add.licenses, remove.licenses, location, add.sites, remove.sites))
        if self._cells.wrongs == wrong:
            self._said[key] = said
        return said
