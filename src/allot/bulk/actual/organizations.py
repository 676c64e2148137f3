"""The organization of a snapshot, as decisions see it."""

from allot.bulk.actual.snapshots import License, Number, Snapshot
from allot.core import license as law
from allot.core.offer import Offer, Provenance
from allot.core.organization import Number as Taken
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook
from allot.core.site import MANAGED, Site

#: an offer that the rulebook does not know: no rule speaks of it
_UNKNOWN = Provenance("assumed", "the rulebook does not know this license; nothing stands against it but its units")


def organization(rulebook: Rulebook, snapshot: Snapshot, numbers: list[Number], *, overage: bool) -> Organization:
    """The snapshot's organization; `numbers` are those that are spoken of. `overage`: units are never refused."""
    found: dict[str, law.License] = {}
    sites: dict[str, Site] = {}
    for place, read in enumerate(snapshot.licenses):
        policy = law.OVERAGE if overage else law.STRICT
        found[read.id] = law.License(
            place,
            read.id,
            offer(rulebook, read),
            read.name,
            read.total_units,
            policy,
            # What the snapshot does not tell apart counts as used by people.
            read.consumed_units - (read.consumed_by_workspaces or 0),
            read.consumed_by_workspaces or 0,
            read.subscription_id,
            read.site_url,
        )
        if read.site_url:
            sites[read.site_url] = Site(read.site_url, read.site_type or MANAGED, True)
    locations = {each.id for each in snapshot.locations if each.calling is not False}
    taken = {each.phone_number: Taken(each.location_id, each.owner_id) for each in numbers}
    return Organization(snapshot.head.org_id, found, sites, locations, taken)


def offer(rulebook: Rulebook, license: License) -> Offer:
    """The offer of a license: by the type code in its id (`<org>:<TYPE>_<uuid>`), else by its name, else unknown."""
    code = license.id.partition(":")[2].partition("_")[0]
    if code in rulebook.offers:
        return rulebook.offers[code]
    named = [each for each in rulebook.offers.values() if each.name.lower() == license.name.lower()]
    if len(named) == 1:
        return named[0]
    return Offer(code or license.name, license.name, "", 0, False, False, False, False, _UNKNOWN)
