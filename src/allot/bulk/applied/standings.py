"""Standings: how far a person is on the way of a change, by what they have now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec import UNSET, UnsetType

from allot.bulk.actual.snapshots import Calling
from allot.bulk.planned.changes import Change, Request, State
from allot.bulk.shown.wordings import Names


@dataclass(slots=True, eq=False)
class Actual:
    """What somebody has: places in the plan's list of licenses, and ids of licenses that are not in it."""

    licenses: list[int] | UnsetType
    attendee: list[str] | UnsetType
    #: unknown while calling is set up for them
    calling: Calling | UnsetType | None
    others: Sequence[str] = ()


def standing(change: Change, actual: Actual, *, touched: bool) -> int | None:
    """How many of the change's requests are done; None where the person is not on its way, or it is not known.

    `touched`: something was sent before, so that it is ours who is between two requests, or who has a part of one,
    which begins again. Else somebody else has changed them.
    """
    # Where what is to change cannot be seen, both may be true: then it is not known that it is done.
    if _equals(change.before, actual):
        return 0
    if agrees(change.after, actual):
        return len(change.requests)
    if not touched or actual.licenses is UNSET or actual.others or not _on_the_way(change, actual):
        return None
    held = set(actual.licenses)
    states = [set(change.before.licenses)]
    for request in change.requests:
        states.append(step(states[-1], request))
    for place in reversed(range(1, len(change.requests))):
        if held == states[place]:
            return place
    for place in reversed(range(len(change.requests))):
        request = change.requests[place]
        if not (held ^ states[place]).difference(request.add, request.remove):
            return place
    return None


def step(licenses: Iterable[int], request: Request) -> set[int]:
    """The licenses after a request that is carried out whole."""
    return {*licenses}.difference(request.remove).union(request.add)


def agrees(wanted: State, actual: Actual) -> bool:
    """Whether somebody is as planned. Calling details that the plan does not tell are as the API chose them."""
    if actual.others or actual.licenses != wanted.licenses:
        return False
    if actual.attendee is not UNSET and actual.attendee != wanted.attendee:
        return False
    told, found = wanted.calling, actual.calling
    if found is UNSET or told is None or found is None:
        return found is UNSET or told is found
    return (
        (not told.location_id or told.location_id == found.location_id)
        and (told.phone_number is None or told.phone_number == found.phone_number)
        and (told.extension is None or told.extension == found.extension)
    )


def difference(wanted: State, actual: Actual, names: Names, locations: dict[str, str]) -> str:
    """What is not as in a state, for a user: `has Webex Calling - Professional, has extension 1002, not 1001`."""
    if actual.licenses is UNSET:
        return "it is not known what they hold: the token sees no licenses"
    more = names.all(place for place in actual.licenses if place not in wanted.licenses)
    more += [f"a license that the plan does not know ({other})" for other in actual.others]
    less = names.all(place for place in wanted.licenses if place not in actual.licenses)
    if actual.attendee is not UNSET:
        more += [f"an attendee account on {url}" for url in actual.attendee if url not in wanted.attendee]
        less += [f"attendee account on {url}" for url in wanted.attendee if url not in actual.attendee]
    found = [f"has {name}" for name in more] + [f"has no {name}" for name in less]
    there = wanted.calling if actual.calling is UNSET else actual.calling
    for name, one, other in zip(
        ("location", "phone number", "extension"), _where(wanted.calling), _where(there), strict=True
    ):
        if one != other:
            shown = [locations.get(each or "", each) or "none" for each in (other, one)]
            found.append(f"has {name} {shown[0]}, not {shown[1]}")
    return ", ".join(found)


def _equals(state: State, actual: Actual) -> bool:
    """Whether somebody has exactly this, as far as it is told."""
    return (
        actual.licenses == state.licenses
        and not actual.others
        and (actual.attendee is UNSET or actual.attendee == state.attendee)
        and (actual.calling is UNSET or _where(actual.calling) == _where(state.calling))
    )


def _where(calling: Calling | None) -> tuple[str | None, ...]:
    told = calling or Calling()
    return told.location_id or None, told.phone_number or None, told.extension or None


def _on_the_way(change: Change, actual: Actual) -> bool:
    """Whether sites and calling are such as a request of the change finds or leaves."""
    if actual.attendee is not UNSET:
        moved = {*change.before.attendee} ^ {*change.after.attendee}
        moved.update(url for request in change.requests for url in (*request.attend, *request.leave))
        if not ({*actual.attendee} ^ {*change.before.attendee}) <= moved:
            return False
    told = [change.before.calling, change.after.calling, *(request.calling for request in change.requests)]
    known = [each for each in told if each is not None]
    if actual.calling is UNSET:
        return True
    allowed = [{None, *members} for members in zip(*map(_where, known), strict=True)] or [{None}] * 3
    return all(found in each for found, each in zip(_where(actual.calling), allowed, strict=True))
