"""Whether an address leads to this machine: commands of a simulated time must not reach a battery in the field."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def is_on_this_machine(url: str) -> bool:
    """Return whether the host of ``url`` is ``localhost`` or a loopback address.

    A private address is not enough: real batteries have one. Other names are not asked of any resolver, because what
    it answers may change after the question.
    """
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
