"""JSON as strangers send it, read strictly: what is no number stays none."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from voltherm.ports.errors import Malformed


def parsed_json(content: bytes, what: str, *, allow_nan: bool = False) -> object:
    """Return the value that the text holds.

    Parameters
    ----------
    content : bytes
        JSON in UTF-8, with or without a byte order mark.
    what : str
        What it is, for messages.
    allow_nan : bool
        Whether ``NaN`` and ``Infinity`` are read, all of them as NaN: programs in the field write them for "missing".

    Raises
    ------
    Malformed
        For anything else. The message does not repeat what was sent.
    """
    constant = _as_nan if allow_nan else _refuse(what)
    try:
        return json.loads(
            content.decode("utf-8-sig"), parse_constant=constant, parse_float=lambda text: _number(text, constant)
        )
    except RecursionError as error:
        raise Malformed(f"{what}: is nested too deeply; send flat rows") from error
    except json.JSONDecodeError as error:
        raise Malformed(f"{what}: is no JSON ({error.msg} at character {error.pos})") from error
    except ValueError as error:
        raise Malformed(f"{what}: is no JSON in UTF-8, or holds a number too long to read") from error


def _as_nan(_name: str) -> float:
    return math.nan


def _refuse(what: str) -> Callable[[str], float]:
    def refuse(name: str) -> float:
        raise Malformed(f"{what}: holds {name[:20]}, which is no number; write null where nothing is known")

    return refuse


def _number(text: str, constant: Callable[[str], float]) -> float:
    """Return the number; ``1e400`` is written like one and is infinite."""
    value = float(text)
    return value if math.isfinite(value) else constant(text)
