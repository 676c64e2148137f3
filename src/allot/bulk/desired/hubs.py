"""Hubs: Control Hub's CSV of users, as it exports and imports it.

The column of a service has TRUE, FALSE or nothing. Cisco does not say how exactly names are qualified; they are taken
in every form that is clear, and `docs/how-to/desired.md` lists what is documented and what is assumed.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from allot.bulk.desired.catalogues import Catalogue, Unclear
from allot.bulk.desired.cells import Cells
from allot.bulk.desired.desires import ADD_AND_REMOVE, Fault
from allot.bulk.desired.tables import Table
from allot.bulk.desired.wants import Said, Wants

_CALLING = ("location", "phone number", "extension")
_ATTENDEE = re.compile(r"attendee account", re.IGNORECASE)
_SUSPENDED = "(suspended)"
# The last part of a name that stands in brackets of either kind.
_GROUP = re.compile(r"(.*\S)\s*(?:\(([^()]*)\)|\[([^\[\]]*)\])")
_BOOLEANS = {"TRUE": True, "FALSE": False, "": None}


class _Service(NamedTuple):
    """What a column gives: a license, as a bit, or the account of an attendee of a site."""

    place: int
    name: str
    bit: int = 0
    site: str | None = None


def read(table: Table, catalogue: Catalogue, mode: str) -> Wants:
    """What a CSV of Control Hub says; `mode` is that of the import. Raises DesireFault with all that is wrong."""
    columns = _Columns(table, catalogue)
    columns.read()
    return _Reader(table, catalogue, columns, removes=mode == ADD_AND_REMOVE).read()


class _Columns:
    """What the columns of a table are."""

    def __init__(self, table: Table, catalogue: Catalogue) -> None:
        self._table = table
        self._catalogue = catalogue
        self.services: list[_Service] = []
        #: the names of `_CALLING` -> place
        self.calling: dict[str, int] = {}
        #: places of those whose names are not known: attributes of people, or services that are not licensed
        self.others: list[int] = []

    def read(self) -> None:
        """Look at every name; what is wrong goes to the table's faults."""
        for place, name in enumerate(self._table.names):
            if place == self._table.email:
                continue
            try:
                self._look(place, name)
            except Unclear as unclear:
                self._table.faults.append(Fault(self._table.line, place + 1, str(unclear)))

    def _look(self, place: int, name: str) -> None:
        key = name.lower()
        if key in _CALLING:
            if key in self.calling:
                raise Unclear(f"`{name}` is there twice; delete one of the columns")
            self.calling[key] = place
            return
        if _SUSPENDED in key:
            raise Unclear(f"`{name}` is suspended, and Control Hub takes no file that has it; delete the column")
        found = self._attendee(place, name) if _ATTENDEE.search(name) else self._license(place, name)
        if found is None:
            self.others.append(place)
            return
        same = next((each.name for each in self.services if each[2:] == found[2:]), None)
        if same is not None:
            raise Unclear(f"`{name}` is the same as `{same}`; delete one of the columns")
        self.services.append(found)

    def _attendee(self, place: int, name: str) -> _Service:
        """An attendee's account: of the site that the name has, else of the only site."""
        rest = _ATTENDEE.sub("", name).strip(" -:[]()")
        site = self._site(rest) if rest else next(iter(self._catalogue.sites), None)
        if site is None or (not rest and len(self._catalogue.sites) > 1):
            sites = ", ".join(sorted(self._catalogue.sites)) or "none"
            raise Unclear(f"`{name}` must name a site, as `Attendee account [mysite.webex.com]`; sites are: {sites}")
        return _Service(place, name, site=site)

    def _license(self, place: int, name: str) -> _Service | None:
        """The license of a name, with or without what tells it apart; None when there is none of that name."""
        text, subscription = self._subscription(name)
        site, ignored = "", False
        while not self._catalogue.knows(text):
            group = _GROUP.fullmatch(text)
            if group is None:
                return None
            text, inner = group[1], self._site(group[2] or group[3] or "")
            site, ignored = f" on {inner}" if inner else site, ignored or inner is None
        if not self._catalogue.knows(text + site):
            # Calling has a sub-site in its name there, which the API does not show.
            site, ignored = "", True
        bit = self._catalogue.license(text + site + subscription)
        if ignored:
            what = f"`{name}` is read as {self._catalogue.name(bit.bit_length() - 1)}"
            self._table.notices.append(Fault(self._table.line, place + 1, what))
        return _Service(place, name, bit)

    def _subscription(self, name: str) -> tuple[str, str]:
        """A name without the id of a subscription, wherever that stands, and the id as catalogues have it."""
        if not self._catalogue.knows(name):
            for each in self._catalogue.subscriptions:
                pattern = rf"[\s\-:\[(]*(?<![\w-]){re.escape(each)}(?![\w-])[\])]?"
                text = re.sub(pattern, "", name, count=1, flags=re.IGNORECASE)
                if text != name:
                    return text.strip(), f" in {each}"
        return name, ""

    def _site(self, text: str) -> str | None:
        """The site of a url, or of the first part of one."""
        key = text.strip().lower()
        found = [url for url in self._catalogue.sites if key in (url, url.partition(".")[0])]
        return found[0] if len(found) == 1 else None


