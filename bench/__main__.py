"""`python -m bench [QUESTION ...]`: one command per question, all of them without any."""

import argparse
import importlib
import sys
from pathlib import Path

from bench.options import Options

QUESTIONS = (
    "durable",
    "single",
    "postgres",
    "growth",
    "decision",
    "vector",
    "applies",
    "start",
    "memory",
    "prism",
    "generator",
    "provisioning",
    "paging",
    "billing",
    "plans",
    "people",
    "console",
)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="What was asked beside what is measured.")
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(QUESTIONS)}; all of them")
    parser.add_argument("--rounds", type=int, default=5, help="repeats, of which the median counts (5)")
    parser.add_argument("--seconds", type=float, default=4.0, help="length of one measurement (4)")
    parser.add_argument("--folder", type=Path, help="where temporary databases are made: the disk that is measured")
    parser.add_argument("--postgres", metavar="URL", help="an empty database to use; one is started otherwise")
    parser.add_argument("--document", type=Path, help="the OpenAPI document for Prism")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when something asked is not met")
    found = parser.parse_args()
    for question in found.questions:
        if question not in QUESTIONS:
            parser.error(f"{question} is not a question; there are {', '.join(QUESTIONS)}")
    return found


def main() -> None:
    """Ask, print and keep."""
    found = arguments()
    options = Options(found.rounds, found.seconds, found.folder, found.postgres, found.document)
    unmet = []
    for question in found.questions or QUESTIONS:
        try:
            report = importlib.import_module(f"bench.{question}").measure(options)
        except ModuleNotFoundError as error:  # not every package is made for every Python
            print(f"\n{question}: not measured: {error}")
            unmet.append(question)
            continue
        print(report.table(), flush=True)
        report.keep()
        if not report.met:
            unmet.append(question)
    print(f"\nnot met: {', '.join(unmet)}" if unmet else "\neverything asked is met")
    sys.exit(1 if unmet and found.strict else 0)


if __name__ == "__main__":
    main()
