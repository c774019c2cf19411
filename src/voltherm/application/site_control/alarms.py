"""Alarms of a site: raised once, cleared once."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from voltherm.application.site_control.events import AlarmChanged, Listen

if TYPE_CHECKING:
    from collections.abc import Mapping


class Alarms:
    """What is wrong now, by code.

    Parameters
    ----------
    site_id : str
        Whose alarms.
    listen : Listen
        Told of every change.
    """

    def __init__(self, site_id: str, listen: Listen) -> None:
        self._site_id = site_id
        self._listen = listen
        self._raised: dict[str, str] = {}

    @property
    def raised(self) -> Mapping[str, str]:
        """The alarms that stand, code to words."""
        return MappingProxyType(dict(self._raised))

    def put(self, at: datetime, code: str, detail: str) -> None:
        """Raise the alarm where ``detail`` says something, clear it where it is empty."""
        was = code in self._raised
        if detail:
            self._raised[code] = detail
        else:
            self._raised.pop(code, None)
        if was != bool(detail):
            self._listen(AlarmChanged(site_id=self._site_id, at=at, code=code, is_raised=bool(detail), detail=detail))
