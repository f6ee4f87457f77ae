"""Whatever the app says of itself has its line on the pages: outcomes, reasons, events, findings, codes, keys."""

import ast
import functools
import json
import re
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from docs.reasons import REASONS
from shared import events
from shared.archive.coverage import LOST, NEVER_PUBLISHED, RECOVERABLE
from shared.archive.run_log import Run
from shared.domain.catalogue import catalogue
from shared.domain.errors import Outcome, RequestError
from shared.domain.outcome import Flag
from shared.domain.selection import select
from shared.graph.error_mapping import MEANINGS
from shared.web.archive_cache import Inventory
from shared.web.status import summary
from tests.docs.pages import ROOT, pages, words

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ERRORS = {
    "Deferred": Outcome.DEFERRED,
    "TryAgain": Outcome.DEFERRED,
    "NoData": Outcome.NO_DATA,
    "Quarantined": Outcome.QUARANTINED,
    "Refused": Outcome.REFUSED,
}
MESSAGES, OPERATIONS, API = (pages()[f"docs/{name}.md"] for name in ("messages", "operations", "api"))


class Said(NamedTuple):
    """A call in the code, as far as it says something."""

    function: str
    outcome: str
    """The member of `Outcome` among its arguments, if there is one."""
    word: str
    """The first text among its arguments."""


@functools.cache
def said() -> list[Said]:
    """All in `shared/` that have a text."""
    trees = [ast.parse(file.read_text("utf-8")) for file in sorted((ROOT / "shared").rglob("*.py"))]
    return [told for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and (told := _said(node))]


def _said(call: ast.Call) -> Said | None:
    function = call.func.attr if isinstance(call.func, ast.Attribute) else ast.unparse(call.func)
    outcomes = re.findall(r"\bOutcome\.(\w+)", ast.unparse(call))
    texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return Said(function, outcomes[0] if outcomes else "", texts[0]) if texts else None


def given_reasons() -> set[tuple[Outcome, str]]:
    """Every reason in the code, with the outcome that it comes with."""
    found = {(ERRORS[each.function], each.word) for each in said() if each.function in ERRORS}
    found |= {(Outcome[each.outcome], each.word) for each in said() if each.function in ("Unasked", "done")}
    found |= {(each.error.outcome, each.reason) for each in MEANINGS}
    return found | {(Outcome.DEFERRED, "unconfirmed")}  # Unconfirmed brings its own


def given_findings() -> set[str]:
    """Every word in the code for what `verify` can find."""
    found = {each.word for each in said() if each.function in ("Flaw", "finding", "Finding")}
    audit = (ROOT / "shared" / "verification" / "call.py").read_text("utf-8")
    for choice in re.findall(r"^ +what = (.*)$", audit, re.MULTILINE):
        found |= set(re.findall(r'"(\w+)"', choice))
    return found


def constants(module: object) -> set[str]:
    """The texts that a module names in capitals."""
    return {value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}


def documented_codes() -> set[str]:
    return set(re.findall(r"^\| \d+ \| `(\w+)` \|", API.section("Errors"), re.MULTILINE))


def test_every_outcome_has_a_line() -> None:
    assert words(" ".join(MESSAGES.first_cells("Outcomes"))) == [*Outcome]


def test_every_reason_that_the_code_gives_is_explained_and_no_other() -> None:
    given = given_reasons()
    assert len(given) > 35
    assert given == {(reason.outcome, reason.word) for reason in REASONS}
    assert words(" ".join(MESSAGES.first_cells("Reasons"))) == [reason.word for reason in REASONS]


def test_every_event_has_a_line() -> None:
    names = {name + "OUTCOME" if name == events.PULL else name for name in constants(events)}
    assert set(words(" ".join(MESSAGES.first_cells("Events")))) == names


def test_every_flag_has_a_line() -> None:
    flags = {*Flag}
    assert set(words(" ".join(MESSAGES.first_cells("Flags")))) == flags
    assert flags <= set(API.spans)


def test_every_finding_of_verify_has_a_line() -> None:
    assert set(words(" ".join(OPERATIONS.first_cells("Verify")))) == given_findings()


def test_every_error_code_of_the_code_has_a_line() -> None:
    classes = {each.code for each in RequestError.__subclasses__()} - {RequestError.code}
    written = {each.word for each in said() if each.function in ("NotArchived", "_problem")}
    assert len(classes | written) > 10
    assert classes | written <= documented_codes()


def test_every_error_code_has_an_answer_to_what_now() -> None:
    assert documented_codes() <= set(pages()["docs/troubleshooting.md"].spans)


def test_every_state_of_a_gap_has_a_line() -> None:
    states = {RECOVERABLE, LOST, NEVER_PUBLISHED}
    assert set(words(" ".join(API.first_cells("Status")))) >= states
    assert set(pages()["docs/concepts.md"].spans) >= states


@pytest.mark.parametrize("word", ["healthy", "stale", "empty", "unreachable"])
def test_every_word_of_health_has_a_line(word: str) -> None:
    assert f"`{word}`" in API.section("Health")
    assert f"| `{word}` |" in pages()["docs/troubleshooting.md"].text


def test_every_key_of_the_status_has_a_line() -> None:
    found = summary(select("getOffice365ActiveUserCounts(period='D7')", catalogue()), Inventory({}, {}, {}), None, NOW)
    keys = set(found["calls"][0]) - {"call", "report"}
    assert keys <= set(words(" ".join(API.first_cells("Status"))))


def test_every_key_of_the_record_of_a_run_has_a_line() -> None:
    record = json.loads(Run("2026-11-21T000000Z-5b2c1f", NOW, NOW, [], 0).to_json())
    assert set(words(" ".join(OPERATIONS.first_cells("The record of a run")))) == set(record)


def test_every_alarm_has_a_line() -> None:
    alarms = re.findall(r"^    name: '([\w-]+)'", (ROOT / "infra" / "alarms.bicep").read_text("utf-8"), re.MULTILINE)
    assert len(alarms) == 6
    assert words(" ".join(OPERATIONS.first_cells("Alarms"))) == alarms


def test_every_route_has_a_line() -> None:
    paths = json.loads((ROOT / "shared" / "web" / "openapi.json").read_text("utf-8"))["paths"]
    table = API.text.split("\n\n")[2]
    told = {word.replace(r"{v1.0\|beta}", "{version}").replace("{v}", "{version}") for word in words(table)}
    same = {path for path in paths if path.startswith(("/personal/", "/{version}/copilot/"))}
    assert {"/personal/{version}/reports...", "/{version}/copilot/reports..."} <= told
    assert paths.keys() - same <= told


def test_every_container_has_a_line() -> None:
    containers = re.search(r"containerNames = \[(.*?)\]", (ROOT / "infra" / "storage.bicep").read_text("utf-8"))
    assert containers
    assert words(" ".join(pages()["docs/concepts.md"].first_cells("Where things lie"))) == containers[1].replace(
        "'", ""
    ).split(", ")
