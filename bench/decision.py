"""How long does one decision take? In this process, on one core, without a server."""

import gc
import statistics
from itertools import repeat
from time import perf_counter

from allot.core.decision import decide
from allot.core.holding import Calling, Holding, Item, LicenseItem, Properties
from allot.core.judgement import Situation
from allot.core.license import STRICT, License
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook, load
from bench.options import Options
from bench.report import Report
from bench.servers import ROOT

TARGET_MICROSECONDS = 2.0
DECISIONS = 10_000
#: the cases that the target speaks of
ASKED = ("add one license", "remove one license")


def rulebook() -> Rulebook:
    """Webex's own."""
    return load((ROOT / "src/allot/rulebooks/webex.toml").read_text())


def cases(rules: Rulebook) -> dict[str, tuple[Situation, list[Item]]]:
    """Requests as they are made every day, from one license to a whole move."""
    owned = {
        code: License(number, f"license-{code}", offer, offer.name, 1000, STRICT)
        for number, (code, offer) in enumerate(rules.offers.items())
    }
    organization = Organization("org", {license.id: license for license in owned.values()}, locations={"here"})

    def situation(*codes: str, calling: Calling | None = None) -> Situation:
        held = sum(owned[code].bit for code in codes)
        return Situation(organization, "person", external=False, before=Holding(held, calling=calling))

    def item(code: str, add: bool = True, properties: Properties | None = None) -> LicenseItem:
        return LicenseItem(owned[code], add, properties)

    default = ("FMS", "FTM", "FSS", "FTC")
    place = Properties("here", extension="133")
    return {
        "add one license": (situation(*default), [item("MS")]),
        "remove one license": (situation(*default, "MS"), [item("MS", add=False)]),
        "refuse one license": (situation("FTC"), [item("MS")]),
        "add calling at an extension": (situation(*default), [item("BCSTD", properties=place)]),
        "swap one license, add another": (
            situation(*default, "CJPPRM"),
            [item("CJPPRM", add=False), item("CJPSTD"), item("MS")],
        ),
    }


def microseconds(rules: Rulebook, situation: Situation, items: list[Item]) -> float:
    """One decision, the mean of many in a row."""
    began = perf_counter()
    for _ in repeat(None, DECISIONS):
        decide(rules, situation, items)
    return (perf_counter() - began) / DECISIONS * 1e6


def measure(options: Options) -> Report:
    """Time every case in turn, round after round; what is asked is asked of one license given or taken."""
    report = Report("decision", "how long does one decision take?")
    rules = rulebook()
    asked = cases(rules)
    for what, case in asked.items():
        decision = decide(rules, *case)
        assert bool(decision.refused) is what.startswith("refuse"), f"{what}: {decision.refused}"
    times: dict[str, list[float]] = {what: [] for what in asked}
    gc.disable()
    for _ in range(options.rounds * 3):
        for what, case in asked.items():
            times[what].append(microseconds(rules, *case))
    gc.enable()
    report.raw = dict(times)
    for what, took in times.items():
        if what in ASKED:
            report.most(what, statistics.median(took), "µs", TARGET_MICROSECONDS)
        else:
            report.tell(what, statistics.median(took), "µs")
    return report
