"""How many people a second are decided at once? On one core, beside a plain copy of the same arrays."""

import importlib
import os
import statistics
from collections.abc import Iterable, Mapping
from time import perf_counter, process_time
from typing import Any

import numpy as np

from allot.bulk.decided.decisions import KERNEL_PAYS, Engine, Verdicts
from allot.bulk.decided.rounds import LACKING, NONE
from allot.core.decision import decide
from allot.core.holding import Holding, Item, LicenseItem, Properties, bits
from allot.core.judgement import Situation
from allot.core.license import STRICT, License
from allot.core.organization import Organization
from allot.core.rulebook import Rulebook
from bench.decision import rulebook
from bench.options import Options
from bench.report import Report

PEOPLE = 10_000_000
TARGET_NUMPY, TARGET_NUMBA = 6.0, 40.0
#: people who are decided by core too, in every run
COMPARED = 20_000
#: the licenses of an organization; what is there twice is bought in two subscriptions
CODES = (
    *("FMS", "FTM", "FSS", "FTC", "MS", "MS", "CF", "BCSTD", "BCSTD", "BCBAS", "BCCXE", "BCHDO", "BCATC", "EE", "EE"),
    *("MC", "MSGR", "UCPREM", "RTT", "CE", "CG", "HM", "CJPPRM", "CJPSTD", "EPC", "SLWCA"),
)
FREE = ("FMS", "FTM", "FSS", "FTC")
#: what people hold besides what is free, and how many in a hundred
HOLDINGS = {
    (): 20,
    ("MS",): 18,
    ("MS", "CF", "EE"): 12,
    ("BCSTD",): 14,
    ("BCSTD", "BCATC", "MS"): 4,
    ("BCBAS", "MS"): 14,
    ("BCCXE", "CJPPRM"): 6,
    ("BCHDO",): 4,
    ("CJPSTD", "EPC", "MS", "EE"): 8,
}
#: what is asked: added, removed, and how many in a hundred
REQUESTS = {
    ((), ()): 13,
    (("MS",), ()): 17,
    (("CF", "EE"), ()): 12,
    (("CE",), ("CG",)): 10,
    ((), ("MS",)): 10,
    (("RTT", "UCPREM"), ()): 10,
    (("BCSTD",), ("BCBAS", "BCHDO")): 12,
    (("CJPPRM",), ("CJPSTD",)): 6,
    ((), ("EE", "CF")): 5,
    (("BCATC",), ()): 3,
    (("BCBAS",), ("BCSTD",)): 2,
}
#: in ten thousand: people of whom no extension is told, and licenses of which there is no unit for a person
LACKING_SHARE, FULL_SHARE = 30, 50


#: what anybody may hold besides, in a hundred
EXTRAS, EXTRAS_SHARE = ("UCPREM", "RTT", "CE", "CG", "HM", "MC"), 30

#: before, add, remove, marks, full
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def measure(options: Options) -> Report:
    """Both engines and the copy, turn by turn; then some of the people by core."""
    report = Report("vector", f"how many people a second are decided at once ({PEOPLE:,} people)?")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    rules, owner = rulebook(), organization()
    arrays = people(owner, np.random.default_rng(7))
    engines = {"numpy": Engine(rules, owner)}
    began = perf_counter()
    importlib.import_module("numba")
    loaded = perf_counter()
    engines["numba"] = Engine(rules, owner, KERNEL_PAYS)
    engines["numba"].decide(*(array[:1] for array in arrays))
    ready = perf_counter()
    rates = take_turns(engines, arrays, options.rounds)
    refused = [compare(rules, owner, arrays, engine.decide(*arrays)) for engine in engines.values()]
    os.sched_setaffinity(0, cores)
    report.raw = dict(rates)
    rate = {name: statistics.median(measured) for name, measured in rates.items()}
    report.least("numba", rate["numba"], "M people/s", TARGET_NUMBA)
    report.least("numpy", rate["numpy"], "M people/s", TARGET_NUMPY)
    report.tell("plain copy of the same arrays", rate["copy"], "M people/s")
    report.tell("people to whom something is refused", refused[0] * 100, "%")
    report.tell("people of whom core says the same", COMPARED * len(engines), "")
    report.tell("loading numba", loaded - began, "s")
    report.tell("loading or compiling the kernel", ready - loaded, "s")
    report.tell("numba pays from", (ready - began) / (1 / rate["numpy"] - 1 / rate["numba"]), "M people")
    return report


