"""Route templates match what they match in ASP.NET Core."""

from __future__ import annotations

import pytest

from local.functions_host.routes import Route, RouteError, decoded


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        pytest.param("api/status", "/api/status", {}, id="literal"),
        pytest.param("api/status", "/API/Status", {}, id="without regard to case"),
        pytest.param("api/status", "/api/status/", {}, id="trailing slash"),
        pytest.param("api/status", "/api/status/more", None, id="nothing may follow a literal"),
        pytest.param("api/v1.0", "/api/v1x0", None, id="a dot is a dot"),
        pytest.param("api/{v}/x", "/api/beta/x", {"v": "beta"}, id="parameter"),
        pytest.param("api/{v}/x", "/api//x", None, id="a parameter is not empty"),
        pytest.param("api/{v}", "/api/a/b", None, id="a parameter is one segment"),
        pytest.param("api/{v?}", "/api", {}, id="optional parameter left out"),
        pytest.param("api/{*rest}", "/api/a/b", {"rest": "a/b"}, id="catch-all"),
        pytest.param("api/{*rest}", "/api", {}, id="catch-all that catches nothing"),
        pytest.param("api/{*rest}", "/api/", {}, id="catch-all after a slash"),
        pytest.param("api/{*rest}", "/apis", None, id="catch-all begins with a segment"),
        pytest.param("{n:int}", "/-12", {"n": "-12"}, id="constraint met"),
        pytest.param("{n:int}", "/twelve", None, id="constraint not met"),
        pytest.param("{v:regex(^(v1.0|beta)$)}/x", "/beta/x", {"v": "beta"}, id="regular expression met"),
        pytest.param("{v:regex(^(v1.0|beta)$)}/x", "/v2/x", None, id="regular expression not met"),
        pytest.param("r/{name}(period='{p}')", "/r/a(period='D7')", {"name": "a", "p": "D7"}, id="mixture"),
    ],
)
def test_a_template_matches_a_path(template: str, path: str, values: dict[str, str] | None) -> None:
    assert Route.parse(template).match(path) == values


def test_of_two_routes_the_more_literal_goes_first() -> None:
    templates = ["a/b", "a/b/{*rest}", "a/x({v})", "a/{v:int}", "a/{v}", "a/{v}/c", "a/{v:alpha}/{*rest}", "{*rest}"]
    ranked = sorted(templates, key=lambda template: Route.parse(template).precedence)
    assert ranked.index("a/b") < ranked.index("a/{v:int}") < ranked.index("a/{v}") < ranked.index("{*rest}")
    assert ranked.index("a/b/{*rest}") < ranked.index("a/{v:alpha}/{*rest}") < ranked.index("a/{v}/c")
    assert ranked.index("a/x({v})") < ranked.index("a/{v}")


def test_an_unknown_constraint_is_refused() -> None:
    with pytest.raises(RouteError, match="datetime"):
        Route.parse("{day:datetime}")


def test_a_path_is_decoded_but_for_the_encoded_slash() -> None:
    assert decoded("/a%28%27b%27%29/c%2Fd%2fe/%C3%BC+") == "/a('b')/c%2Fd%2fe/ü+"
