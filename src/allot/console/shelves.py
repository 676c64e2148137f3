"""Shelves: the plans that can be looked at, those of a folder of the server and those that were opened in a browser."""

import asyncio
import logging
import os
import secrets
import shutil
import tempfile
import weakref
from collections import OrderedDict
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from allot.bulk.applied.tails import Tail
from allot.bulk.files import FileFault, Identity
from allot.bulk.planned.plans import Plan
from allot.bulk.shown.contents import Contents
from allot.console.advances import Advance

# Files that were opened: of one person, and of everybody, with their bytes on the disk. Then the oldest are forgotten.
OWN_MAX, OPENED_MAX, OPENED_BYTES = 8, 64, 1 << 30
# Plans whose contents are in memory, and their bytes; a million people take about 40 MB.
CONTENTS_MAX, CONTENTS_BYTES = 16, 256 << 20
# Plans whose journals are followed; one that is looked at again later is read again from its beginning.
ADVANCES_MAX = 64

log = logging.getLogger("allot.console")

#: the organization and the id of a person
Owner = tuple[str, str]


class Paper(NamedTuple):
    """A plan as a list shows it."""

    path: Path
    #: as its file is called
    name: str
    identity: Identity
    #: 64 hexadecimal digits
    digest: str
    org_id: str
    org_name: str
    source: str
    #: ISO-8601 UTC
    made: str
    changes: int
    refused: int
    held_back: bool
    #: who opened it in a browser; None: it is in the folder
    owner: Owner | None = None

    @property
    def journal(self) -> Path | None:
        """Where its journal is once it is applied; None where nobody would look for it."""
        return None if self.owner else self.path.with_name(f"{self.name}.journal")

    def said(self, fault: FileFault | OSError) -> str:
        """A fault of its file as those are told who know the file by its name only."""
        if isinstance(fault, OSError):
            return f"{self.name} cannot be read ({fault.strerror}); open it again"
        return str(fault).replace(str(self.path), self.name)


@dataclass(slots=True, eq=False)
class Opening:
    """A plan that is read, or was. `fault` says why it cannot be."""

    contents: Contents | None = None
    fault: FileFault | OSError | None = None
    reading: asyncio.Task[None] = field(init=False)

    def read(self, path: Path) -> None:
        """Read the plan; not on the event loop."""
        try:
            self.contents = Contents(path)
            self.contents.read()
        except (FileFault, OSError) as fault:
            self.fault = fault

    @property
    def bytes(self) -> int:
        return self.contents.size if self.contents else 0


