"""Whatever the app says of itself has its line on the pages: words, events, keys, routes, alarms."""

import json
import re
from datetime import UTC, datetime

import pytest

from shared import events
from shared.archive.coverage import GapState
from shared.archive.coverage_index import CoverageIndex
from shared.archive.layout import INPUT
from shared.archive.run_record import RunRecord
from shared.domain.catalogue import catalogue
from shared.domain.error_code import ErrorCode
from shared.domain.errors import NotArchived, RequestError
from shared.domain.outcome import Flag, Outcome, Reason
from shared.domain.selection import select
from shared.domain.word import Word
from shared.verification.finding import FindingCode
from shared.web.status import summary
from tests.docs.pages import ROOT, pages, words

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MESSAGES, OPERATIONS, API = (pages()[f"docs/{name}.md"] for name in ("messages", "operations", "api"))


def constants(module: object) -> set[str]:
    """The texts that a module names in capitals."""
    return {value for name, value in vars(module).items() if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize("kind", [Outcome, Reason, Flag, ErrorCode, FindingCode])
def test_every_word_has_a_meaning_and_where_somebody_can_do_something_an_advice(kind: type[Word]) -> None:
    assert all(word.meaning.endswith(".") for word in kind)
    assert all(word.advice.endswith((".", "?")) for word in kind) or kind in (Outcome, Flag)


def test_every_event_has_a_line() -> None:
    names = {name + "OUTCOME" if name == events.PULL else name for name in constants(events)}
    assert set(words(" ".join(MESSAGES.first_cells("Events")))) == names


def test_every_flag_is_in_the_description_of_the_api() -> None:
    assert {*Flag} <= set(API.spans)


def test_no_two_errors_have_the_same_code() -> None:
    codes = [each.code for each in RequestError.__subclasses__() if each is not NotArchived]
    assert sorted({*codes}) == sorted(codes)


def test_every_state_of_a_gap_has_a_line() -> None:
    states = {*GapState}
    assert set(words(" ".join(API.first_cells("Status")))) >= states
    assert set(pages()["docs/concepts.md"].spans) >= states


@pytest.mark.parametrize("word", ["healthy", "starting", "stopped", "unscheduled", "stale", "empty", "unreachable"])
def test_every_word_of_health_has_a_line(word: str) -> None:
    assert f"`{word}`" in API.section("Health")
    assert f"| `{word}` |" in pages()["docs/troubleshooting.md"].text


def test_every_key_of_the_status_has_a_line() -> None:
    found = summary(select("getOffice365ActiveUserCounts(period='D7')", catalogue()), CoverageIndex(), None, NOW)
    keys = set(found["calls"][0]) - {"call", "report"}
    assert keys <= set(words(" ".join(API.first_cells("Status"))))


def test_every_key_of_the_record_of_a_run_has_a_line() -> None:
    record = json.loads(RunRecord("2026-11-21T000000Z-5b2c1f", NOW, NOW, [], 0).to_json())
    assert set(words(" ".join(OPERATIONS.first_cells("The record of a run")))) == set(record)


def test_every_alarm_has_a_line() -> None:
    alarms = re.findall(r"^    name: '([\w-]+)'", (ROOT / "infra" / "alarms.bicep").read_text("utf-8"), re.MULTILINE)
    assert len(alarms) == 6
    assert words(" ".join(OPERATIONS.first_cells("Alarms"))) == alarms


def test_every_route_has_a_line() -> None:
    paths = json.loads((ROOT / "shared" / "web" / "openapi.json").read_text("utf-8"))["paths"]
    table = API.text.split("\n\n")[2]
    told = {word.replace(r"{v1.0\|beta}", "{api}").replace("{v}", "{api}") for word in words(table)}
    same = {path for path in paths if path.startswith(("/personal/", "/pseudonymous/", "/{api}/copilot/"))}
    assert {"/personal/{api}/reports...", "/pseudonymous/{api}/reports...", "/{api}/copilot/reports..."} <= told
    assert paths.keys() - same <= told


def test_every_container_has_a_line() -> None:
    containers = re.search(r"containerNames = \[(.*?)\]", (ROOT / "infra" / "storage.bicep").read_text("utf-8"))
    assert containers
    written = containers[1].replace("'", "").split(", ")
    assert words(" ".join(pages()["docs/concepts.md"].first_cells("Where things lie"))) == [*written, INPUT]
