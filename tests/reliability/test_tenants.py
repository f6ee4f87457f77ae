"""A provider's tenants through a day in which processes die and messages come twice: a small part of `tenants`."""

from tests.reliability.tenants.fleet import live


def test_no_tenant_lacks_anything_for_what_happens_to_another_or_to_a_message() -> None:
    found = live(tenants=5, seed=1, reports="getOffice365ActiveUserCounts", kills=0.5, twice=0.5)
    assert found.wrong == []
    assert found.kills
    assert found.twice