class _Reader:
    """Reads the rows."""

    def __init__(self, table: Table, catalogue: Catalogue, columns: _Columns, *, removes: bool) -> None:
        self._table = table
        self._columns = columns
        self._removes = removes
        self._calling = catalogue.calling
        self._cells = Cells(catalogue)
        self._wants = Wants(table, catalogue.calling)
        #: the cells that many rows share -> what they say
        self._said: dict[tuple[str, ...], int] = {}
        #: place of a column of which every cell was TRUE, FALSE or empty so far -> the first line that says something
        self._open: dict[int, int | None] = dict.fromkeys(columns.others)
        #: the first line with a number, and how many, where nothing says that the person has calling
        self._idle: tuple[int, int] = (0, 0)

    def read(self) -> Wants:
        """All rows. Raises DesireFault with everything that is wrong, the names of columns included."""
        end = len(self._table.names)
        location, number, extension = (self._columns.calling.get(name, end) for name in _CALLING)
        names = [*self._table.names, ""]
        places = [*(service.place for service in self._columns.services), location]
        for lines, columns in self._table.blocks():
            self._watch(lines, columns)
            keys = zip(*(columns[place] for place in places), strict=True)
            said = [self._said.get(key) or self._say(line, key) for line, key in zip(lines, keys, strict=True)]
            reached = [self._wants.reaches(each) for each in said]
            self._count_idle(lines, reached, [columns[place] for place in (location, number, extension)])
            numbers, extensions = (
                [text if reaches else "" for reaches, text in zip(reached, columns[place], strict=True)]
                for place in (number, extension)
            )
            self._wants.extend(
                lines,
                columns[self._table.email],
                said,
                self._cells.numbers(lines, names[number], numbers),
                self._cells.extensions(lines, names[extension], extensions),
            )
        self._tell()
        self._wants.finish(self._table, self._cells)
        return self._wants

    def _count_idle(self, lines: Sequence[int], reached: list[bool], told: list[tuple[str, ...]]) -> None:
        """Count the rows that say how to reach somebody without giving them calling."""
        idle = [line for line, reaches, *texts in zip(lines, reached, *told, strict=True) if not reaches and any(texts)]
        if idle:
            self._idle = (self._idle[0] or idle[0], self._idle[1] + len(idle))

    def _say(self, line: int, key: tuple[str, ...]) -> int:
        """What the cells of services and of the location say; it is remembered when all is clear."""
        wrong = self._cells.wrongs
        bits, sites = {True: 0, False: 0}, {True: list[str](), False: list[str]()}
        for service, text in zip(self._columns.services, key[:-1], strict=True):
            said = _BOOLEANS.get(text.strip().upper(), text)
            if isinstance(said, str):
                self._cells.wrong(line, service.name, Unclear(f"`{said}` must be TRUE, FALSE or empty"))
            elif said is not None:
                bits[said] |= service.bit
                sites[said] += [service.site] if service.site else []
        lack, leave = (bits[False], sites[False]) if self._removes else (0, [])
        location = self._cells.location(line, "Location", key[-1]) if bits[True] & self._calling else None
        found = self._wants.keep(Said(bits[True], lack, location, tuple(sites[True]), tuple(leave)))
        if self._cells.wrongs == wrong:
            self._said[key] = found
        return found

    def _watch(self, lines: Sequence[int], columns: list[tuple[str, ...]]) -> None:
        """Look whether columns that are not known say TRUE or FALSE, as those of services do."""
        for place, first in list(self._open.items()):
            said = [_BOOLEANS.get(text.strip().upper(), "") for text in columns[place]]
            if "" in said:
                del self._open[place]
            elif first is None:
                spoken = (
                    line for line, each in zip(lines, said, strict=True) if each or (each is False and self._removes)
                )
                self._open[place] = next(spoken, None)

    def _tell(self) -> None:
        """Faults and notices about columns as a whole."""
        table, ignored = self._table, []
        for place in self._columns.others:
            line = self._open.get(place)
            if line is None:
                ignored.append(table.names[place])
                continue
            what = f"the organization has no license `{table.names[place]}`, which line {line} speaks of; "
            what += "delete the column, or say with --alias which license it is"
            table.faults.append(Fault(table.line, place + 1, what))
        if ignored:
            table.notices.append(Fault(table.line, None, f"not used, as they are no licenses: {', '.join(ignored)}"))
        if self._idle[1]:
            what = "a location, number or extension without TRUE for a calling license is not used; rows with one:"
            table.notices.append(Fault(self._idle[0], None, f"{what} {self._idle[1]:,}"))
