"""The terminal: plain when it is none, and nothing that a name may hold does anything to it."""

from rich.console import Console, RenderableType
from rich.text import Text


def console(width: int | None = None) -> Console:
    """Where to print: without colors when it is no terminal or NO_COLOR is set; names are no markup."""
    return Console(highlight=False, markup=False, emoji=False, width=width)


def tight(out: Console, what: RenderableType) -> None:
    """Print something as wide as the terminal, without the blanks at the ends of lines that rich puts there."""
    for segments in out.render_lines(what, pad=False):
        line = Text.assemble(*((each.text, each.style or "") for each in segments))
        line.rstrip()
        out.print(line, soft_wrap=True)
