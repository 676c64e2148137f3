"""An outcome that is ordered: what shall happen to a step, instead of what would have happened."""

from collections.abc import Iterable
from dataclasses import dataclass

from allot.core import run as runs
from allot.core.package import Notice
from allot.core.run import Delayed, Done, Event, Failed, Paused, Step

HOLD = "hold"
WARN = "warn"
FAIL = "fail"
FLAKY = "flaky"
SLOW = "slow"
REVIEW = "review"
KINDS = (HOLD, WARN, FAIL, FLAKY, SLOW, REVIEW)

#: the one warning that Cisco publishes
MAINTENANCE = Notice(
    2560,
    "One or more Webex Calling services are unavailable due to maintenance, unable to start provisioning."
    " Consult status.webex.com and retry later.",
)
#: what a failure says that was ordered without words
ORDERED = Notice(90003, "This step was ordered to fail")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an operator ordered for one run of a customer."""

    org_id: str
    id: str
    #: None: the next customer that is provisioned
    customer_id: str | None
    #: None: the next run
    run: int | None
    #: a package, or the name of a step; empty: every package
    target: str
    kind: str
    notice: Notice
    #: flaky: how often it fails before it succeeds
    times: int
    #: slow: how much longer it takes
    milliseconds: int
    created: str

    def concerns(self, step: Step) -> bool:
        """Whether it is ordered for a step."""
        if not self.target:
            return step.name in (runs.ADD, runs.ADJUST, runs.REMOVE)
        return self.target in (step.package, step.name)


def ordered(outcomes: Iterable[Outcome], step: Step) -> Outcome | None:
    """What is ordered for this attempt at a step: the first that still has something to say."""
    for outcome in outcomes:
        if outcome.concerns(step) and not _over(outcome, step):
            return outcome
    return None


def _over(outcome: Outcome, step: Step) -> bool:
    if outcome.kind == FLAKY:
        return step.attempts > outcome.times
    return outcome.kind == REVIEW or (outcome.kind == SLOW and step.attempts > 1)


def event(outcome: Outcome, step: Step, otherwise: Event) -> Event:
    """What happens to a step that an outcome is ordered for; `otherwise` is what would have happened."""
    claim = (step.number, step.attempts)
    match outcome.kind:
        case "hold":
            return Paused(*claim)
        case "slow":
            return Delayed(*claim)
        case "fail":
            return Failed(*claim, outcome.notice, final=True)
        case "flaky":
            return Failed(*claim, outcome.notice)
    if isinstance(otherwise, Done):
        return Done(*claim, (*otherwise.warnings, outcome.notice), otherwise.license_ids)
    return otherwise
