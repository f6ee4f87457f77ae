"""Tries one fault on the real app, and looks whether what must hold of the archive at every instant still holds."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobServiceClient

from local.control import Control
from local.faulty_storage import FaultyStorage
from local.stack import Stack
from local.trials import TRIALS, Trial
from shared.app import App
from shared.plan import BUDGET
from shared.settings import read

CONTAINERS = ("usage", "usage-personal")


class Result(NamedTuple):
    """How a trial ended."""

    ended: str
    """The outcome, with its reason or flags behind a colon."""
    violated: list[str]
    """What did not hold; empty if all is well."""

    def is_right(self, trial: Trial) -> bool:
        """Whether it ended as it must, and nothing was violated."""
        outcome = self.ended.partition(":")[0]
        return not self.violated and (self.ended in trial.ends or outcome in trial.ends)


class Bench:
    """The real parts: storage behind a proxy, and the simulator. One trial after the other."""

    def __init__(self, settings: Mapping[str, str], control: Control, storage: FaultyStorage) -> None:
        self._settings = {**settings, "ARCHIVE_URL": storage.url, "ARCHIVE_CA": str(storage.ca_file)}
        self._control = control
        self._storage = storage
        ca = settings["ARCHIVE_CA"]
        self._blobs = BlobServiceClient(settings["ARCHIVE_URL"], ManagedIdentityCredential(), connection_verify=ca)

    def __call__(self, trial: Trial) -> Result:
        """Begin with an empty archive, let the fault happen, heal it, and look at the archive after each run."""
        control = self._control
        for container in self._blobs.list_containers():
            self._blobs.delete_container(container.name)
        self._heal()
        self._tomorrow(23, 59)
        app = App(read(self._settings | {"REPORTS": trial.call}), control.now, control.sleep)
        with _overheard() as log:
            if trial.before:
                app.runner.run()
            before = self._archived()
            control.put("faults", {"rules": list(trial.graph)})
            self._storage.set(trial.storage)
            if trial.before == "same":
                self._tomorrow(0, 0)
            elif trial.before:
                self._tomorrow(23, 59)
            control.forget()
            (pulled,) = app.runner.run().pulls
            violated = self._violations(before, log)
            told = self._archived().get(pulled.blob or "", (b"", {}))[1].get("flags", "")
            self._heal()
            self._tomorrow(23, 59)
            (after,) = app.runner.run().pulls
            violated += self._violations(self._archived(), log)
            if after.asked and after.outcome not in ("published", "unchanged", "revised"):
                violated.append(f"the next run ends as {after.outcome}:{after.reason}")
        return Result(":".join(filter(None, (str(pulled.outcome), pulled.reason or told))), violated)

    def _heal(self) -> None:
        self._control.put("faults", {"rules": []})
        self._storage.set([])

    # A minute before midnight the refresh date of the day is out; at midnight that of the next one is not.
    def _tomorrow(self, hour: int, minute: int) -> None:
        self._control.set_time((self._control.now() + timedelta(days=1)).replace(hour=hour, minute=minute, second=0))

    def _archived(self) -> dict[str, tuple[bytes, dict[str, str]]]:
        """Every blob of the snapshots, with its metadata."""
        found = {}
        for name in CONTAINERS:
            container = self._blobs.get_container_client(name)
            if container.exists():
                for blob in container.list_blobs(include=["metadata"]):
                    found[blob.name] = container.download_blob(blob.name).readall(), dict(blob.metadata or {})
        return found

    def _violations(self, before: Mapping[str, tuple[bytes, dict[str, str]]], log: io.StringIO) -> list[str]:
        """What does not hold of I1, I2, I4, I7, I8."""
        now = self._archived()
        violated = [f"I2: {name} was changed or removed" for name in before if now.get(name) != before[name]]
        bodies = []
        for name, (compressed, metadata) in now.items():
            digest = hashlib.sha256(zlib.decompress(compressed, wbits=31)).hexdigest()
            if digest != metadata.get("sha256"):
                violated.append(f"I1: {name} is not what its metadata says")
            bodies.append((name.partition("/revision=")[0], digest))
        if len(set(bodies)) < len(bodies):
            violated.append("I4: one body has two revisions")
        asked = self._control.get("record", listener="graph")
        if len(asked) > BUDGET:
            violated.append(f"I8: {len(asked)} requests in a run")
        downloads = self._control.get("record", listener="download")
        if any(any(download["carried"].values()) for download in downloads):
            violated.append("I7: the download host saw a secret")
        if any(secret in log.getvalue() for secret in ("eyJ", "token=", "Bearer ", self._settings["IDENTITY_HEADER"])):
            violated.append("I7: a secret stands in the log")
        return violated


@contextmanager
def _overheard() -> Iterator[io.StringIO]:
    """All that is logged, at every level but the wire's own."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield log
    finally:
        root.removeHandler(handler)


def show_all(users: int = 40) -> int:
    """Try every fault and print the table of it. Answers the exit status: 1 if anything did not end as it must."""
    wrong = 0
    with Stack(users=users) as stack:
        os.environ.update({name: stack.settings[name] for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER")})
        with FaultyStorage(stack.settings["ARCHIVE_URL"], Path(stack.settings["ARCHIVE_CA"])) as storage:
            bench = Bench(stack.settings, Control(stack.control), storage)
            for trial in TRIALS:
                result = bench(trial)
                right = result.is_right(trial)
                wrong += not right
                held = "held" if not result.violated else "; ".join(result.violated)
                mark = "" if right else f"  <- not {' or '.join(trial.ends)}"
                print(f"{trial.ids:<8} {trial.what:<62} {result.ended:<38} {held}{mark}", flush=True)
    print(f"\n{len(TRIALS)} faults, {wrong} of them did not end as they must.")
    return int(bool(wrong))
