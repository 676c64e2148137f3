"""Bundles: what is desired as YAML, for everybody of whom something is true.

aliases:                                   # names of your own for licenses; may be left out
  Desk: Webex Calling - Professional in Sub-1
groups:                                    # lists of emails, or a CSV beside this file; may be left out
  interns: [ada@example.com, ben@example.com]
  night shift: night.csv
bundles:
  - name: Sales
    who: {department: [Sales, Presales], email: "*@example.com", lacks: Professional}
    add: [Desk, Advanced Messaging]
    remove: Standard
    calling: {location: Berlin}
"""

from difflib import get_close_matches
from pathlib import Path

import yaml

from allot.bulk.actual.snapshots import Snapshot
from allot.bulk.desired.catalogues import Catalogue, Unclear
from allot.bulk.desired.cells import EMAIL
from allot.bulk.desired.desires import DesireFault, Fault, Reading, in_order, show
from allot.bulk.desired.policies import CALLING, WHAT, WHO, Maker, Text, Written
from allot.bulk.desired.tables import Table
from allot.bulk.desired.texts import encoding_of, undecodable
from allot.bulk.desired.unions import Union

# Nodes of either are the same; the quick one is not in every build.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"
# More than any bundle needs; the quick loader calls itself for each level, and ends the process where it is too deep.
_LEVELS = 50


def read(path: Path, snapshot: Snapshot, catalogue: Catalogue, reading: Reading) -> Union:
    """What a file of bundles says. Raises DesireFault with everything that is wrong, OSError when it is away."""
    file = _File(path, catalogue, reading)
    file.read()
    maker = Maker(catalogue, file.groups)
    policies = [maker.make(written) for written in file.bundles]
    faults = file.faults + maker.faults
    if faults:
        raise DesireFault(str(path), in_order(faults))
    union = Union(str(path), catalogue, policies)
    union.notices += maker.notices
    union.look(snapshot, file.groups)
    return union


