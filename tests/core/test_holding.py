"""Holdings: sets of licenses as bits, and people who hold them."""

from allot.core.holding import Holding, Properties, bits
from allot.core.person import Person


def test_bits_are_listed_from_the_smallest():
    """The numbers of the licenses in a set come in order, and an empty set has none."""
    assert list(bits(0)) == []
    assert list(bits(0b1010_0001 | 1 << 200)) == [0, 5, 7, 200]


def test_properties_reach_a_person_by_number_or_extension():
    """A number or an extension reaches a person, a location alone does not."""
    assert Properties("hq", None, "100").reachable
    assert Properties(None, "+14085550101").reachable
    assert not Properties("hq").reachable


def test_a_person_of_another_organization_is_external():
    """A person is external where the organization is not their home."""
    assert Person("here", "p", "there", "p@example.com", Holding()).external
    assert not Person("here", "p", "here", "p@example.com", Holding()).external
