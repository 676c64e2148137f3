"""What was asked beside what was measured: a table for the reader, a line of JSON for comparison."""

import json
import os
import platform
import subprocess
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass
class Line:
    """One line of a table; `met` is None where nothing was asked."""

    what: str
    measured: float
    unit: str
    asked: str = ""
    met: bool | None = None


@dataclass
class Report:
    """The answers to one question."""

    name: str
    question: str
    lines: list[Line] = field(default_factory=list)
    #: everything that the lines were made from
    raw: dict[str, Any] = field(default_factory=dict)

    def least(self, what: str, measured: float, unit: str, asked: float) -> None:
        """A figure that must not be below what was asked."""
        self.lines.append(Line(what, measured, unit, f">= {show(asked)}", measured >= asked))

    def most(self, what: str, measured: float, unit: str, asked: float) -> None:
        """A figure that must not be above what was asked."""
        self.lines.append(Line(what, measured, unit, f"<= {show(asked)}", measured <= asked))

    def tell(self, what: str, measured: float, unit: str) -> None:
        """A figure that explains the others."""
        self.lines.append(Line(what, measured, unit))

    @property
    def met(self) -> bool:
        """Whether everything that was asked is met."""
        return all(line.met is not False for line in self.lines)

    def table(self) -> str:
        """The lines as text."""
        width = max(len(line.what) for line in self.lines)
        rows = [f"\n{self.name}: {self.question}", f"  {'':{width}}  {'measured':>12} {'':12}  {'asked':>10}"]
        for line in self.lines:
            verdict = {None: "", True: "  met", False: "  NOT met"}[line.met]
            rows.append(
                f"  {line.what:{width}}  {show(line.measured):>12} {line.unit:12}  {line.asked:>10}{verdict}".rstrip()
            )
        return "\n".join(rows)

    def keep(self) -> None:
        """Append the report to results/NAME.jsonl."""
        RESULTS.mkdir(exist_ok=True)
        record = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": machine(),
            "lines": [asdict(line) for line in self.lines],
            "raw": self.raw,
        }
        with (RESULTS / f"{self.name}.jsonl").open("a") as file:
            file.write(json.dumps(record) + "\n")


def show(number: float) -> str:
    """Three digits that count, thousands apart."""
    if number == 0 or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "processor": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        "commit": commit.stdout.strip(),
    }