class _File:
    """A document of YAML, read node by node so that every fault has its place."""

    def __init__(self, path: Path, catalogue: Catalogue, reading: Reading) -> None:
        self._path = path
        self._catalogue = catalogue
        self._reading = reading
        self.faults: list[Fault] = []
        self.groups: dict[str, frozenset[str]] = {}
        self.bundles: list[Written] = []

    def read(self) -> None:
        """Read all of it."""
        root = self._compose()
        if root is None:
            self.faults.append(Fault(None, None, "the file is empty; it must have the list `bundles`"))
            return
        sections = self._mapping(root, ("aliases", "groups", "bundles"), "the document")
        for name, node in self._mapping(sections.get("aliases"), (), "`aliases`").items():
            self._alias(name, node)
        for name, node in self._mapping(sections.get("groups"), (), "`groups`").items():
            self.groups[name] = self._group(name, node)
        bundles = sections.get("bundles")
        if not isinstance(bundles, yaml.SequenceNode) or not bundles.value:
            self._fault(bundles or root, "`bundles` must be a list of bundles, at least one")
            return
        for number, node in enumerate(bundles.value, 1):
            self._bundle(node, number)

    def _compose(self) -> yaml.Node | None:
        encoding = encoding_of(self._path, self._reading.encoding)
        try:
            text = self._path.read_text(encoding=encoding)
            _check_depth(self._path, text)
            node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
        except UnicodeError:
            raise DesireFault(str(self._path), [undecodable(self._path, encoding)]) from None
        except yaml.MarkedYAMLError as error:
            raise DesireFault(str(self._path), [_no_yaml(error)]) from None
        except yaml.reader.ReaderError as error:
            lines = text[: error.position].split("\n")
            what = f"the character {error.character:#x} cannot be in YAML; take it out"
            raise DesireFault(str(self._path), [Fault(len(lines), len(lines[-1]) + 1, what)]) from None
        return node

    def _fault(self, at: yaml.Node, what: str) -> None:
        self.faults.append(Fault(at.start_mark.line + 1, at.start_mark.column + 1, what))

    def _mapping(self, node: yaml.Node | None, known: tuple[str, ...], what: str) -> dict[str, yaml.Node]:
        """The members of a mapping; with no names that are `known` it may have any."""
        if node is None:
            return {}
        if not isinstance(node, yaml.MappingNode):
            self._fault(node, f"{what} must be a mapping, as `name: value`")
            return {}
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            wrong = _wrong_name(key, known, found, what)
            if wrong:
                self._fault(key, wrong)
            else:
                found[key.value] = value
        return found

    def _texts(self, name: str, node: yaml.Node) -> list[Text]:
        """A text, or a list of texts."""
        found = []
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            if isinstance(each, yaml.ScalarNode) and each.value.strip() and each.tag != _NULL:
                found.append(Text(each.value, each.start_mark.line + 1, each.start_mark.column + 1))
            else:
                self._fault(each, f"`{name}` must be a text, or a list of texts")
        return found

    def _alias(self, name: str, node: yaml.Node) -> None:
        texts = self._texts(name, node)
        try:
            if len(texts) == 1:
                self._catalogue.alias(name, texts[0].text)
            elif texts:
                self._fault(node, f"the alias `{name}` must be for one license")
        except Unclear as unclear:
            self._fault(node, str(unclear))

    def _group(self, name: str, node: yaml.Node) -> frozenset[str]:
        texts = self._texts(name, node)
        if isinstance(node, yaml.ScalarNode) and texts and not EMAIL.fullmatch(texts[0].text):
            return self._table(node, self._path.parent / texts[0].text)
        for text in texts:
            if not EMAIL.fullmatch(text.text):
                self.faults.append(Fault(text.line, text.column, f"`{text.text}` is no email"))
        return frozenset(text.text.lower() for text in texts)

    def _table(self, node: yaml.Node, path: Path) -> frozenset[str]:
        """The emails of a table that a group names; what is wrong in it is told with its own place."""
        faults: list[Fault] = []
        emails = list[str]()
        try:
            table = Table(path, self._reading)
            for line, row in table.rows():
                emails.append(row[table.email].strip().lower())
                if not EMAIL.fullmatch(emails[-1]):
                    faults.append(Fault(line, "email", f"`{emails[-1]}` is no email"))
            faults += table.faults
        except DesireFault as error:
            faults = error.faults
        except OSError as error:
            faults = [Fault(None, None, f"it cannot be read ({error.strerror})")]
        for fault in faults:
            self._fault(node, show(path, fault))
        return frozenset(emails)

    def _bundle(self, node: yaml.Node, number: int) -> None:
        members = self._mapping(node, ("name", "who", *WHAT, "calling"), "a bundle")
        if not members:
            return
        if "who" not in members or not members["who"].value:
            self._fault(node, 'it does not say who; for everybody it is `who: {email: "*"}`')
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        named = self._texts("name", members["name"]) if "name" in members else []
        name = f"bundle `{named[0].text}`" if named else f"bundle {number}"
        if any(each.name.text == name for each in self.bundles):
            self._fault(node, f"there is another {name}; give each a name of its own")
        who = self._mapping(members.get("who"), WHO, "`who`")
        calling = self._mapping(members.get("calling"), CALLING, "`calling`")
        written = Written(
            Text(name, line, column),
            {key: self._texts(key, value) for key, value in who.items()},
            {key: self._texts(key, members[key]) for key in WHAT if key in members},
            {key: self._texts(key, value) for key, value in calling.items()},
        )
        for key, texts in written.who.items():
            if not texts and isinstance(who[key], yaml.SequenceNode):
                self._fault(who[key], f"`{key}` is empty; leave it out where it does not matter")
        self.bundles.append(written)


def _check_depth(path: Path, text: str) -> None:
    level = 0
    for event in yaml.parse(text, Loader=_Loader):
        level += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if level > _LEVELS:
            at, what = event.start_mark, f"it has more than {_LEVELS} levels, one in another; write it flat"
            raise DesireFault(str(path), [Fault(at.line + 1 if at else None, at.column + 1 if at else None, what)])


def _no_yaml(error: yaml.MarkedYAMLError) -> Fault:
    problem, at = error.problem or error.context or "", error.problem_mark or error.context_mark
    what = f"it is no YAML: {problem}"
    if "alphabetic or numeric" in problem:
        what += "; a text that begins with * or & stands in quotes"
    return Fault(at.line + 1, at.column + 1, what) if at else Fault(None, None, what)


def _wrong_name(key: yaml.Node, known: tuple[str, ...], found: dict[str, yaml.Node], what: str) -> str:
    """What is wrong with a name of a mapping, of which some were found before; empty when nothing is."""
    if not isinstance(key, yaml.ScalarNode):
        return f"{what} has a name that is no text"
    if known and key.value not in known:
        near = get_close_matches(key.value, known, 1)
        hint = f"is it `{near[0]}`?" if near else f"it may have {', '.join(known)}"
        return f"`{key.value}` is not known in {what}; {hint}"
    return f"`{key.value}` is there twice in {what}" if key.value in found else ""
