"""Templates: records as JSON with gaps for what is a person's own, so that people who are alike are encoded once."""

import re
from collections.abc import Mapping
from operator import itemgetter

import msgspec

from allot.bulk.actual.snapshots import Calling
from allot.bulk.planned.asks import ELSEWHERE, EXTENSION, HERE, NUMBER, OWN_EXTENSION, OWN_NUMBER, THERE
from allot.bulk.planned.changes import Change, Refusal

#: stand for the number of a change, a line, who it is, and calling data as a whole
ORDER, LINE = 0, -1
ID, EMAIL, CALLING = "\x00id\x00", "\x00email\x00", Calling("\x00calling\x00")
#: what `Template.fill` takes is in this order: number, line, id, email and calling data, then texts by their signs
SIGNS = (HERE, THERE, ELSEWHERE, OWN_NUMBER, NUMBER, OWN_EXTENSION, EXTENSION)
NO_TEXTS = (b"",) * len(SIGNS)

_encode = msgspec.json.Encoder().encode
# A gap in an encoded record -> how it is filled. Quotes inside of texts are escaped: no text has one of the first.
_GAPS = {b'"number":%d' % ORDER: b'"number":%d', b'"line":%d' % LINE: b'"line":%d'}
_GAPS |= dict.fromkeys([_encode(ID), _encode(EMAIL), _encode(CALLING), *(_encode(sign)[1:-1] for sign in SIGNS)], b"%b")
_PLACES = {gap: place for place, gap in enumerate(_GAPS)}
_GAP = re.compile(b"|".join(map(re.escape, _GAPS)))


class Template:
    """A record with gaps. Its texts are the signs of `asks` and those above where they are a person's own."""

    def __init__(self, record: Change | Refusal) -> None:
        text = _encode(record).replace(b"%", b"%%") + b"\n"
        self._text = _GAP.sub(lambda found: _GAPS[found[0]], text)
        self._own = itemgetter(*(_PLACES[found] for found in _GAP.findall(text)))

    def fill(self, own: tuple[object, ...]) -> bytes:
        """The record of somebody, as a line. `own` is in the order of `SIGNS`; ids, emails and calling are JSON."""
        filled: bytes = self._text % self._own(own)
        return filled


def texts(found: Mapping[str, tuple[str, str]]) -> tuple[bytes, ...]:
    """What the signs of somebody stand for (see `asks.signs`), as `Template.fill` takes it."""
    return tuple(_encode(found[sign][1])[1:-1] if sign in found else b"" for sign in SIGNS)
