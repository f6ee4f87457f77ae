"""The status of an archive that is five years old, next to one listing for each call; and the status kept from then."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

from bench.measure import Row, Scale, compared, interleaved, timed
from bench.parts import FIVE_YEARS, TODAY, service
from local.child import Child
from local.environment import environment
from local.setup import ROOT
from local.stack import Stack
from shared.app import App
from shared.archive.coverage_archive import WORKERS
from shared.archive.layout import USAGE, Partition, snapshot_prefix
from shared.domain.call import every_call
from shared.domain.catalogue import catalogue
from shared.domain.selection import select
from shared.settings import read
from shared.web.archive_cache import ArchiveCache
from shared.web.http import Request, handle
from shared.web.routes import Api

REQUEST = Request("GET", "status", {}, {"accept-encoding": "gzip"})


def rows(scale: Scale) -> list[Row]:
    """Every call that the catalogue has."""
    number = scale.pick(FIVE_YEARS, 60)
    reports = catalogue()
    prefixes = sorted(
        {snapshot_prefix(Partition.of(call)) for report in reports.reports.values() for call in every_call(report)}
    )
    storage = Child("Storage", [sys.executable, "-m", "bench.listing", str(number)], json.loads, cwd=ROOT)
    try:
        told = storage.announcement()
        with Stack() as stack:
            settings = stack.settings | {"ARCHIVE_URL": told["url"], "ARCHIVE_CA": told["ca_file"], "REPORTS": "all"}
            with environment(settings), service(settings) as client:
                app = App(read(settings), clock=lambda: TODAY)
                selection = select("all", reports)

                def fresh() -> Api:
                    return Api(
                        archive=app.archive,
                        catalogue=reports,
                        cache=ArchiveCache(app.archive, reports, lambda: TODAY),
                        selection=lambda: selection,
                        clock=lambda: TODAY,
                        graph_version="v1.0",
                        schedule=settings["PULL_SCHEDULE"],
                    )

                def ask(api: Api) -> None:
                    assert handle(REQUEST, api.status).status == 200

                def bare() -> None:
                    container = client.get_container_client(USAGE)
                    with ThreadPoolExecutor(WORKERS) as pool:
                        found = pool.map(lambda start: list(container.walk_blobs(name_starts_with=start)), prefixes)
                        assert all(len(each) == number for each in found)

                kept = fresh()
                took = interleaved(
                    {"ours": timed(lambda: ask(fresh())), "bare": timed(bare), "kept": timed(lambda: ask(kept))},
                    min(3, scale.rounds),
                )
    finally:
        storage.stop()
    question, against = f"status of {len(prefixes)} calls, {number} days", f"a listing for each, {WORKERS} side by side"
    return [
        compared(question, took["ours"], against, took["bare"], "s", 1.3),
        compared(f"{question}, again within half a minute", took["kept"], against, took["bare"], "s", 1.3),
    ]
