#!/usr/bin/env bash
# urllib3: a pool whose connections lead back to it is never collected, and its sockets stay open until the process ends.
#
# Versions: urllib3 2.8.0, requests 2.34.2 on top of it
# Guess: a session that nobody has any more is collected, as a circle at the latest by gc.collect(), whatever its objects
#   know of each other, and with it go the sockets that it kept open.
# Seen: so it is with a connection that knows nothing. Once each connection knows its session, as by a bound method that
#   tells a deadline, the session, its pools and its open sockets stay after gc.collect(): the finalizer that is to close
#   the connections of a pool holds the queue they lie in, from outside of the circle. A comment in connectionpool.py says
#   so of the finalizer's callback. Nothing is raised or logged.
# For the archive: a thread of each run has sessions of its own, with connections that know how long an answer may take.
#   They know that alone (shared/graph/deadline.py).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check requests==2.34.2 urllib3==2.8.0

cat >probe.py <<'END'
import gc
import socket
import threading
import weakref
from functools import partial

import requests
import urllib3
from requests.adapters import HTTPAdapter


class Connection(urllib3.connection.HTTPConnection):
    def __init__(self, *args, knows, **kwargs):
        super().__init__(*args, **kwargs)
        self.knows = knows


class Adapter(HTTPAdapter):
    def __init__(self, knows):
        self.knows = knows
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": partial(pool_of, self.knows)}


def pool_of(knows, *args, **kwargs):
    pool = urllib3.HTTPConnectionPool(*args, **kwargs)
    pool.ConnectionCls = partial(Connection, knows=knows)
    return pool


def ask_once(knows_session):
    """Return a weak reference to a session that got one answer, and the server's end of its connection."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", Adapter(session if knows_session else 60.0))
    connections = []

    def answer():
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connections.append(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer)
        thread.start()
        assert session.get(f"http://127.0.0.1:{listener.getsockname()[1]}/").text == "ok"
        thread.join()
    return weakref.ref(session), connections[0]


for what, knows_session in (("knows a number", False), ("knows its session", True)):
    session, connection = ask_once(knows_session)
    gc.collect()
    connection.settimeout(1)
    try:
        is_open = connection.recv(1) != b""
    except TimeoutError:
        is_open = True
    print(f"a connection that {what}: session {'kept' if session() else 'gone'}, socket {'open' if is_open else 'closed'}")
END

cat >expected <<'END'
a connection that knows a number: session gone, socket closed
a connection that knows its session: session kept, socket open
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
