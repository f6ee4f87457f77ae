"""What the archive costs a month, from what a day of it was measured to take: the table of docs/deploy.md.

python -m bench.cost            writes the table anew from bench/cost.json and the prices here
python -m bench.cost measure    measures first: half a minute
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from bench.page import written as page_with
from bench.parts import TODAY
from local.setup import ROOT
from shared.archive.layout import DERIVED, PERSONAL, USAGE
from shared.pulling.run import WORKERS
from tests.reliability.environment import InProcess

FILE = Path(__file__).with_name("cost.json")
PAGE = ROOT / "docs" / "deploy.md"

USERS = 200
RUNS_A_DAY = 4
SETTLED = {"aggregates": 2, "personal": 6}
"""Days that go before; of personal reports the single days of the past are archived first."""
TENANTS = (500, 10_000, 100_000)
READS_A_DAY = 1_000
FLEET, INSTANCES, AT_ONCE = 1_000, 40, (1, 4)
"""Tenants of a provider, the most instances that pull them (the parameter `maximumInstanceCount`), and runs in each."""


class Prices(NamedTuple):
    """US dollars: assumptions, list prices as of 2025 in East US."""

    write: float = 0.065 / 10_000
    """An operation that writes or lists; hot, ZRS."""
    read: float = 0.005 / 10_000
    gigabyte: float = 0.023
    """Hot, ZRS, for a month."""
    alarm: float = 0.50
    log_gigabyte: float = 2.30
    log_free: float = 5.0
    gigabyte_second: float = 0.000026
    free_seconds: float = 100_000
    """GB-seconds a month."""
    execution: float = 0.40 / 1_000_000
    free_executions: int = 250_000
    """A month."""


class Guesses(NamedTuple):
    """What no measurement here can tell."""

    graph: float = 0.5
    """Seconds from a request to Graph to the end of its download."""
    operation: float = 0.02
    """Seconds of an operation on storage."""
    memory: float = 2.0
    """GB of an instance."""
    read: float = 1.0
    """Seconds that a read is billed: the least that an execution is which has the instance for itself."""
    log_overhead: float = 5.0
    """How many times its length a line of log is billed."""


class Day(NamedTuple):
    """What one settled day took."""

    requests: int
    writes: int
    """Operations that write or list."""
    reads: int
    snapshots: int
    """Bytes."""
    records: int
    """Bytes of run records and other derived blobs."""
    lines: int
    log: int
    """Bytes."""
    cpu: float
    """Seconds, with the simulated Graph and storage in the same process."""


PRICES, GUESSES = Prices(), Guesses()
ALARMS = 6
GB = 1e9
MONTH, YEAR = 30, 365
EXECUTIONS = MONTH * (RUNS_A_DAY + READS_A_DAY)
"""A month."""


def measured(reports: str) -> Day:
    """A settled day of four runs."""
    with InProcess(USERS) as world:
        world.control.set_time(TODAY.replace(hour=1, minute=15))
        app = world.app(reports)
        settled = SETTLED[reports] * RUNS_A_DAY
        with _logged() as log:
            for number in range(settled + RUNS_A_DAY):
                if number == settled:
                    seen, sizes, cpu = len(world.storage.seen), _sizes(world), time.process_time()
                    log.lines = log.size = requests = 0
                world.control.set_time(TODAY.replace(hour=1, minute=15) + timedelta(hours=6 * number))
                pulls = app.pull_run.execute().pulls
                if number >= settled:
                    requests += sum(pulled.requested for pulled in pulls)
        names = Counter(operation.name for operation in world.storage.seen[seen:])
        grown = {place: size - sizes.get(place, 0) for place, size in _sizes(world).items()}
    return Day(
        requests,
        sum(number for name, number in names.items() if name != "get"),
        names["get"],
        grown.get(USAGE, 0) + grown.get(PERSONAL, 0),
        grown.get(DERIVED, 0),
        log.lines,
        log.size,
        round(time.process_time() - cpu, 1),
    )


class _Log(logging.Handler):
    lines = 0
    size = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += 1
        self.size += len(record.getMessage())


@contextmanager
def _logged() -> Iterator[_Log]:
    """What is logged while the block lasts."""
    root, log = logging.getLogger(), _Log()
    level = root.level
    root.addHandler(log)
    root.setLevel(logging.INFO)
    try:
        yield log
    finally:
        root.setLevel(level)
        root.removeHandler(log)


def _sizes(world: InProcess) -> Counter[str]:
    sizes: Counter[str] = Counter()
    for (container, _), kept in world.blobs().items():
        sizes[container] += len(kept.content)
    return sizes


def table(days: dict[str, Day], prices: Prices, guesses: Guesses) -> list[str]:
    """A month at the end of the first year, for each size of tenant, as Markdown."""
    both = list(days.values())
    alike = {
        f"{ALARMS} alarms": ALARMS * prices.alarm,
        "storage operations of the runs": MONTH
        * sum(day.writes * prices.write + day.reads * prices.read for day in both),
        f"storage operations of {READS_A_DAY:,} reads a day": READS_A_DAY * MONTH * (prices.read + prices.write),
        "log": max(0.0, MONTH * sum(day.log for day in both) * guesses.log_overhead / GB - prices.log_free)
        * prices.log_gigabyte,
        "compute": max(0.0, compute(days, guesses) - prices.free_seconds) * prices.gigabyte_second
        + max(0, EXECUTIONS - prices.free_executions) * prices.execution,
    }
    rows = {name: [cost] * len(TENANTS) for name, cost in alike.items()}
    rows["blobs"] = [kept_in_a_year(days, people) / GB * prices.gigabyte for people in TENANTS]
    rows["**together**"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    head = ["US dollars a month, at the end of the first year", *(f"{people:,} people" for people in TENANTS)]
    lines = [head, ["---"] * len(head), *([name, *(f"{cost:.2f}" for cost in costs)] for name, costs in rows.items())]
    return ["| " + " | ".join(line) + " |" for line in lines]


def of_a_run(day: Day, guesses: Guesses) -> float:
    """Seconds: waiting for Graph and storage, and what of the CPU was measured."""
    waiting = day.requests * guesses.graph + (day.writes + day.reads) * guesses.operation
    return (waiting / WORKERS + day.cpu) / RUNS_A_DAY


def fleet(day: Day, prices: Prices, guesses: Guesses) -> list[str]:
    """What the tenants of a provider take and cost a month, by how many runs an instance has at once, as Markdown."""
    seconds, runs = FLEET * of_a_run(day, guesses), FLEET * RUNS_A_DAY * MONTH
    log = max(0.0, FLEET * MONTH * day.log * guesses.log_overhead / GB - prices.log_free) * prices.log_gigabyte
    alike = {
        f"{ALARMS + 1} alarms": (ALARMS + 1) * prices.alarm,
        "storage operations": FLEET * MONTH * (day.writes * prices.write + day.reads * prices.read),
        "log": log,
        f"{runs:,} executions": max(0, runs - prices.free_executions) * prices.execution,
        "blobs, at the end of the first year": FLEET * (day.snapshots + day.records) * YEAR / GB * prices.gigabyte,
    }
    rows = {name: [cost] * len(AT_ONCE) for name, cost in alike.items()}
    billed = [MONTH * RUNS_A_DAY * seconds / number * guesses.memory for number in AT_ONCE]
    rows["compute"] = [max(0.0, each - prices.free_seconds) * prices.gigabyte_second for each in billed]
    rows["**US dollars a month, together**"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    head = [f"{FLEET:,} tenants, {RUNS_A_DAY} runs a day", *(f"`batchSize` {number}" for number in AT_ONCE)]
    lines = [
        *(head, ["---"] * len(head)),
        [f"minutes until all are pulled, with {INSTANCES} instances"]
        + [f"{seconds / INSTANCES / number / 60:.0f}" for number in AT_ONCE],
        ["GB-seconds a month", *(f"{each:,.0f}" for each in billed)],
        *([name, *(f"{cost:.2f}" for cost in costs)] for name, costs in rows.items()),
    ]
    return ["| " + " | ".join(line) + " |" for line in lines]


def kept_in_a_year(days: dict[str, Day], people: int) -> float:
    """Bytes. Of the snapshots, only those with personal data grow with the people."""
    plain, personal = days["aggregates"], days["personal"]
    alike = plain.snapshots + plain.records + personal.records
    return (alike + people * personal.snapshots / USERS) * YEAR


def compute(days: dict[str, Day], guesses: Guesses) -> float:
    """GB-seconds a month: waiting for Graph and storage, and what of the CPU was measured; and the reads."""
    waiting = (day.requests * guesses.graph + (day.writes + day.reads) * guesses.operation for day in days.values())
    runs = sum(waiting) / WORKERS + sum(day.cpu for day in days.values())
    return MONTH * guesses.memory * (runs + READS_A_DAY * guesses.read)


def section(days: dict[str, Day], prices: Prices = PRICES, guesses: Guesses = GUESSES) -> str:
    """What the page says of it."""
    plain, personal = days["aggregates"], days["personal"]
    person = personal.snapshots / USERS
    runs = compute(days, guesses._replace(read=0))
    year = f"{person * YEAR / 1e6:.2f} MB for a person and year"
    return "\n".join(
        (
            f"Measured on a settled day of {RUNS_A_DAY} runs of a simulated tenant of {USERS} people:",
            "",
            "| A day | `aggregates` | `personal` on top |",
            "|---|---|---|",
            f"| requests to Graph | {plain.requests:,} | {personal.requests:,} |",
            f"| storage operations that write or list | {plain.writes:,} | {personal.writes:,} |",
            f"| storage operations that read | {plain.reads:,} | {personal.reads:,} |",
            f"| new snapshots | {plain.snapshots / 1e6:.2f} MB | {person / 1e3:.2f} KB a person: {year} |",
            f"| new run records, series and tables | {plain.records / 1e6:.2f} MB | {personal.records / 1e6:.2f} MB |",
            f"| log lines | {plain.lines:,} ({plain.log / 1e3:.0f} KB) "
            f"| {personal.lines:,} ({personal.log / 1e3:.0f} KB) |",
            "",
            "With both, that comes to:",
            "",
            *table(days, prices, guesses),
            "",
            f"Of [many tenants](tenants.md), with `aggregates`, where a run takes {of_a_run(plain, guesses):.0f} s:",
            "",
            *fleet(plain, prices, guesses),
            "",
            f"Compute of one archive is {compute(days, guesses):,.0f} GB-seconds a month, {runs:,.0f} for the runs; "
            f"{prices.free_seconds:,.0f} are free. It has {EXECUTIONS:,} executions;",
            f"{prices.free_executions:,} are free.",
            "These are **assumptions**, and nothing that was measured:",
            "",
            "- prices in US dollars (list prices as of 2025, East US), to be replaced with",
            "  [yours](https://azure.microsoft.com/pricing/calculator/): 10,000 operations that write or list",
            f"  {prices.write * 10_000:.3f}, that read {prices.read * 10_000:.3f}; a GB of hot ZRS {prices.gigabyte};",
            f"  an alarm {prices.alarm:.2f}; a GB of log {prices.log_gigabyte:.2f} beyond {prices.log_free:.0f};",
            f"  a million GB-seconds {prices.gigabyte_second * 1e6:.0f}, of executions {prices.execution * 1e6:.2f};",
            f"- Graph takes {guesses.graph} s for a request with its download, storage {guesses.operation} s;",
            f"- an instance has {guesses.memory:.0f} GB;",
            f"- a line of log is billed as {guesses.log_overhead:.0f} times its text;",
            f"- {READS_A_DAY:,} reads a day of newest snapshots, each by a reader that knows nothing of it yet;",
            f"- a read is billed as {guesses.read:g} s, the least that an execution is.",
        )
    )


def written(page: str) -> str:
    """The page with the table of what was measured last."""
    return page_with(page, "bench/cost.py", section(known()))


def known() -> dict[str, Day]:
    """What was measured last."""
    return {name: Day(**day) for name, day in json.loads(FILE.read_text("utf-8")).items()}


def main() -> None:
    """Writes the page; measures first if it is told to."""
    if sys.argv[1:] == ["measure"]:
        days = {reports: measured(reports)._asdict() for reports in ("aggregates", "personal")}
        FILE.write_text(json.dumps(days, indent=1) + "\n", "utf-8")
    PAGE.write_text(written(PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
