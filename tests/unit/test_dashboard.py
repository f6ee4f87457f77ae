"""The page and its modules: of one version, without data, under a policy by which nothing else can run."""

import hashlib
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shared.web.dashboard import documents, serve
from shared.web.http import Request, handle

FOLDER = Path("shared/web/dashboard")
MODULES = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir() if path.suffix in (".css", ".js")}


def document() -> str:
    return serve(Request("GET", "")).body.decode()


def links() -> list[str]:
    """What the document refers to beside itself."""
    urls: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            urls.extend(value or "" for name, value in attributes if name in ("src", "href", "action", "style"))

    Links().feed(document())
    assert len(urls) > len(MODULES)
    return [url for url in urls if not url.startswith(("#", "data:"))]


def root() -> str:
    """Where the modules are, below `/dashboard`."""
    [version] = {url.removeprefix("/api/dashboard/").partition("/")[0] for url in links()}
    return version


def test_the_policy_lets_run_and_show_what_is_of_the_app_and_nothing_else() -> None:
    text = serve(Request("GET", "")).headers["Content-Security-Policy"]
    assert dict(re.findall(r"([\w-]+) ([^;]+)", text)) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_document_has_no_script_and_style_of_its_own() -> None:
    assert re.findall(r"<script[^>]*>", document()) == [f'<script type="module" src="/api/dashboard/{root()}/main.js">']
    assert not re.search(r"<script[^>]*>[^<]|<style|\bon\w+=|\$", document())


def test_the_document_refers_to_all_its_modules_and_to_nothing_else() -> None:
    assert set(links()) == {f"/api/dashboard/{root()}/{name}" for name in MODULES}
    assert not re.search(r"@import|url\(", MODULES["style.css"])


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_served_for_ever_to_everybody_as_what_it_is(name: str) -> None:
    response = serve(Request("GET", f"{root()}/{name}"))
    assert (response.status, response.body) == (200, (FOLDER / name).read_bytes())
    media_type = "text/css" if name.endswith(".css") else "text/javascript"
    assert response.headers["Content-Type"] == f"{media_type}; charset=utf-8"
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", MODULES)
def test_a_changed_module_changes_the_urls_of_all(name: str, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "dashboard")
    (folder / name).write_text(MODULES[name] + "\n", "utf-8")
    assert {path.partition("/")[0] for path in documents(folder)} & {root()} == set()


@pytest.mark.parametrize(
    "path",
    ["0123456789abcdef/main.js", "{root}/none.js", "{root}/index.html", "{root}", "{root}/../main.js", "main.js"],
)
def test_another_hash_or_file_is_a_404(path: str) -> None:
    response = handle(Request("GET", path.format(root=root())), serve)
    assert (response.status, response.headers["Content-Type"]) == (404, "application/json")
    assert response.headers["Cache-Control"] == "no-store"


def test_no_text_is_ever_taken_for_markup() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert not any(re.search(markup, text) for text in (document(), *MODULES.values()))


def test_the_page_is_never_stale_and_costs_no_body_when_it_is_known() -> None:
    first = serve(Request("GET", ""))
    again = serve(Request("GET", "", headers={"if-none-match": first.headers["ETag"]}))
    assert (first.status, first.headers["Content-Type"], first.headers["Cache-Control"]) == (
        200,
        "text/html; charset=utf-8",
        "no-cache",
    )
    assert (again.status, again.body) == (304, b"")


def test_only_get_and_head_are_answered() -> None:
    assert handle(Request("HEAD", ""), serve).body == b""
    assert handle(Request("POST", ""), serve).status == 405


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith(".js")])
def test_a_module_finds_all_that_it_imports(name: str) -> None:
    imports = re.findall(r'\bimport\s*(?:\{([^}]*)\}\s*from\s*)?"\./([\w.]+)"', MODULES[name])
    assert len(imports) == len(re.findall(r"^import\b", MODULES[name], re.MULTILINE))
    for names, other in imports:
        exports = re.findall(r"^export (?:async )?(?:function|const|let|class) (\w+)", MODULES[other], re.MULTILINE)
        exports += re.findall(r"^export { uPlot as (default) };", MODULES[other], re.MULTILINE)
        assert {each.strip().partition(" as ")[0] for each in names.split(",") if each} <= set(exports)


def test_the_library_of_charts_is_the_one_that_its_authors_published() -> None:
    module = MODULES["uPlot.js"]
    digest = "5dd9b3281aa64b461b42d9945f6adb2649d346502b12281a9ae0d46599a80eba"
    assert hashlib.sha256(module.encode()).hexdigest() == digest  # dist/uPlot.esm.js of the npm package uplot 1.6.32
    assert "(v1.6.32)" in module
    assert (FOLDER / "uPlot.LICENSE").read_text("utf-8").startswith("The MIT License (MIT)")
