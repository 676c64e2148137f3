"""Settings from flags, environment and file, in this order; what none of them says has its default."""

import dataclasses
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import click

from allot.service.paces import PACES
from allot.service.settings import Settings

PREFIX = "ALLOT_"
FILE = "allot.toml"
LEVELS = ("debug", "info", "warning", "error")
_KINDS: dict[str, type] = {
    name: get_args(hint)[0] for name, hint in get_type_hints(Settings, include_extras=True).items()
}
_HELP: dict[str, str] = {
    name: get_args(hint)[1] for name, hint in get_type_hints(Settings, include_extras=True).items()
}
_ADDRESS = re.compile(r"https?://([\w.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[\w.~/%-]*)?", re.ASCII)
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")

F = TypeVar("F", bound=Callable[..., Any])


class SettingError(click.UsageError):
    """A setting cannot be used; one sentence says which, where it stands and what it must be."""


def options(*names: str) -> Callable[[F], F]:
    """The flags of these settings (all of them when none is named), and --config."""

    def add(function: F) -> F:
        for name in reversed(names or [field.name for field in dataclasses.fields(Settings)]):
            function = _option(name)(function)
        return click.option(
            "--config", metavar="FILE", help=f"Settings file (TOML); also ALLOT_CONFIG, else ./{FILE}."
        )(function)

    return add


def _option(name: str) -> Callable[[F], F]:
    default = getattr(Settings(), name)
    flag = "--" + name.replace("_", "-")
    shown = str(default).lower() if isinstance(default, bool) else default
    text = f"{_HELP[name]}  [{PREFIX}{name.upper()}; {shown if shown != '' else 'empty'}]"
    if _KINDS[name] is bool:
        return click.option(f"{flag}/--no-{name.replace('_', '-')}", name, default=None, help=text)
    return click.option(
        flag, name, default=None, metavar=_KINDS[name].__name__.upper().replace("STR", "TEXT"), help=text
    )


def read(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings. Raises SettingError for a key that is not known and for a value that cannot be."""
    return Settings(**given(flags, environment))


def given(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The settings that are not left to their defaults. Raises SettingError as `read` does."""
    values: dict[str, Any] = {}
    path = flags.get("config") or environment.get("ALLOT_CONFIG")
    if path or Path(FILE).exists():
        values |= _file(Path(path or FILE))
    for name in _KINDS:
        variable = PREFIX + name.upper()
        if environment.get(variable):
            values[name] = _value(name, environment[variable], variable)
        if flags.get(name) is not None:
            values[name] = _value(name, flags[name], "--" + name.replace("_", "-"))
    return values


def _file(path: Path) -> dict[str, Any]:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingError(f"{path} cannot be read ({error.strerror}); name another file with --config") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is no TOML document: {error}") from error
    unknown = [name for name in found if name not in _KINDS]
    if unknown:
        raise SettingError(f"{path} has {', '.join(unknown)}, which is no setting; settings are {', '.join(_KINDS)}")
    return {name: _value(name, value, f"{name} in {path}") for name, value in found.items()}


def _value(name: str, given: Any, where: str) -> Any:
    """A setting's value from a text or from TOML; `where` is where it was found."""
    kind = _KINDS[name]
    value = _parsed(kind, given) if isinstance(given, str) else given
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        wanted = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[kind]
        raise SettingError(f"{where} is `{given}`, must be {wanted}")
    problem = _problem(name, value)
    if problem:
        raise SettingError(f"{where} is `{given}`, must be {problem}")
    return value


def _parsed(kind: type, text: str) -> Any:
    if kind is bool:
        return {**dict.fromkeys(_YES, True), **dict.fromkeys(_NO, False)}.get(text.strip().lower())
    try:
        return kind(text)
    except ValueError:
        return None


def _problem(name: str, value: Any) -> str | None:
    """What the value must be, when it cannot be what it is."""
    if name == "port" and not 0 <= value <= 65_535:
        return "0 to 65535"
    if name == "log_level" and value not in LEVELS:
        return f"one of {', '.join(LEVELS)}"
    if name == "pace" and value not in PACES:
        return f"one of {', '.join(PACES)}"
    if name == "lease_seconds" and value < 1:
        return "1 or more"
    if name in ("public_url", "otlp_endpoint") and value and not _ADDRESS.fullmatch(value):
        return "an address that begins with http:// or https://"
    if isinstance(value, int | float) and not 0 <= value < 1e9:
        return "0 or more"
    return None
