"""Settings: flags win over variables, variables over the file, the file over the defaults."""

import dataclasses
from pathlib import Path

import click
import pytest

from allot.cli import settings
from allot.service.settings import Settings


def read(flags: dict[str, object] | None = None, **environment: str) -> Settings:
    return settings.read(flags or {}, environment)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_nobody_says_has_its_default():
    """Without flags, variables and file, settings are the defaults."""
    assert read() == Settings()


def test_each_source_wins_over_the_next(folder: Path):
    """A flag wins over a variable, and a variable over the file in the folder."""
    (folder / "allot.toml").write_text('port = 1\nhost = "a"\nlog_level = "debug"\nrate_limit = 2\n')
    found = read({"port": "3"}, ALLOT_PORT="2", ALLOT_HOST="b")
    assert (found.port, found.host, found.log_level, found.rate_limit) == (3, "b", "debug", 2.0)


def test_the_file_is_named_by_flag_or_variable(folder: Path):
    """--config names another file, else ALLOT_CONFIG does."""
    (folder / "one.toml").write_text("port = 1")
    (folder / "two.toml").write_text("port = 2")
    assert read({"config": "one.toml"}, ALLOT_CONFIG="two.toml").port == 1
    assert read({}, ALLOT_CONFIG="two.toml").port == 2


def test_switches_are_read_as_people_write_them():
    """A switch is true, yes, on or 1, and the other way round."""
    assert read({}, ALLOT_PARTIAL_ERRORS="off").partial_errors is False
    assert read({}, ALLOT_ACCESS_LOG="YES").access_log is True
    assert read({"access_log": False}, ALLOT_ACCESS_LOG="1").access_log is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shoe = 1", "allot.toml has shoe, which is no setting"),
        ("port = 'x'", "port in allot.toml is `x`, must be a whole number"),
        ("port = true", "port in allot.toml is `True`, must be a whole number"),
        ("port = 70000", "must be 0 to 65535"),
        ("log_level = 'loud'", "must be one of debug, info"),
        ("rate_limit = -1", "must be 0 or more"),
        ("rate_limit = inf", "must be 0 or more"),
        ("public_url = 'example.com'", "must be an address that begins with http"),
        ("public_url = 'http://['", "must be an address that begins with http"),
        ("otlp_endpoint = 'http://a b'", "must be an address that begins with http"),
        ("otlp_endpoint = 'example.com'", "must be an address that begins with http"),
        ("port = ", "is no TOML document"),
    ],
)
def test_a_file_that_is_wrong_is_one_sentence(folder: Path, text: str, said: str):
    """A key that is not known and a value that cannot be are told with file and key."""
    (folder / "allot.toml").write_text(text)
    with pytest.raises(click.UsageError, match=said.replace("(", r"\(")):
        read()


def test_variables_and_flags_that_are_wrong_are_named():
    """A wrong value is told with the variable or flag that it came from."""
    with pytest.raises(click.UsageError, match="ALLOT_PARTIAL_ERRORS is `maybe`, must be true or false"):
        read({}, ALLOT_PARTIAL_ERRORS="maybe")
    with pytest.raises(click.UsageError, match="--rate-limit is `fast`, must be a number"):
        read({"rate_limit": "fast"})


def test_a_file_that_is_not_there_is_told():
    """A settings file that was named must exist."""
    with pytest.raises(click.UsageError, match=r"gone.toml cannot be read \(No such file or directory\)"):
        read({"config": "gone.toml"})


def test_every_setting_is_a_flag_of_serve(allot):
    """`serve --help` tells every setting with its variable and default."""
    shown = allot("serve", "--help").out
    for field in dataclasses.fields(Settings):
        assert f"--{field.name.replace('_', '-')}" in shown
        assert f"ALLOT_{field.name.upper()}" in shown
