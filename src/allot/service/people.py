"""People: creating, changing and deleting them, with what they hold."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from allot.core.call import Call
from allot.core.decision import Decision
from allot.core.failure import Failure
from allot.core.fault import faults
from allot.core.holding import Calling, Holding, LicenseItem
from allot.core.person import Person, Profile
from allot.core.wish import Wish, first_items, items_to_become
from allot.service import departures, holdings
from allot.service.context import Context
from allot.service.holdings import Batch, Needs
from allot.service.known import EMAIL_SENTENCE, EMAIL_TAKEN
from allot.service.searches import NOT_KNOWN, Seen, add_prefixes
from allot.store import people as store
from allot.store import subscribers
from allot.store.database import Reading, Writing


@dataclass(slots=True, eq=False)
class Draft:
    """What a request says of one person. None is what it does not say, which stays as it is."""

    call: Call
    org_id: str
    #: empty for a new person
    person_id: str
    display_name: str
    #: in lower case
    email: str | None = None
    #: the other members, by the names that Webex gives them; None takes a member away
    details: dict[str, Any] = field(default_factory=dict)
    roles: list[str] | None = None
    wish: Wish = field(default_factory=Wish)


@dataclass(slots=True, eq=False)
class Removal:
    """Whom to delete."""

    call: Call
    org_id: str
    person_id: str


async def create(writing: Writing, context: Context, drafts: Sequence[Draft]) -> list[Seen | Failure]:
    """Create people with what they may hold; a refused license fails nobody.

    Where a request names no licenses, the person gets the organization's default ones.
    """
    batch = await holdings.load(writing, context, _needs(drafts))
    outcomes = [_create(batch, draft) for draft in drafts]
    created = [outcome for outcome in outcomes if isinstance(outcome, Seen)]
    await store.create(writing, [(each.person, each.profile) for each in created])
    await holdings.save(writing, batch)
    await add_prefixes(writing, created)
    return outcomes


async def update(writing: Writing, context: Context, drafts: Sequence[Draft]) -> list[Seen | Failure]:
    """Make people what the requests say; a refused license stays as it was, and fails nothing."""
    batch = await holdings.load(writing, context, _needs(drafts))
    profiles = await _profiles(writing, batch)
    await holdings.load_reached(writing, batch)
    roles = {key: list(profile.roles) for key, profile in profiles.items()}
    emails = {key: person.email for key, person in batch.by_id.items()}
    barred = await _barred(writing, batch, drafts)
    outcomes = [_update(batch, profiles, barred, draft) for draft in drafts]
    changed = [(batch.by_id[key], profile) for key, profile in profiles.items() if profile.last_modified == batch.now]
    await store.update(writing, changed)
    await store.set_roles(writing, [each for each in changed if roles[_key(each[0])] != each[1].roles])
    renamed = [(*_key(person), person.email) for person, _ in changed if emails[_key(person)] != person.email]
    await subscribers.rename(writing, renamed)
    await holdings.save(writing, batch)
    await add_prefixes(writing, [outcome for outcome in outcomes if isinstance(outcome, Seen)])
    return outcomes


async def delete(writing: Writing, context: Context, removals: Sequence[Removal]) -> list[Failure | None]:
    """Delete people; what they held is free again, and their tokens work no longer.

    Who was a wholesale subscriber is none any more.
    """
    needs = Needs({each.org_id for each in removals}, {(each.org_id, each.person_id) for each in removals})
    batch = await holdings.load(writing, context, needs)
    profiles = await _profiles(writing, batch)
    gone: dict[tuple[str, str], Call] = {}
    outcomes: list[Failure | None] = []
    for removal in removals:
        key = (removal.org_id, removal.person_id)
        person = batch.by_id.get(key) if key not in gone else None
        refused = _undeletable(removal.call, person)
        outcomes.append(refused)
        if refused is None and person is not None:
            gone[key] = removal.call
            told = {"before": holdings.held(batch.organizations[person.org_id], person.holding)}
            batch.hold(person, Holding())
            batch.enter(removal.call, "people.delete", person, 204, told | {"person": told_of(person, profiles[key])})
    await departures.end(writing, context, batch, gone)
    await holdings.save(writing, batch)
    await store.delete(writing, sorted(gone))
    return outcomes


def _undeletable(call: Call, person: Person | None) -> Failure | None:
    if person is None:
        return Failure.not_found(NOT_KNOWN)
    if person.org_id != call.caller.org_id and not call.caller.full:
        return Failure.forbidden("personId: of a partner's administrators, only full administrators may delete people")
    if _is_own(call, person):
        return Failure.conflict("personId: you cannot delete yourself; ask another administrator to do it")
    return None


def _is_own(call: Call, person: Person) -> bool:
    return (person.org_id, person.id) == (call.caller.org_id, call.caller.person_id)


def _needs(drafts: Sequence[Draft]) -> Needs:
    needs = Needs({draft.org_id for draft in drafts}, sites=any(draft.wish.attendee is not None for draft in drafts))
    needs.ids = {(draft.org_id, draft.person_id) for draft in drafts if draft.person_id}
    needs.emails = {(draft.org_id, draft.email) for draft in drafts if draft.email}
    for draft in drafts:
        needs.add_properties(draft.org_id, draft.wish.properties)
    return needs


async def _profiles(reading: Reading, batch: Batch) -> dict[tuple[str, str], Profile]:
    profiles = {_key(person): profile for person, profile in await store.by_ids(reading, batch.by_id)}
    await store.add_roles(reading, profiles)
    return profiles


async def _barred(reading: Reading, batch: Batch, drafts: Sequence[Draft]) -> set[tuple[str, str]]:
    """(person id, email) of who is a wholesale subscriber and would get the email of somebody elsewhere."""
    wanted = {(draft.org_id, draft.person_id, draft.email) for draft in drafts if draft.email}
    renamed = [each for each in wanted if each[:2] in batch.by_id and batch.by_id[each[:2]].email != each[2]]
    mapped = {each.person_id for each in await subscribers.of_people(reading, {each[:2] for each in renamed})}
    emails = {email for _, id, email in renamed if id in mapped}
    if not emails:
        return set()
    taken, homes = await subscribers.taken(reading, emails), await store.homes(reading, emails)
    return {
        (id, email)
        for org_id, id, email in renamed
        if id in mapped and (email in taken or homes.get(email, set()) - {org_id})
    }


def _create(batch: Batch, draft: Draft) -> Seen | Failure:
    organization = batch.organizations.get(draft.org_id)
    if organization is None:
        return Failure.not_found("orgId: nothing has this id")
    refused = _taken(batch, draft, None) or _forbidden_roles(draft, [])
    if refused is not None:
        return refused
    person = Person(draft.org_id, str(uuid.uuid4()), draft.org_id, draft.email or "", Holding())
    batch.by_id[_key(person)] = batch.by_email[person.org_id, person.email] = person
    details = {member: value for member, value in draft.details.items() if value is not None}
    profile = Profile(draft.display_name, batch.now, batch.now, details, draft.roles or [])
    decision = batch.decide(person, first_items(batch.rulebook, organization, draft.wish))
    told = batch.detail(person.org_id, decision) | {"person": told_of(person, profile)}
    batch.enter(draft.call, "people.create", person, 200, told)
    uncalled = _uncalled(draft, decision)
    return Seen(organization, person, profile, faults=faults(batch.rulebook, decision), uncalled=uncalled)


def _update(
    batch: Batch, profiles: dict[tuple[str, str], Profile], barred: set[tuple[str, str]], draft: Draft
) -> Seen | Failure:
    person = batch.by_id.get((draft.org_id, draft.person_id))
    if person is None:
        return Failure.not_found(NOT_KNOWN)
    profile, organization = profiles[_key(person)], batch.organizations[person.org_id]
    refused = _moved(draft, person.holding.calling)
    if refused is None and not person.external:  # the profile of others is their own organization's
        refused = _taken(batch, draft, person) or _forbidden_roles(draft, profile.roles)
        if refused is None and (person.id, draft.email) in barred:
            refused = Failure.conflict(EMAIL_SENTENCE, code=EMAIL_TAKEN)
        if refused is None and _is_own(draft.call, person) and draft.details.get("loginEnabled") is False:
            refused = Failure.conflict("loginEnabled: you cannot lock yourself out; ask another administrator to do it")
    if refused is not None:
        return refused
    decision = batch.decide(person, items_to_become(organization, person, draft.wish))
    changes = {} if person.external else _change(batch, person, profile, draft)
    if changes or decision.after != decision.before:
        profile.last_modified = batch.now
    told = batch.detail(person.org_id, decision)
    batch.enter(draft.call, "people.update", person, 200, told | ({"changes": changes} if changes else {}))
    # As they are now: the next requests of the batch change person, profile and units.
    told_why = faults(batch.rulebook, decision)
    return Seen(organization, person.copy(), profile.copy(), faults=told_why, uncalled=_uncalled(draft, decision))


def _uncalled(draft: Draft, decision: Decision) -> bool:
    asked = draft.wish.properties is not None and decision.before.calling is None and decision.after.calling is None
    return asked and not any(isinstance(item, LicenseItem) and item.license.offer.calling for item in decision.items)


def _taken(batch: Batch, draft: Draft, person: Person | None) -> Failure | None:
    other = batch.by_email.get((draft.org_id, draft.email or ""))
    if other is None or other is person:
        return None
    return Failure.conflict(f"emails: {draft.email} is another person's of this organization; use another email")


def _forbidden_roles(draft: Draft, before: list[str]) -> Failure | None:
    """Roles give rights over the whole organization: only who has all of them may give or take any."""
    if draft.roles is None or set(draft.roles) == set(before) or draft.call.caller.full:
        return None
    return Failure.forbidden("roles: only a full administrator may change them; leave them as they are")


def _moved(draft: Draft, calling: Calling | None) -> Failure | None:
    location = draft.wish.properties.location_id if draft.wish.properties else None
    if calling is None or location in (None, calling.location_id):
        return None
    return Failure.invalid("locationId: cannot be changed for a person who uses calling already; leave it as it is")


def _change(batch: Batch, person: Person, profile: Profile, draft: Draft) -> dict[str, list[Any]]:
    """Make the profile what the draft says; before and after of each member that changes."""
    changes: dict[str, list[Any]] = {}
    if draft.email is not None and draft.email != person.email:
        changes["email"] = [person.email, draft.email]
        del batch.by_email[person.org_id, person.email]
        person.email = draft.email
        batch.by_email[person.org_id, person.email] = person
    if draft.display_name != profile.display_name:
        changes["displayName"] = [profile.display_name, draft.display_name]
        profile.display_name = draft.display_name
    if draft.roles is not None and set(draft.roles) != set(profile.roles):
        changes["roles"] = [profile.roles, draft.roles]
        profile.roles = draft.roles
    for member, value in draft.details.items():
        before = profile.details.get(member)
        if value != before:
            changes[member] = [before, value]
            if value is None:
                del profile.details[member]
            else:
                profile.details[member] = value
    return changes


def told_of(person: Person, profile: Profile) -> dict[str, Any]:
    """What the journal keeps of a person who comes or goes."""
    return {
        "email": person.email,
        "displayName": profile.display_name,
        "roles": profile.roles,
        "orgId": person.home_org_id,
        "created": profile.created,
        **profile.details,
    }


def _key(person: Person) -> tuple[str, str]:
    return person.org_id, person.id