class Shelf:
    """The plans of one server; `folder` is where its files are, empty for none."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder) if folder else None
        #: files of the folder as they were read last; None: no plan
        self._known: dict[Path, tuple[Identity, Paper | None]] = {}
        self._opened: OrderedDict[tuple[Owner, str], Paper] = OrderedDict()
        self._openings: OrderedDict[Identity, Opening] = OrderedDict()
        self._advances: OrderedDict[tuple[Path, str], Advance] = OrderedDict()
        self._one = asyncio.Lock()
        self._room: Path | None = None

    async def listed(self, org_id: str, owner: Owner) -> list[Paper]:
        """The plans of an organization that somebody may look at, the newest first. Raises OSError when the folder
        cannot be read."""
        papers = await asyncio.to_thread(self._of_folder) if self.folder else []
        papers += [paper for (whose, _), paper in self._opened.items() if whose == owner]
        return sorted((each for each in papers if each.org_id == org_id), key=lambda each: each.made, reverse=True)

    async def find(self, org_id: str, owner: Owner, digest: str) -> Paper | None:
        """One of them. Raises as `listed`."""
        return next((each for each in await self.listed(org_id, owner) if each.digest == digest), None)

    async def take(self, org_id: str, owner: Owner, name: str, file: IO[bytes]) -> Paper:
        """Keep the plan that somebody opens, until it is forgotten for newer ones.

        Raises FileFault when it is no plan, was edited, or is another organization's; OSError when there is no room.
        """
        paper = await asyncio.to_thread(self._take, org_id, owner, name, file)
        self._forget([(owner, paper.digest)])
        self._opened[owner, paper.digest] = paper
        own = [key for key in self._opened if key[0] == owner]
        self._forget(own[:-OWN_MAX])
        self._forget(list(self._opened)[:-OPENED_MAX])
        while len(self._opened) > 1 and sum(each.identity.size for each in self._opened.values()) > OPENED_BYTES:
            self._forget([next(iter(self._opened))])
        return paper

    async def open(self, paper: Paper, seconds: float) -> Opening:
        """The contents of a plan, as far as they are read after some seconds."""
        opening = self._openings.get(paper.identity)
        if opening is None:
            opening = self._openings[paper.identity] = Opening()
            opening.reading = asyncio.create_task(self._read(opening, paper.path))
        self._openings.move_to_end(paper.identity)
        await asyncio.wait((opening.reading,), timeout=seconds)
        if opening.fault is not None:
            # Whoever comes next tries again.
            self._openings.pop(paper.identity, None)
        self._make_room()
        return opening

    def follow(self, paper: Paper) -> Advance | None:
        """How far the apply of a plan is; None where that is not to be seen."""
        if paper.journal is None:
            return None
        key = (paper.path, paper.digest)
        advance = self._advances.get(key)
        if advance is None:
            advance = Advance(Tail(paper.journal, f"sha256:{paper.digest}", paper.changes), paper.changes)
            self._advances[key] = advance
        self._advances.move_to_end(key)
        if len(self._advances) > ADVANCES_MAX:
            self._advances.popitem(last=False)
        return advance

    async def _read(self, opening: Opening, path: Path) -> None:
        async with self._one:
            await asyncio.to_thread(opening.read, path)

    def _make_room(self) -> None:
        """Forget the contents that were not looked at for the longest time; those that are being read are needed."""
        whole = [identity for identity, each in self._openings.items() if each.reading.done()]
        for identity in whole[:-1]:
            used = sum(each.bytes for each in self._openings.values())
            if len(self._openings) <= CONTENTS_MAX and used <= CONTENTS_BYTES:
                break
            del self._openings[identity]

    def _of_folder(self) -> list[Paper]:
        assert self.folder is not None
        known: dict[Path, tuple[Identity, Paper | None]] = {}
        with os.scandir(self.folder) as entries:
            for entry in entries:
                # A link might lead out of the folder.
                if entry.name.endswith(".plan") and entry.is_file(follow_symlinks=False):
                    path, identity = Path(entry.path), Identity.of(entry.stat(follow_symlinks=False))
                    seen = self._known.get(path)
                    known[path] = seen if seen and seen[0] == identity else (identity, _glance(path, identity))
        self._known = known
        return [paper for _, paper in known.values() if paper is not None]

    def _take(self, org_id: str, owner: Owner, name: str, file: IO[bytes]) -> Paper:
        if self._room is None:
            self._room = Path(tempfile.mkdtemp(prefix="allot-plans-"))
            weakref.finalize(self, shutil.rmtree, self._room, ignore_errors=True)
        path = self._room / f"{secrets.token_hex(16)}.plan"
        with ExitStack() as failing:
            failing.callback(path.unlink, missing_ok=True)
            with path.open("wb") as kept:
                shutil.copyfileobj(file, kept)
            try:
                paper = _paper(Plan(path), name, owner)
            except FileFault as fault:
                raise FileFault(str(fault).replace(str(path), name)) from fault
            if paper.org_id != org_id:
                raise FileFault(f"{name} is for {paper.org_name}, another organization than the one looked at")
            failing.pop_all()
        return paper

    def _forget(self, keys: list[tuple[Owner, str]]) -> None:
        for key in keys:
            paper = self._opened.pop(key, None)
            if paper is not None:
                paper.path.unlink(missing_ok=True)
                self._openings.pop(paper.identity, None)


def _glance(path: Path, identity: Identity) -> Paper | None:
    """What a list shows of a file, without reading it whole."""
    try:
        return _paper(Plan(path, verified=False), path.name, None)._replace(identity=identity)
    except (FileFault, OSError) as fault:
        log.warning("no plan to look at: %s", fault)
        return None


def _paper(plan: Plan, name: str, owner: Owner | None) -> Paper:
    head, told = plan.head, plan.summary
    return Paper(
        plan.file.path,
        name,
        plan.file.identity,
        plan.digest.removeprefix("sha256:"),
        org_id=head.org_id,
        org_name=head.org_name,
        source=head.source,
        made=head.made,
        changes=told.changes,
        refused=told.refused,
        held_back=plan.held_back,
        owner=owner,
    )
