"""Texts: what encoding a file is in, and where it is not."""

import codecs
from pathlib import Path

from allot.bulk.desired.desires import DesireFault, Fault

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HINT = "save it as UTF-8, or say what it is: --encoding cp1252 for most files of Windows, else latin-1"


def encoding_of(path: Path, told: str | None) -> str:
    """The encoding of a file: that which is told, else that which its first bytes show, else UTF-8.

    Raises DesireFault when there is no encoding of that name, OSError when the file is away.
    """
    with path.open("rb") as file:
        start = file.read(4)
    try:
        if told:
            "a".encode(told)  # which fails for what Python calls an encoding and is none of text
            return codecs.lookup(told).name
    except (LookupError, UnicodeError):
        what = f"`{told}` is no encoding; try utf-8, utf-16, cp1252 or latin-1"
        raise DesireFault("--encoding", [Fault(None, None, what)]) from None
    if b"\0\0" in (start[0::2], start[1::2]):
        # Text that begins with ASCII, and has no mark.
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return next((encoding for mark, encoding in _MARKS if start.startswith(mark)), "utf-8")


def undecodable(path: Path, encoding: str) -> Fault:
    """Where the first byte is that cannot be read."""
    wide = encoding.startswith(("utf-16", "utf-32"))
    with path.open("rb") as file:
        for number, line in enumerate(file if not wide else (), 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                text, at = error.object, error.start  # the line, without the mark that it may begin with
                column = len(text[:at].decode(encoding)) + 1
                return Fault(number, column, f"byte 0x{text[at]:02X} is no {encoding}; {_HINT}")
    return Fault(None, None, f"it is no text in {encoding}; {_HINT}")
