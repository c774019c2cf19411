"""Load: what the site draws and nobody plans."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """An uncontrolled consumer; its power comes from a forecast or a meter, positive when it consumes.

    Parameters
    ----------
    id : str
        Name within the site.
    """

    id: str
