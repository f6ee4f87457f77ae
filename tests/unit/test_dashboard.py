"""The document itself: one file, no data, and a policy under which nothing else can run."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from shared.web.dashboard import page
from shared.web.http import Request, handle

FOLDER = Path("shared/web/dashboard")


def document(**headers: str) -> str:
    return page(Request("GET", "dashboard", headers=headers)).body.decode()


def policy() -> dict[str, str]:
    text = page(Request("GET", "dashboard")).headers["Content-Security-Policy"]
    return dict(re.findall(r"([\w-]+) ([^;]+)", text))


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_lets_run_and_show_what_is_in_the_document_and_nothing_else() -> None:
    [script] = re.findall(r"<script[^>]*>(.*?)</script>", document(), re.DOTALL)
    [style] = re.findall(r"<style>(.*?)</style>", document(), re.DOTALL)
    assert policy() == {
        "default-src": "'none'",
        "script-src": hash_of(script),
        "style-src": hash_of(style),
        "img-src": "blob: data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_the_document_refers_to_nothing_but_itself() -> None:
    links: list[str] = []

    class Links(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            links.extend(value or "" for name, value in attributes if name in ("src", "href", "action", "style"))

    Links().feed(document())
    assert len(links) >= 5
    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    assert not re.search(r"@import|url\(", (FOLDER / "style.css").read_text("utf-8"))


def test_no_text_is_ever_taken_for_markup() -> None:
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", document()) == []


def test_the_answer_is_never_stale_and_costs_no_body_when_it_is_known() -> None:
    first = page(Request("GET", "dashboard"))
    again = page(Request("GET", "dashboard", {}, {"if-none-match": first.headers["ETag"]}))
    assert (first.status, first.headers["Content-Type"], first.headers["Cache-Control"]) == (
        200,
        "text/html; charset=utf-8",
        "no-cache",
    )
    assert (again.status, again.body) == (304, b"")


def test_only_get_and_head_are_answered() -> None:
    assert handle(Request("HEAD", "dashboard"), page).body == b""
    assert handle(Request("POST", "dashboard"), page).status == 405


def test_every_module_is_in_the_document_and_finds_all_that_it_imports() -> None:
    script = re.findall(r"<script[^>]*>(.*?)</script>", document(), re.DOTALL)[0]
    modules = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.js")}
    order = re.findall(r"^modules\.(\w+) = ", script, re.MULTILINE)
    assert sorted(order) == sorted(modules)
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    for name, text in modules.items():
        for names, other in re.findall(r'^import \{ (.+) \} from "\./(\w+)\.js";$', text, re.MULTILINE):
            exports = re.findall(r"^export (?:async )?(?:function|const|class) (\w+)", modules[other], re.MULTILINE)
            assert set(names.split(", ")) <= set(exports)
            assert order.index(other) < order.index(name)
