"""Billing reports: days are counted as if every day had a row of its own."""

import csv
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allot.core import ids
from allot.core.report import (
    COLUMNS,
    CUSTOMER,
    PARTNER,
    TYPES,
    USER,
    Bill,
    Interval,
    Report,
    day_number,
    faults,
    quoted,
)
from counts import BILLS, fresh

ORG = "0f4d2c1b-6a3e-4b58-8c77-d1e9b2a64f30"
FIRST = date(2026, 2, 25)
REPORT = Report(ORG, "report", "2026-03-01", "2026-03-10", PARTNER, "RECONCILIATION", ORG, False, "", "", "")
ODD = 'Bob\'s "Bakery", Inc.'


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def ledger(random: Random) -> list[Interval]:
    """Intervals of a few customers, some of them overlapping, some empty, some outside of the period."""
    found: set[Interval] = set()
    for _ in range(random.randrange(30)):
        customer, subscriber = random.choice("ab"), random.choice("xyz")
        begins = random.randrange(25)
        ends = random.choice([None, day(begins + random.randrange(15))])
        package = random.choice(["webex_calling", "webex_suite"])
        found.add((customer, customer + subscriber, package, day(begins), ends, ODD, f"{subscriber}@x.example"))
    by_key = {interval[:4]: interval for interval in found}
    return [by_key[key] for key in sorted(by_key)]


def oracle(report: Report, intervals: list[Interval]) -> dict[tuple[str, ...], tuple[int, int]]:
    """What a table of one row a day, subscriber and package counts: key -> subscribers, subscriber-days."""
    rows = set()
    for customer, subscriber, package, begins, ends, *_ in intervals:
        rows |= {(customer, subscriber, package, each) for n in range(60) if begins <= (each := day(n)) < (ends or "~")}
    rows = {row for row in rows if report.start <= row[3] <= report.end}
    of = {PARTNER: lambda row: (row[2],), CUSTOMER: lambda row: (row[0], row[2]), USER: lambda row: row[:3]}[
        report.type
    ]
    return {
        key: (len({row[:2] for row in rows if of(row) == key}), sum(of(row) == key for row in rows))
        for key in {of(row) for row in rows}
    }


def lines(report: Report, intervals: list[Interval], size: int = 1000) -> list[dict[str, str]]:
    """The lines of a bill that was given its intervals in slices of this size."""
    bill = Bill(report)
    found = [line for n in range(0, len(intervals), size) for line in bill.add(intervals[n : n + size])]
    return list(csv.DictReader([bill.header, *found, *bill.end()]))


@settings(max_examples=BILLS.quick, deadline=None, database=None)
@given(st.integers(0, 2**64 - 1).map(Random), st.sampled_from(TYPES), st.integers(1, 7))
def test_a_bill_counts_as_a_row_a_day_would(random, type, size):
    """Of each key the subscriber-days and the distinct subscribers are those of a ledger with a row a day."""
    report, intervals = replace(REPORT, type=type), ledger(random)
    counted = {}
    for line in lines(report, intervals, size):
        key = tuple(
            ids.decode(kind, line[column]) or ""
            for kind, column in (("ENTERPRISE", "customerId"), ("SUBSCRIBER", "subscriberId"))
            if column in line
        )
        counted[*key, line["package"]] = (int(line.get("subscribers", 1)), int(line["subscriberDays"]))
    assert counted == oracle(report, intervals)


@pytest.mark.long
def test_bills_count_as_a_row_a_day_would_for_long():
    """They do in many further ledgers, which no other run has seen before."""
    random = fresh()
    for _ in range(BILLS.long):
        type, size = random.choice(TYPES), random.randint(1, 7)
        test_a_bill_counts_as_a_row_a_day_would.hypothesis.inner_test(random, type, size)


@settings(deadline=None)
@given(st.dates(date(1, 3, 1)), st.integers(-800, 800))
def test_days_are_numbered_as_the_calendar_has_them(one, distance):
    """Two days are as many numbers apart as they are days, over leap years and centuries."""
    if not date.min.toordinal() <= one.toordinal() + distance <= date.max.toordinal():
        return
    other = one + timedelta(days=distance)
    assert day_number(other.isoformat()) - day_number(one.isoformat()) == distance


@settings(deadline=None)
@given(st.text(alphabet="ab,\"\r\n ;'", max_size=8))
def test_texts_are_quoted_as_csv_wants_them(text):
    """Whatever a text holds, a reader of CSV gets it back."""
    assert next(csv.reader([f"{quoted(text)},end"], strict=True)) == [text, "end"] or "\n" in text or "\r" in text
    if "\n" in text or "\r" in text:
        assert quoted(text).startswith('"')


@pytest.mark.parametrize("type", TYPES)
def test_a_report_without_usage_has_its_columns(type):
    """A file without lines still says what its columns are."""
    bill = Bill(replace(REPORT, type=type))
    assert bill.header == ",".join(COLUMNS[type])
    assert bill.add([]) == []
    assert bill.end() == []


def test_a_customer_is_called_what_it_is_called_now():
    """The newest interval gives the external id, whichever subscriber it is of."""
    intervals: list[Interval] = [
        ("a", "x", "webex_suite", "2026-03-05", None, "new", "x@x.example"),
        ("a", "y", "webex_suite", "2026-03-01", None, "old", "y@x.example"),
    ]
    [line] = lines(replace(REPORT, type=CUSTOMER), intervals)
    assert (line["externalCustomerId"], line["subscribers"], line["subscriberDays"]) == ("new", "2", "16")


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        ("2026-03-01", "2026-03-31", []),
        ("2021-05-04", "2026-05-03", []),
        ("2026-05-03", "2026-05-03", []),
        ("2021-05-03", "2026-05-03", ["billingStartDate"]),
        ("2026-05-01", "2026-05-04", ["billingEndDate"]),
        ("2026-03-31", "2026-03-01", ["billingEndDate"]),
        ("2026-06-02", "2026-06-01", ["billingEndDate", "billingEndDate"]),
    ],
)
def test_periods_are_in_the_last_five_years_and_over(start, end, wrong):
    """A period begins five years ago at most, ends before today, and not before it begins; every fault is named."""
    found = faults(start, end, "2021-05-04", "2026-05-04")
    assert [fault.partition(":")[0] for fault in found] == wrong
