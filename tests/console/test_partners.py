"""The page of a partner: who it is, its customers by status, and its sub-partners."""

from collections.abc import Callable, Iterator

import pytest

from allot.cli.demo import FOOTHILL, VALLEY
from allot.console import partners
from allot.core import ids
from servers import Server
from visiting import Visitor, words
from wholesale import TOKEN, token_of


@pytest.fixture
def partner(visits: Callable[..., Visitor]) -> Iterator[Visitor]:
    return visits(TOKEN)


def test_a_partner_sees_itself_and_its_sub_partners(partner: Visitor):
    """Its subscription, how many customers are in which status, and each sub-partner with its state."""
    shown = words(partner.see("/wholesale"))
    assert "State active Subscription Sub-Wholesale-1" in shown
    assert "provisioned 2 provisioned with errors 1 provisioning 1 error 1 compliance review pending 1" in shown
    assert "Foothill Voice active" in shown
    assert "Valley Telecom suspended" in shown
    assert "Act on behalf of Valley Telecom" in shown


def test_acting_on_behalf_goes_on_until_it_is_ended(partner: Visitor):
    """Every page of wholesale stays with the sub-partner, and says so."""
    query = f"onBehalfOfSubPartnerOrgId={ids.encode('ORGANIZATION', VALLEY)}"
    for path in ("", "/customers", "/subscribers", "/reports"):
        html = partner.see(f"/wholesale{path}?{query}")
        assert "on behalf of the sub-partner Valley Telecom" in words(html)
        assert f'href="/console/wholesale/customers?{query}"' in html
        assert 'href="/console/wholesale"' in html
    assert "There are no customers yet." in words(partner.see(f"/wholesale?{query}"))


def test_a_sub_partner_has_none_of_its_own(demo: Server, visits: Callable[..., Visitor]):
    """Its page shows itself alone."""
    shown = words(visits(token_of(demo, FOOTHILL)).see("/wholesale"))
    assert "Sub-Wholesale-2" in shown
    assert "Sub-partners" not in shown


def test_many_sub_partners_go_on_page_by_page(partner: Visitor, monkeypatch: pytest.MonkeyPatch):
    """Each is there once; what is no number begins at the beginning."""
    monkeypatch.setattr(partners, "PAGE_MAX", 1)
    first, second = partner.see("/wholesale?offset=x"), partner.see("/wholesale?offset=1")
    assert ("Foothill" in first, "Valley" in first) != ("Foothill" in second, "Valley" in second)
    assert 'href="/console/wholesale?offset=1"' in first
    assert "First page" in second
    assert "Next page" not in second
