"""Cells: what the texts of a table mean, and what is wrong with them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import phonenumbers

from allot.bulk.desired.catalogues import ATTENDEE, Catalogue, Unclear
from allot.bulk.desired.desires import Fault
from allot.core.holding import EXTENSION, bits

_EMAIL = r"[^@\s,;]+@[^@\s,;]+"
EMAIL = re.compile(_EMAIL)
#: many, line by line
EMAILS = re.compile(rf"{_EMAIL}(?:\n{_EMAIL})*")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_DIGITS = re.compile(r"([1-9][0-9]{6,14})(\.0)?")
_WHOLE = re.compile(r"([0-9]+)\.0")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
# What a number's country code and length tell is told by its first digits.
_FIRST = 7


class Named(NamedTuple):
    """Licenses as bits, and sites whose attendee account is meant."""

    licenses: int = 0
    sites: tuple[str, ...] = ()

    def and_(self, other: "Named") -> "Named":
        """What either of two has."""
        return Named(self.licenses | other.licenses, tuple(sorted({*self.sites, *other.sites})))

    def both(self, other: "Named") -> "Named":
        """What both of two have."""
        return Named(self.licenses & other.licenses, tuple(site for site in self.sites if site in other.sites))

    def show(self, catalogue: Catalogue) -> str:
        """As a list in a sentence."""
        return ", ".join([*map(catalogue.name, bits(self.licenses)), *(f"{site}{ATTENDEE}" for site in self.sites)])


NOTHING = Named()


class Cells:
    """Reads cells, and keeps what is wrong with them: once for each text, with the first line that has it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        #: how many cells are wrong
        self.wrongs = 0
        #: column and sentence -> the first line, and how many rows have it
        self._wrong: dict[tuple[str, str], tuple[int, int]] = {}
        #: column -> the first line where a number was without its plus, and how many were
        self._mended: dict[str, tuple[int, int]] = {}

    @property
    def faults(self) -> list[Fault]:
        return [
            Fault(line, column, f"{what} (so it is in {count:,} rows)" if count > 1 else what)
            for (column, what), (line, count) in self._wrong.items()
        ]

    @property
    def notices(self) -> list[Fault]:
        what = "the plus of phone numbers was lost, as spreadsheets do, and was put back; rows with such a number:"
        return [Fault(line, column, f"{what} {count:,}") for column, (line, count) in self._mended.items()]

    def named(self, line: int, column: str, texts: list[str]) -> Named:
        """The licenses and the attendee accounts that are listed."""
        found = NOTHING
        for text in texts:
            try:
                found = found.and_(one(self._catalogue, text))
            except Unclear as unclear:
                several = f"{unclear}; if it is several, put semicolons between them"
                self.wrong(line, column, Unclear(several) if "," in text else unclear)
        return found

    def location(self, line: int, column: str, text: str) -> str | None:
        """The id of a location; None when none is said."""
        try:
            return self._catalogue.location(text) if text.strip() else None
        except Unclear as unclear:
            self.wrong(line, column, unclear)
            return None

    def numbers(self, lines: Sequence[int], column: str, texts: Sequence[str]) -> list[int]:
        """Phone numbers as integers (see `number_of`)."""
        if not any(texts):
            return [0] * len(texts)
        plain = _E164.fullmatch
        return [
            int(text)
            if plain(text) and _possible(text[1 : _FIRST + 1], len(text) - 1)
            else self._number(line, column, text)
            for line, text in zip(lines, texts, strict=True)
        ]

    def extensions(self, lines: Sequence[int], column: str, texts: Sequence[str]) -> list[int]:
        """Extensions as integers (see `extension_of`)."""
        if not any(texts):
            return [0] * len(texts)
        plain = EXTENSION.fullmatch
        return [
            int("1" + text) if plain(text) else self._extension(line, column, text)
            for line, text in zip(lines, texts, strict=True)
        ]

    def _number(self, line: int, column: str, text: str) -> int:
        try:
            found, mended = phone_number(text) if text.strip() else ("0", False)
        except Unclear as unclear:
            self.wrong(line, column, unclear)
            return 0
        if mended:
            first, count = self._mended.get(column, (line, 0))
            self._mended[column] = first, count + 1
        return int(found)

    def _extension(self, line: int, column: str, text: str) -> int:
        try:
            return int("1" + extension(text)) if text.strip() else 0
        except Unclear as unclear:
            self.wrong(line, column, unclear)
            return 0

    def wrong(self, line: int, column: str, unclear: Unclear) -> None:
        """Keep what is wrong with a cell."""
        self.wrongs += 1
        first, count = self._wrong.get((column, str(unclear)), (line, 0))
        self._wrong[column, str(unclear)] = first, count + 1


def number_of(integer: int) -> str | None:
    """A phone number in E.164, kept as an integer to save memory; 0 is none."""
    return f"+{integer}" if integer else None


def extension_of(integer: int) -> str | None:
    """An extension, kept as an integer with a 1 before its digits, as it may begin with zeros; 0 is none."""
    return str(integer)[1:] if integer else None


def one(catalogue: Catalogue, text: str) -> Named:
    """The license, or the attendee account, that a text means. Raises Unclear."""
    if text.strip().lower().endswith(ATTENDEE):
        return Named(0, (catalogue.site(text),))
    return Named(catalogue.license(text))


def separate(text: str) -> list[str]:
    """The parts of a cell that stand between semicolons."""
    return [part for each in text.split(";") if (part := each.strip())]


def phone_number(text: str) -> tuple[str, bool]:
    """A number in E.164, and whether it was without its plus. Raises Unclear when it is no number."""
    plain = text.strip().lstrip("'")
    bare = _DIGITS.fullmatch(plain)
    if bare and _possible(bare[1][:_FIRST], len(bare[1])):
        return f"+{bare[1]}", True
    if _SCIENTIFIC.fullmatch(plain):
        raise Unclear(
            f"`{plain}` is what a spreadsheet made of a number: its last digits are lost. "
            "Format the column as text, and enter or export the numbers again"
        )
    if plain.startswith(("+", "tel:")):
        try:
            parsed = phonenumbers.parse(plain)
        except phonenumbers.NumberParseException:
            parsed = None
        if parsed is not None and not parsed.extension and phonenumbers.is_possible_number(parsed):
            return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), False
    raise Unclear(f"`{plain}` is no phone number with its country code; write it as +14085550101")


@lru_cache(maxsize=65_536)
def _possible(first: str, length: int) -> bool:
    try:
        # Whatever follows the first digits, it is as many.
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(f"+{first.ljust(length, '1')}")))
    except phonenumbers.NumberParseException:
        return False


def extension(text: str) -> str:
    """An extension, without a routing prefix. Raises Unclear when it is none."""
    plain = text.strip().lstrip("'")
    whole = _WHOLE.fullmatch(plain)
    plain = whole[1] if whole else plain
    if EXTENSION.fullmatch(plain):
        return plain
    if _SCIENTIFIC.fullmatch(plain):
        raise Unclear(
            f"`{plain}` is what a spreadsheet made of an extension; format the column as text, and enter it again"
        )
    raise Unclear(f"`{plain}` is no extension; it has 2 to 10 digits, without the location's routing prefix")
