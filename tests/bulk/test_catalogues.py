"""Whatever an organization's licenses are called, each is found by what a sentence calls it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allot.bulk.actual.snapshots import License
from allot.bulk.desired.catalogues import Catalogue, Unclear
from bulk.planning import BASIC, PRO, PRO_3, small, write_snapshot
from servers import rulebook

NAMES = st.sampled_from(["Webex Calling - Professional", "A", "A in x", "A on y.com", "a"])
KINDS = st.tuples(NAMES, st.sampled_from([None, "x", "Sub-1"]), st.sampled_from([None, "y.com", "z.com"]))


@given(st.lists(KINDS, min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_a_license_is_found_by_its_name(kinds: list[tuple[str, str | None, str | None]]):
    """What `name` says means that license and no other, however many share names, subscriptions and sites."""
    licenses = [
        License(f"org:BCSTD_{place}", name, 1, 0, None, None, subscription, site)
        for place, (name, subscription, site) in enumerate(kinds)
    ]
    with TemporaryDirectory() as folder:
        catalogue = Catalogue(write_snapshot(Path(folder) / "a.snapshot", [], licenses=licenses), rulebook())
    for place, license in enumerate(licenses):
        assert catalogue.license(catalogue.name(place)) == 1 << place
        assert catalogue.license(license.id) == 1 << place
        assert catalogue.any(license.name) >> place & 1


def test_an_alias_may_be_the_name_of_another_license(tmp_path: Path):
    """A name of the user's own goes before names that there are, and the other license is called in full."""
    catalogue = Catalogue(small(tmp_path), rulebook())
    catalogue.alias("Webex Calling - Basic", "Professional in Sub-3")
    assert catalogue.license("webex calling - basic") == 1 << PRO_3
    assert catalogue.name(BASIC) == "Webex Calling - Basic in Sub-1"
    assert catalogue.name(PRO) == "Webex Calling - Professional in Sub-1"


def test_long_lists_are_cut(tmp_path: Path):
    """A sentence lists twenty names at most."""
    licenses = [License(f"org:X{place}_1", f"License {place:02}", 1, 0) for place in range(30)]
    catalogue = Catalogue(write_snapshot(tmp_path / "a.snapshot", [], licenses=licenses), rulebook())
    with pytest.raises(Unclear, match=r"`zzz`; it has License 00, .*, License 19, …$"):
        catalogue.any("zzz")


def test_thousands_of_unknown_names_are_not_guessed_at(tmp_path: Path):
    """Guessing takes long: where a whole column names nothing, it ends after a thousand texts."""
    catalogue = Catalogue(small(tmp_path), rulebook())
    said = []
    for number in range(1_002):
        with pytest.raises(Unclear) as caught:
            catalogue.license(f"Advanced Messagin {number}")
        said.append(str(caught.value))
    assert "is it `Advanced Messaging`?" in said[999]
    assert "it has Webex" in said[1_001]
