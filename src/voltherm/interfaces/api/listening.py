"""Whether a program may listen where it is told to, asked before it says that it does."""

from __future__ import annotations

import socket

from voltherm.domain.errors import InvalidInputError


def require_free_port(host: str, port: int) -> None:
    """Return when every address of ``host`` is free.

    Parameters
    ----------
    host, port
        Where to listen.

    Raises
    ------
    InvalidInputError
        When something else listens there, or the machine has no such address.
    """
    try:
        for family, kind, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            with socket.socket(family, kind) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
    except OSError as error:
        message = (
            f"cannot listen on {host}:{port}: {error.strerror}; end what listens there, or choose another place "
            "with --host and --port (of voltherm serve also SERVICE_HOST and SERVICE_PORT)"
        )
        raise InvalidInputError(message) from None
