"""No test depends on the calendar: every app is given its clock, and few places may ask what time it really is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TRUE_TIME = re.compile(r"\b(?:(?:datetime\.(?:now|today|utcnow)|date\.today|time\.time)\(|utc_now\b)")
ALLOWED = {
    "local/clock.py",  # of `python3 -m local run` without --now
    "local/erase.py",  # since when somebody is kept out
    "local/in_memory.py",  # what time it is where blobs are kept
    "local/pseudonyms.py",  # since when hashes are others
    "local/certificate.py",  # which a TLS library looks at
    "local/verify.py",
    "tests/integration/local/test_erase_versions.py",  # until when storage keeps what was deleted
    "tests/integration/local/test_storage.py",  # tokens, which Azurite looks at
    "tests/integration/test_blob_store.py",  # the same
    "tests/integration/simulator/test_authorization.py",  # tokens, which azure.identity looks at
    "tests/integration/simulator/test_faults.py",
    "tests/integration/simulator/test_program.py",  # the simulator's own clock
}


def test_the_true_time_is_asked_for_where_it_must_be_and_nowhere_else() -> None:
    files = [file for folder in ("local", "tests") for file in (ROOT / folder).rglob("*.py")]
    found = {file.relative_to(ROOT).as_posix() for file in files if TRUE_TIME.search(file.read_text("utf-8"))}
    assert found - {"tests/unit/test_clock.py"} == ALLOWED
