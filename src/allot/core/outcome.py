"""An outcome that is ordered: what shall happen to a step, instead of what would have happened."""

from collections.abc import Collection, Iterable
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

#: steps of the whole customer that an outcome can be ordered for by name
WHOLE = (runs.ORGANIZATION, runs.LOCATION, runs.SITE, runs.MAPPING)
#: what an order may say besides kind and target
_SAYS = {
    HOLD: (),
    WARN: ("errorCode", "description"),
    FAIL: ("errorCode", "description"),
    FLAKY: ("errorCode", "description", "times"),
    SLOW: ("seconds",),
    REVIEW: (),
}
CODE_MAX = 999_999
DESCRIPTION_MAX = 500
TIMES_MAX = 100
SECONDS_MAX = 30 * 86_400

#: the one warning that Cisco publishes
MAINTENANCE = Notice(
    2560,
    "One or more Webex Calling services are unavailable due to maintenance, unable to start provisioning."
    " Consult status.webex.com and retry later.",
)
#: what a failure says that was ordered without words
ORDERED = Notice(90003, "This step was ordered to fail")
WARNED = "This warning was ordered"


@dataclass(frozen=True, slots=True)
class Draft:
    """An order of an outcome as it was sent; None is what it does not say."""

    kind: str
    #: a package, or a step of the whole customer; empty: every package
    target: str = ""
    code: int | None = None
    description: str | None = None
    times: int | None = None
    seconds: float | None = None

    def faults(self, packages: Collection[str]) -> list[str]:
        """Why it cannot be ordered, one sentence each; none when it can."""
        if self.kind not in KINDS:
            return [f"kind: must be one of {', '.join(KINDS)}"]
        says = {
            "errorCode": self.code,
            "description": self.description,
            "times": self.times,
            "seconds": self.seconds,
        }
        found = self._target_faults(packages)
        for name, value in says.items():
            if value is not None and name not in _SAYS[self.kind]:
                kinds = " and ".join(kind for kind in KINDS if name in _SAYS[kind])
                found.append(f"{name}: is for {kinds}; leave it out")
        if self.code is not None and not 1 <= self.code <= CODE_MAX:
            found.append(f"errorCode: must be from 1 to {CODE_MAX}")
        if self.description is not None and not 1 <= len(self.description.strip()) <= DESCRIPTION_MAX:
            found.append(f"description: must have 1 to {DESCRIPTION_MAX} characters")
        if self.times is not None and not 1 <= self.times <= TIMES_MAX:
            found.append(f"times: must be from 1 to {TIMES_MAX}")
        if self.kind == SLOW and self.seconds is None:
            found.append("seconds: is missing; say how much longer it shall take")
        if self.seconds is not None and not 0 < self.seconds <= SECONDS_MAX:
            found.append(f"seconds: must be above 0, {SECONDS_MAX} at most")
        return found

    def _target_faults(self, packages: Collection[str]) -> list[str]:
        if not self.target:
            return []
        if self.kind == REVIEW:
            return ["target: a review is of the whole customer; leave it out"]
        if self.target in packages:
            return []
        if self.target not in WHOLE:
            return [f"target: must be a package, or one of {', '.join(WHOLE)}"]
        if self.kind == WARN:
            return [f"target: warnings are of packages, and {self.target} is a step of the whole customer"]
        return []

    @property
    def notice(self) -> Notice:
        """What the step will tell: a known notice, unless the order has a code or words of its own."""
        if self.kind == WARN and self.code in (None, MAINTENANCE.code):
            return Notice(MAINTENANCE.code, self.description or MAINTENANCE.description)
        words = WARNED if self.kind == WARN else ORDERED.description
        return Notice(self.code or ORDERED.code, self.description or words)

    @property
    def milliseconds(self) -> int:
        """How much longer it takes; 1 at least where it was said."""
        return 0 if self.seconds is None else max(1, round(self.seconds * 1000))


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
        return self.targets(step.name, step.package)

    def targets(self, name: str, package: str) -> bool:
        """Whether it is ordered for the step of this name, of a package or of the whole customer."""
        if not self.target:
            return name in (runs.ADD, runs.ADJUST, runs.REMOVE)
        return self.target in (package, name)


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
