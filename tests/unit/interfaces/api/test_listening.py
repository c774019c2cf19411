"""A program says that it listens only where it can."""

import socket

import pytest

from voltherm.domain.errors import InvalidInputError
from voltherm.interfaces.api.listening import require_free_port


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_a_port_that_is_taken_is_told_with_what_to_do(taken):
    with pytest.raises(InvalidInputError, match=rf"127\.0\.0\.1:{taken}: Address already in use; .*SERVICE_PORT"):
        require_free_port("127.0.0.1", taken)


def test_an_address_that_this_machine_has_not_is_told():
    with pytest.raises(InvalidInputError, match=r"192\.0\.2\.1:24999: .*--host"):
        require_free_port("192.0.2.1", 24999)


def test_a_free_port_stays_free(taken):
    with socket.create_server(("127.0.0.1", 0)) as once:
        free = once.getsockname()[1]

    require_free_port("127.0.0.1", free)
    require_free_port("127.0.0.1", free)
