"""`voltherm probe`: what the health checks of image and compose file ask."""

import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer
from typer.testing import CliRunner

from voltherm.interfaces.cli import probe as module
from voltherm.interfaces.cli.probe import ProbeError, probe

HEALTHY = {"/health": 200, "/health/ready": 503, "/elsewhere": 302, "/fails": 500}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(HEALTHY.get(self.path, 404))
        self.send_header("Location", "/health")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(name="service")
def _service():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def asked(*arguments):
    app = typer.Typer()
    app.command()(probe)
    return CliRunner().invoke(app, list(arguments))


def test_a_service_that_answers_200_is_healthy_and_nothing_is_said(service):
    answer = asked(f"{service}/health")
    assert (answer.exit_code, answer.output) == (0, "")


@pytest.mark.parametrize(
    ("path", "words"), [("/fails", "answers 500"), ("/nowhere", "answers 404"), ("/elsewhere", "answers 302")]
)
def test_any_other_answer_is_a_failure_with_its_status(service, path, words):
    answer = asked(f"{service}{path}")
    assert answer.exit_code == 1
    assert words in answer.output


def test_readiness_is_asked_below_the_address(service):
    answer = asked(f"{service}/health", "--ready")
    assert answer.exit_code == 1
    assert "answers 503" in answer.output


def test_nobody_listening_is_a_failure():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    answer = asked(f"http://127.0.0.1:{port}/health")
    assert answer.exit_code == 1
    assert "ConnectionRefusedError" in answer.output


def test_something_that_does_not_speak_http_is_a_failure():
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:

        def babble():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"SSH-2.0\r\n\r\n")

        babbling = threading.Thread(target=babble)
        babbling.start()
        answer = asked(f"http://127.0.0.1:{listener.getsockname()[1]}/health")
        babbling.join()
    assert answer.exit_code == 1
    assert "BadStatusLine" in answer.output


def test_a_service_that_hangs_is_a_failure_after_the_time_out(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE_S", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        answer = asked(f"http://127.0.0.1:{listener.getsockname()[1]}/health")
    assert answer.exit_code == 1


def test_a_proxy_of_the_environment_is_not_asked(service, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert asked(f"{service}/health").exit_code == 0


@pytest.mark.parametrize(
    "url", ["health", "ftp://a/health", "http:///health", "http://a:x/", "http://a/ b", "http://a/\r\nb", "http://a:0/"]
)
def test_what_is_no_address_is_told_with_its_remedy(url):
    answer = asked(url)
    assert isinstance(answer.exception, ProbeError)
    assert "write it as http://127.0.0.1:8001/health" in str(answer.exception)
