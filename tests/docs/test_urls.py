"""Every URL of the archive on the pages is one that the app understands: it is asked, with storage down."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from shared.archive.archive import Archive
from shared.domain.catalogue import catalogue
from shared.domain.errors import ArchiveUnavailable
from shared.domain.selection import select
from shared.domain.tenants import Tenant
from shared.web import dashboard
from shared.web.archive_cache import ArchiveCache
from shared.web.http import Request, handle
from shared.web.principal import WITH_KEY
from shared.web.routes import Api
from shared.web.tenants import TenantsApi
from tests.docs.pages import ROOT, Page, pages

NOW = datetime(2027, 1, 1, tzinfo=UTC)
"""After every date on the pages."""
_URL = re.compile(r"('?)https?://(?:HOST|127\.0\.0\.1:7071|localhost:7071)(/[^\s\"<>`|,;]*)")
_PATH = re.compile(r"/(?:v1\.0/|beta/|personal/v1\.0/|status|health|dashboard|openapi\.json)\S*")
_BASE = re.compile(r"/api(/personal)?(/v1\.0)?")
"""What clients are given to put their paths behind."""
TENANT = "11111111-2222-3333-4444-555555555555"
_GOOD = {200, 503}
"""503: it is understood, and only storage keeps it from being answered."""


class Down:
    """Storage that does not answer."""

    def __getattr__(self, name: str) -> Any:
        raise ArchiveUnavailable(name)


def api() -> Api:
    archive, reports = cast(Archive, Down()), catalogue()
    return Api(
        archive=archive,
        catalogue=reports,
        cache=ArchiveCache(archive, reports, lambda: NOW),
        selection=lambda: select("all", reports),
        clock=lambda: NOW,
        graph_version="v1.0",
        min_group=5,
        schedule="0 0 6 * * *",
    )


def tenants() -> TenantsApi:
    return TenantsApi(
        is_many=True,
        reader=lambda request: WITH_KEY,
        listed=lambda: ([Tenant(TENANT)], ()),
        standings=dict,
        api_of=lambda tenant: api(),
        consent_url=lambda tenant: "",
        clock=lambda: NOW,
        patience=lambda: timedelta(days=1),
    )


def status_of(url: str) -> int:
    """What the functions answer to a path below the host, with its query."""
    parts = urlsplit(url)
    path, query = unquote(parts.path), dict(parse_qsl(parts.query, keep_blank_values=True))
    if path.startswith("/admin/"):
        return 200 if path.removeprefix("/admin/functions/") in functions() else 404
    first, _, rest = path.removeprefix("/api/").partition("/")
    match first:
        case "tenants":
            id_, _, below = rest.replace("ID", TENANT, 1).partition("/")
            is_personal = below.startswith("personal/")
            asked = Request("GET", f"{id_}/{below.removeprefix('personal/')}", query)
            return handle(asked, lambda request: tenants().answer(request, personal=is_personal)).status
        case "personal":
            return handle(Request("GET", rest, query), lambda request: api().reports(request, personal=True)).status
        case "status":
            return handle(Request("GET", first, query), api().status).status
        case "health" | "pull":
            return 200
        case "openapi.json":
            return handle(Request("GET", first, query), api().openapi).status
        case "dashboard":
            return handle(Request("GET", rest, query), dashboard.serve).status
    return handle(
        Request("GET", f"{first}/{rest}", query), lambda request: api().reports(request, personal=False)
    ).status


def functions() -> set[str]:
    """The names of the triggers."""
    tree = ast.parse((ROOT / "function_app.py").read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def urls(page: Page) -> Iterator[str]:
    """Below the host: whole URLs anywhere on the page, and paths in backticks."""
    text = page.text.replace("${URL%/api/*}", "https://HOST").replace("$URL/", "https://HOST/api/v1.0/reports/")
    for quote, path in _URL.findall(text):
        url = (path.partition("'")[0] if quote else path).rstrip(".:*")
        if not _BASE.fullmatch(url):
            yield url
    for span in page.spans:
        path = re.sub(r"^\.\.\./(?=get)", "/v1.0/reports/", span)
        if _PATH.fullmatch(path) and not re.search(r"[{]|\.\.\.$", path):
            yield f"/api{path}"


@pytest.mark.parametrize("name", [name for name, page in pages().items() if [*urls(page)]])
def test_every_url_is_understood(name: str) -> None:
    for url in urls(pages()[name]):
        assert status_of(url) in _GOOD, url


def test_the_pages_have_urls_of_every_kind() -> None:
    found = {url for page in pages().values() for url in urls(page)}
    assert len(found) > 30
    for part in (
        "/personal/",
        "/series",
        "/snapshots",
        "/status",
        "/health",
        "/dashboard",
        "asOf=",
        "/admin/",
        "view=",
    ):
        assert any(part in url for url in found), part


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/api/v1.0/reports/getOffice365ActiveUserCount(period='D7')", id="another report"),
        pytest.param("/api/v1.0/reports/getOffice365ActiveUserCounts(period='D8')", id="another period"),
        pytest.param("/api/v1.0/reports/getOffice365ActiveUserDetail(period='D7')", id="personal elsewhere"),
        pytest.param("/api/v1.0/reports/getOffice365ActiveUserCounts/series?form=csv", id="another parameter"),
        pytest.param("/api/v1.0/reports/getOffice365ActiveUserCounts/history", id="another view"),
        pytest.param("/api/status?format=svg", id="another form"),
        pytest.param("/admin/functions/push", id="another function"),
    ],
)
def test_what_is_written_wrong_is_found(url: str) -> None:
    assert status_of(url) not in _GOOD