def take_turns(engines: dict[str, Engine], arrays: Arrays, rounds: int) -> dict[str, list[float]]:
    """Millions of people a second of this core's time: of each engine, and of a copy of what they read.

    It is the time that the processor spent on it, so that others who use this core do not count.
    """
    rates: dict[str, list[float]] = {name: [] for name in (*engines, "copy")}
    copies = [np.zeros_like(array) for array in arrays]
    for _ in range(rounds):
        for name, engine in engines.items():
            began = process_time()
            engine.decide(*arrays)
            rates[name].append(PEOPLE / (process_time() - began) / 1e6)
        began = process_time()
        for copy, array in zip(copies, arrays, strict=True):
            np.copyto(copy, array)
        rates["copy"].append(PEOPLE / (process_time() - began) / 1e6)
    return rates


def organization() -> Organization:
    """One with all of `CODES`; its units are told person by person."""
    offers = rulebook().offers
    licenses = [License(place, f"{place}", offers[code], code, 1, STRICT) for place, code in enumerate(CODES)]
    return Organization("org", {license.id: license for license in licenses}, locations={"here"})


def people(owner: Organization, random: np.random.Generator) -> Arrays:
    """Everybody: what they hold, what is asked, what is known of their properties, and which units are missing."""
    second = random.random(PEOPLE) < 0.3
    held = random.choice(len(HOLDINGS), PEOPLE, p=_shares(HOLDINGS))
    before = _of([(*FREE, *codes) for codes in HOLDINGS], held, second)
    extras = random.integers(0, 1 << len(CODES), PEOPLE, dtype=np.uint64) & np.uint64(_mask(EXTRAS))
    before |= np.where(random.random(PEOPLE) < EXTRAS_SHARE / 100, extras, np.uint64(0))
    asked = random.choice(len(REQUESTS), PEOPLE, p=_shares(REQUESTS))
    add, remove = (_of([request[side] for request in REQUESTS], asked, second) for side in (0, 1))
    marks = np.where(random.random(PEOPLE) < LACKING_SHARE / 10_000, LACKING, 0).astype(np.uint8)
    missing = np.uint64(1) << random.integers(0, len(CODES), PEOPLE, dtype=np.uint64)
    full = np.where(random.random(PEOPLE) < FULL_SHARE / 10_000, missing, np.uint64(0))
    return before, add, remove, marks, full


def compare(rules: Rulebook, owner: Organization, arrays: Arrays, found: Verdicts) -> float:
    """Decide some people by core, who must be decided the same; the share of all to whom something is refused."""
    licenses = list(owner.licenses.values())
    for place in range(0, PEOPLE, PEOPLE // COMPARED):
        before, add, remove, mark, full = (int(array[place]) for array in arrays)
        for license in licenses:
            license.consumed_by_users = int(bool(license.bit & full))
        properties = None if mark else Properties("here", extension="133")
        items: list[Item] = [LicenseItem(licenses[each], True, properties) for each in bits(add)]
        items += [LicenseItem(licenses[each], False) for each in bits(remove)]
        decision = decide(rules, Situation(owner, "person", external=False, before=Holding(before)), items)
        refused = sum(item.license.bit for item, _ in decision.refused if isinstance(item, LicenseItem))
        assert (found.refused[place], found.after[place]) == (refused, decision.after.licenses)
    return float(np.mean(found.rule != NONE))


def _shares(drawn: Mapping[Any, int]) -> np.ndarray:
    return np.array(list(drawn.values())) / 100


def _of(sets: list[tuple[str, ...]], drawn: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The licenses of the sets drawn, of the second subscription where that is said."""
    first, last = (np.array([_mask(codes, last=side) for codes in sets], np.uint64) for side in (False, True))
    return np.where(second, last[drawn], first[drawn])


def _mask(codes: Iterable[str], *, last: bool = False) -> int:
    """The first license of each offer, or the last, which is the same but for what is bought twice."""
    places = {code: place for place, code in enumerate(CODES) if last or code not in CODES[:place]}
    return sum(1 << places[code] for code in codes)
