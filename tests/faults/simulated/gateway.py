"""A gateway between the service and a battery: it counts, and does what is planned when the simulated time has come.

Simulated time goes as fast as the programs compute, so a test cannot wait for a moment and then act. The gateway is on
the way of every look of the guard: what is planned for a moment is done before the first request at that moment or
later goes on, while the service waits for it. So everything happens at the same simulated instant in every run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

Action = Callable[[], object]


class Gateway(ThreadingHTTPServer):
    """Passes requests on.

    Parameters
    ----------
    target_url : str
        Where to.
    now : callable
        The simulated time.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, target_url: str, now: Callable[[], datetime]) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target = urlsplit(target_url).netloc
        self.now = now
        self.requests: list[tuple[datetime, str, str]] = []
        self.errors: list[BaseException] = []
        self._planned: list[tuple[datetime, Action]] = []
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def at(self, moment: datetime, action: Action) -> None:
        """Plan an action; what is planned for one moment is done in the order of planning."""
        self._planned.append((moment, action))
        self._planned.sort(key=lambda planned: planned[0])

    def n_requests(self, path: str, since: datetime, until: datetime) -> int:
        """Return how many requests to a path came within ``[since, until)``."""
        return sum(since <= at < until and asked.split("?")[0] == path for at, _, asked in self.requests)

    def note(self, method: str, path: str) -> None:
        """Count a request, and do what is due before it goes on."""
        with self._lock:
            now = self.now()
            self.requests.append((now, method, path))
            while self._planned and self._planned[0][0] <= now:
                _, action = self._planned.pop(0)
                try:
                    action()
                except Exception as error:  # noqa: BLE001 - a thread of the server would swallow it; told at the end
                    self.errors.append(error)

    def require_all_done(self) -> None:
        """Fail where an action failed, or its moment never came."""
        if self.errors:
            raise self.errors[0]
        assert not self._planned, f"the time did not come to {self._planned[0][0]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who is asked to wait too long hangs up."""


class _Passing(BaseHTTPRequestHandler):
    """Passes one connection's requests on."""

    protocol_version = "HTTP/1.1"
    server: Gateway
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._pass_on(None)

    def do_POST(self) -> None:
        self._pass_on(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass_on(self, body: bytes | None) -> None:
        self.server.note(self.command, self.path)
        onward = self._onward()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            onward.request(self.command, self.path, body, headers)
            answer = onward.getresponse()
            content = answer.read()
        except (OSError, HTTPException):
            onward.close()
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _onward(self) -> HTTPConnection:
        if not hasattr(self, "_connection"):
            self._connection = HTTPConnection(self.server.target, timeout=30)
        return self._connection

    def finish(self) -> None:
        super().finish()
        if hasattr(self, "_connection"):
            self._connection.close()


@contextmanager
def gateway_to(target_url: str, now: Callable[[], datetime]) -> Iterator[Gateway]:
    """Yield a gateway that listens on a port of its own."""
    gateway = Gateway(target_url, now)
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.shutdown()
        thread.join()
        gateway.server_close()
