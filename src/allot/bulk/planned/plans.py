"""Plans: what is to be done so that an organization becomes as desired, as a file has it."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from allot.bulk.files import File, FileFault
from allot.bulk.planned.changes import Change, Head, Refusal, Summary


class Plan:
    """A plan as its file has it. Raises FileFault when the file is none or was edited, OSError when it is away.

    With `verified=False` it is not looked whether it was edited: to list plans, and where it was just written.
    """

    def __init__(self, path: Path, *, verified: bool = True) -> None:
        self.file = File(path, "plan", verified=verified)
        try:
            self.head = msgspec.json.decode(self.file.head, type=Head)
            [self.summary] = self.file.records("summary", Summary)
        except (ValueError, RecursionError) as error:
            raise FileFault(f"{path} is no plan that this allot reads; make it again") from error

    @property
    def digest(self) -> str:
        return self.file.digest

    @property
    def held_back(self) -> bool:
        """Whether it breaks guards and was not made with force: it is not to be applied."""
        return bool(self.summary.guards) and not self.head.forced

    def changes(self) -> Iterator[list[Change]]:
        """The changes, in their order, some thousands at a time."""
        return self.file.blocks("changes", Change)

    def refusals(self) -> Iterator[list[Refusal]]:
        """Everybody who is refused, some thousands at a time."""
        return self.file.blocks("refusals", Refusal)
