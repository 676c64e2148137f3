"""The page about import documents."""

import inspect
import re
from typing import Annotated, Any, get_args, get_origin

import msgspec

from allot.service import documents, imports
from generating.markdown import code, table


def page() -> str:
    parts = [
        """
# Import documents

`allot import FILE.json` brings new organizations. [How to](../how-to/import.md) shows an example.
The document is one organization, or `{"organizations": […]}` with several.
Members have the names that Webex has for them. A member that is not known is a fault.
All faults are told at once with their places, and then nothing is imported.
Ids may be left out: they are then made from the organization's id and the name, and are the same on every import."""
    ]
    parts += [f"## {title}\n\n{_struct(kind)}" for title, kind in _STRUCTS]
    columns = ", ".join(code(column) for column in imports.COLUMNS)
    lists = " and ".join(code(column) for column in imports.LISTS)
    parts.append(
        f"""## People from a table

`allot import FILE.csv --org ORG` adds people to an organization that is there.
The first line names the columns: {columns}.
`email` is required. {lists} take several values, separated by semicolons.
A license is named by its offer code or its name where only one license has it, or by its id."""
    )
    return "\n\n".join(parts)


_STRUCTS = (
    ("One organization", documents.Document),
    ("organization", documents.OrganizationDocument),
    ("sites[]", documents.SiteDocument),
    ("locations[]", documents.LocationDocument),
    ("locations[].address", documents.AddressDocument),
    ("numbers[]", documents.NumberDocument),
    ("callParks[]", documents.CallParkDocument),
    ("licenses[]", documents.LicenseDocument),
    ("people[]", documents.PersonDocument),
    ("partner", documents.PartnerDocument),
    ("partner.templates[]", documents.TemplateDocument),
)


def _struct(kind: type[msgspec.Struct]) -> str:
    notes = {name: note for note, name in re.findall(r"#: (.+)\n\s+(\w+):", inspect.getsource(kind))}
    rows = [
        [code(each.encode_name), _hint(each.type), _default(each), notes.get(each.name, "")]
        for each in msgspec.structs.fields(kind)
    ]
    return table(["Member", "Type", "Default", "What it is"], rows)


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default in (msgspec.NODEFAULT, None, ""):
        return "-"
    return code(str(field.default).lower() if isinstance(field.default, bool) else field.default)


def _hint(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
        return "object"
    if hint is Any:
        return "any"
    inner = [each for each in get_args(hint) if each is not type(None)]
    if get_origin(hint) is list:
        return f"list of {_hint(inner[0])}".replace("of object", "of objects")
    if inner and all(isinstance(each, str) for each in inner):
        return "one of " + ", ".join(code(each) for each in inner)
    if inner:
        return " or ".join(_hint(each) for each in inner)
    return {str: "text", int: "whole number", bool: "true or false", float: "number"}[hint]
