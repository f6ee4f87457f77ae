"""The redirect, the one-time URL and the bytes behind it."""

import base64
import http.client
import socket
from urllib.parse import urlsplit

import pytest
import requests

from simulator import Simulator
from tests.integration.simulator.client import Client

CALL = "getOffice365ActiveUserDetail(period='D7')"
COPILOT = "/v1.0/copilot/reports/getMicrosoft365CopilotUserCountTrend"


def test_success_is_a_redirect_to_the_download_host(client: Client) -> None:
    answer = client.call(CALL)
    assert (answer.status_code, answer.headers["Content-Type"], answer.content) == (302, "text/plain", b"")
    location = answer.headers["Location"]
    assert location.startswith(f"{client.simulator.download_origin}/data/v1.0/download?token=")
    assert all(escape in location for escape in ("%2B", "%2F", "%3D"))


def test_download_has_exactly_the_headers_that_were_captured(client: Client) -> None:
    headers = client.download(client.call(CALL)).headers
    assert list(headers) == [
        *("Cache-Control", "Pragma", "Transfer-Encoding", "Content-Type", "Expires", "ETag", "Server", "requestId"),
        *("Content-Disposition", "X-Powered-By"),
    ]
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == (
        'attachment; filename="Office365ActiveUserDetail11/20/2026 12:00:00 PM.csv"'
    )


def test_etag_is_the_refresh_date_in_base64(client: Client) -> None:
    answer = client.download(client.call("getOffice365ActiveUserDetail(date=2026-11-05)"))
    assert base64.b64decode(answer.headers["ETag"].strip('"')) == b"11/5/2026 12:00:00 AM +00:00"


def test_first_chunk_is_the_bom_and_the_second_the_header_line(client: Client) -> None:
    url = urlsplit(client.call(CALL).headers["Location"])
    connection = http.client.HTTPConnection(url.netloc)
    connection.request("GET", f"{url.path}?{url.query}", headers={"Connection": "close"})
    assert connection.sock is not None
    raw = connection.sock.makefile("rb").read()
    connection.close()
    body = raw.partition(b"\r\n\r\n")[2]
    assert body.startswith(b"3\r\n\xef\xbb\xbf\r\n")
    size, _, rest = body.removeprefix(b"3\r\n\xef\xbb\xbf\r\n").partition(b"\r\n")
    line = rest[: int(size, 16)]
    assert line.startswith(b"Report Refresh Date,")
    assert line.index(b"\n") == len(line) - 1
    assert body.endswith(b"\r\n0\r\n\r\n")


def test_url_is_good_once(client: Client) -> None:
    answer = client.call(CALL)
    assert client.download(answer).status_code == 200
    assert client.download(answer).status_code == 404


def test_url_expires_by_the_virtual_clock(client: Client) -> None:
    early, late = client.call(CALL), client.call(CALL)
    client.wait(seconds=300)
    assert client.download(early).status_code == 200
    client.wait(seconds=1)
    assert client.download(late).status_code == 410


def test_life_of_the_url_can_be_chosen() -> None:
    with Simulator(url_life=10) as simulator, Client(simulator) as client:
        answer = client.call(CALL)
        client.wait(seconds=11)
        assert client.download(answer).status_code == 410


def test_download_refuses_the_bearer_and_leaves_the_url_good(client: Client) -> None:
    answer = client.call(CALL)
    assert client.download(answer, Authorization=f"Bearer {client.token}").status_code == 401
    assert client.download(answer).status_code == 200


def test_unknown_addresses_are_not_found(client: Client) -> None:
    origin = client.simulator.download_origin
    assert client.session.get(f"{origin}/data/v1.0/download?token=guessed").status_code == 404
    assert client.session.get(f"{origin}/").status_code == 404


def test_equal_etag_gives_304_until_the_refresh_date_moves(client: Client) -> None:
    etag = client.download(client.call(CALL)).headers["ETag"]
    same = client.call(CALL, **{"If-None-Match": f'"other", {etag}'})
    assert (same.status_code, same.headers["ETag"], same.content) == (304, etag, b"")
    client.wait(days=1)
    assert client.call(CALL, **{"If-None-Match": etag}).status_code == 302


def test_etag_of_a_day_that_was_not_out_does_not_hide_the_numbers(client: Client) -> None:
    call = "getEmailActivityUserDetail(date=2026-11-19)"
    empty = client.download(client.call(call)).headers["ETag"]
    client.wait(days=3)
    assert client.call(call, **{"If-None-Match": empty}).status_code == 302


def test_copilot_answers_with_the_csv_itself(client: Client) -> None:
    first = client.get(f"{COPILOT}(period='D30')")
    assert first.status_code == 200
    assert first.content == client.get(f"{COPILOT}(period='D30',version='v1')").content
    second = client.get(f"{COPILOT}(period='D28',version='v2')")
    assert first.content.startswith(b"\xef\xbb\xbfReport Refresh Date,Report Date,")
    assert b"Prompts submitted" in second.content.splitlines()[0]
    assert client.get(f"{COPILOT}(period='D7')", **{"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_stopped_simulator_hangs_up() -> None:
    with Simulator() as simulator, Client(simulator) as client:
        assert client.call(CALL).status_code == 302
        simulator.stop()
        with pytest.raises(requests.ConnectionError):
            client.call(CALL)


def test_client_that_hangs_up_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    with Simulator(users=50_000) as simulator, Client(simulator) as client:
        url = urlsplit(client.call(CALL).headers["Location"])
        with socket.create_connection((url.hostname, url.port)) as connection:
            connection.sendall(f"GET {url.path}?{url.query} HTTP/1.1\r\nHost: graph\r\n\r\n".encode())
            assert connection.recv(12) == b"HTTP/1.1 200"
        while not (seen := client.steer("GET", "/record", listener="download")):
            pass
        whole = client.steer("GET", "/expected", call=CALL)["size"]
    assert 0 < seen[0]["size"] < whole
    assert capfd.readouterr().err == ""
