"""A run over all reports without personal data that finds nothing new, next to the bare requests that it makes."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count

import requests
from azure.identity import ManagedIdentityCredential

from bench.measure import Row, Scale, Side, compared, interleaved, timed
from bench.parts import TODAY
from local.child import Child
from local.environment import environment
from local.setup import ROOT
from local.simulator_client import Control
from local.stack import Stack
from shared.app import App
from shared.domain.catalogue import catalogue
from shared.pulling.run import WORKERS
from shared.settings import read

FAR = 0.1
"""Seconds that the true Graph takes at the least to answer; the simulated one is next door."""
_FEWER = "getOffice365ActiveUserCounts, getEmailActivityCounts, getMailboxUsageStorage, getFormsUserActivityCounts"
"""The last one is on beta only."""


def rows(scale: Scale) -> list[Row]:
    """Once with a Graph that takes its time, and once with one that answers at once."""
    return [_row(scale, FAR), _row(scale, 0.0)]


def _row(scale: Scale, seconds: float) -> Row:
    command = [sys.executable, "-m", "bench.far_graph", str(seconds)]
    graph = Child("Graph", command, json.loads, cwd=ROOT)
    try:
        with Stack(settings={"REPORTS": _FEWER if scale.quick else "aggregates"}) as stack:
            told = graph.announcement()
            settings = stack.settings | {
                "GRAPH_ENDPOINT": told["graph_endpoint"],
                "DOWNLOAD_HOSTS": told["download_origin"],
                "IDENTITY_ENDPOINT": told["identity_endpoint"],
                "IDENTITY_HEADER": told["identity_header"],
            }
            with environment(settings):
                return _measured(scale, settings, Control(told["control"]), seconds)
    finally:
        graph.stop()


def _measured(scale: Scale, settings: Mapping[str, str], control: Control, seconds: float) -> Row:
    clock = count(10, 11)

    def next_run() -> None:  # no sooner than the request budget allows
        control.set_time(TODAY.replace(hour=0) + timedelta(minutes=next(clock)))

    def side(work: Callable[[], object]) -> Side:
        def once() -> float:
            next_run()
            return timed(work)()

        return once

    # No report comes out meanwhile, and none is left out because nothing newer can be there.
    control.set_time(TODAY - timedelta(days=1))
    control.put("faults", {"rules": [{"fault": "stuck", "args": {"days": 3.0}}]})
    app = App(read(settings), clock=control.now, sleep=control.sleep)
    app.pull_run.execute()
    next_run()
    app.pull_run.execute()
    bare = _requests(app, settings["GRAPH_ENDPOINT"], control.now().date())

    def ours() -> None:
        reasons = {pulled.reason for pulled in app.pull_run.execute().pulls}
        assert reasons == {"not_modified"}, reasons

    rounds = min(3, scale.rounds) if seconds else scale.rounds  # far away, it varies by a hundredth
    took = interleaved({"ours": side(ours), "bare": side(bare)}, rounds)
    far = f"{seconds:g} s away" if seconds else "next door"
    question = f"a run of {len(app.pull_run.selection.calls)} calls, nothing new, Graph {far}"
    target = 1.3 if seconds else 3.5  # 2 where it need not list what is newest for each call
    return compared(question, took["ours"], f"its requests bare, {WORKERS} side by side", took["bare"], "s", target)


def _requests(app: App, endpoint: str, today: date) -> Callable[[], None]:
    """The requests of such a run, made by a program that does nothing else."""
    reports = catalogue().reports
    etags: dict[str, str] = {}
    for call in app.pull_run.selection.calls:
        newest = app.archive.snapshots.newest(call, today)
        assert newest, f"{call} was not pulled"
        report = reports[call.report]
        version = report.graph_version("v1.0")
        etags[f"{endpoint}/{version}/{report.root[version]}/{call}"] = newest.metadata.etag
    token = ManagedIdentityCredential().get_token(f"{endpoint}/.default").token
    local = threading.local()

    def ask(url: str) -> None:
        session = local.__dict__.setdefault("session", requests.Session())
        answer = session.get(url, headers={"Authorization": f"Bearer {token}", "If-None-Match": etags[url]}, timeout=60)
        assert answer.status_code == 304, answer.status_code

    def everything() -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(ask, etags))

    return everything
