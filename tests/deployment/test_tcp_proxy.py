"""The proxy with faults: each fault does to a connection what it says, and healing ends it."""

import socket
import threading
import time
from contextlib import closing

import pytest

from tests.services import eventually

SOON_S = 0.3


class Echo:
    """A server that sends back what it gets, and counts the connections that it has open."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.n_open = 0
        self.threads = []
        self.accepting = threading.Thread(target=self.accept)
        self.accepting.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.n_open += 1
            self.threads.append(threading.Thread(target=self.echo, args=(connection,)))
            self.threads[-1].start()

    def echo(self, connection):
        with connection:
            try:
                while sent := connection.recv(65_536):
                    connection.sendall(sent)
            except OSError:
                pass
            self.n_open -= 1

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in (self.accepting, *self.threads):
            thread.join(10)


@pytest.fixture(name="echo")
def _echo():
    server = Echo()
    yield server
    server.close()


@pytest.fixture(name="proxy")
def _proxy(echo, tcp_proxy):
    proxy = tcp_proxy(echo.port)
    yield proxy
    proxy.close()


@pytest.fixture(name="client")
def _client(proxy):
    with closing(connect(proxy)) as connection:
        yield connection


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def echoed(client, sent):
    client.sendall(sent)
    received = b""
    while len(received) < len(sent) and (chunk := client.recv(65_536)):
        received += chunk
    return received


def hears_nothing(client):
    client.settimeout(SOON_S)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(10)
    return False


def test_without_a_fault_everything_goes_through(client, proxy):
    sent = bytes(range(256)) * 4_000
    threading.Thread(target=client.sendall, args=(sent,)).start()
    received = b""
    while len(received) < len(sent):
        received += client.recv(65_536)

    assert received == sent
    assert proxy.n_connections == 1


def test_a_delay_holds_every_chunk_up(client, proxy):
    proxy.delay(0.2)
    began = time.monotonic()
    assert echoed(client, b"slowly") == b"slowly"
    assert time.monotonic() - began >= 0.4


def test_a_throttle_lets_so_many_bytes_a_second_through(client, proxy):
    proxy.throttle(20_000)
    began = time.monotonic()
    assert echoed(client, bytes(4_000)) == bytes(4_000)
    assert time.monotonic() - began >= 0.2


def test_dropped_bytes_are_lost_and_the_connection_stays(client, proxy):
    proxy.drop()
    client.sendall(b"lost")
    assert hears_nothing(client)
    proxy.heal()
    assert echoed(client, b"here") == b"here"


def test_held_bytes_arrive_when_the_network_heals(client, proxy):
    proxy.hold()
    client.sendall(b"late")
    assert hears_nothing(client)
    proxy.heal()
    assert client.recv(4) == b"late"


def test_corruption_changes_one_byte_of_an_answer(client, proxy):
    proxy.corrupt()
    received = echoed(client, b"12345")
    assert received == bytes([0x31, 0x32, 0x33 ^ 0xFF, 0x34, 0x35])
    proxy.heal()
    assert echoed(client, b"12345") == b"12345"


def test_half_open_means_that_the_server_has_gone_and_the_client_does_not_know(client, proxy, echo):
    assert echoed(client, b"hello") == b"hello"
    proxy.half_open()
    eventually(lambda: echo.n_open == 0, "the server's side closed")
    client.sendall(b"anybody?")
    assert hears_nothing(client)
    proxy.heal()
    with closing(connect(proxy)) as another:
        assert echoed(another, b"again") == b"again"


def test_a_reset_breaks_connections_old_and_new(client, proxy, echo):
    assert echoed(client, b"hello") == b"hello"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with pytest.raises(ConnectionResetError), closing(connect(proxy)) as another:
        another.recv(1)
    eventually(lambda: echo.n_open == 0, "the server's side closed")
    proxy.heal()
    with closing(connect(proxy)) as another:
        assert echoed(another, b"again") == b"again"


def test_a_program_that_is_gone_refuses_connections_until_it_is_back(client, proxy):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect(proxy)
    proxy.heal()
    with closing(connect(proxy)) as another:
        assert echoed(another, b"again") == b"again"


def test_a_server_that_does_not_listen_resets_the_client(tcp_proxy, echo):
    proxy = tcp_proxy(echo.port)
    echo.listener.shutdown(socket.SHUT_RDWR)
    echo.accepting.join(10)
    echo.listener.close()
    echo.listener = socket.create_server(("127.0.0.1", 0))
    with pytest.raises(ConnectionResetError), closing(connect(proxy)) as client:
        client.recv(1)


def test_a_closed_proxy_leaves_no_thread(echo, tcp_proxy):
    proxy = tcp_proxy(echo.port)
    with closing(connect(proxy)) as client:
        assert echoed(client, b"hello") == b"hello"
        proxy.hold()
        client.sendall(b"held")
        proxy.close()
    proxy.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "tcp-proxy"]
