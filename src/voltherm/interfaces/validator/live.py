"""The simulated site under the clock: moved on with every request, kept in its file, and told with its provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus

import structlog

from voltherm.application.virtual_battery import BatteryConditions, VirtualBattery
from voltherm.application.virtual_commands import ReceivedCommand
from voltherm.application.virtual_log import LogEntry, LogEvent, Verdict
from voltherm.application.virtual_meter import MeteredInterval
from voltherm.application.virtual_profile import JOINED, REPLAYED
from voltherm.application.virtual_site import SiteView, VirtualSite
from voltherm.domain.device import Acknowledgement
from voltherm.interfaces.api.problems import Refusal
from voltherm.interfaces.validator.documents import Told
from voltherm.interfaces.validator.faults import Faults
from voltherm.interfaces.validator.state_file import StateFile, StateFileError

_log = structlog.get_logger(__name__)


class LiveSite:
    """A simulated site that is as old as the clock says.

    Parameters
    ----------
    virtual : VirtualSite
        The simulation.
    now : callable
        The clock.
    state : StateFile or None
        Where it is kept; None for memory alone.
    """

    def __init__(self, virtual: VirtualSite, now: Callable[[], datetime], state: StateFile | None = None) -> None:
        self.virtual = virtual
        self.site = virtual.site
        self.faults = Faults()
        self._now = now
        self._state = state
        self._clock: str | None = None
        self._is_kept = True

    def advance(self) -> None:
        """Move on to the present."""
        moment = self._now()
        self.virtual.advance(moment)
        behind_s = (self.virtual.now - moment).total_seconds()
        self._clock = None
        if behind_s > 0:
            self._clock = (
                f"the clock went back by {behind_s:g} s: the simulation stands at {self.virtual.now.isoformat()} "
                "until the clock has come there again"
            )

    def look(self) -> SiteView:
        """Return what can be seen now; that it was seen is kept, so that a restart goes on from what was told."""
        self.advance()
        try:
            self._keep()
        except StateFileError:
            self._note_not_kept()
        return self.virtual.look()

    def receive(self, device_id: str, command: ReceivedCommand) -> tuple[Acknowledgement, Verdict]:
        """Return the battery's answer to a command; what it has seen is kept before it is told.

        Raises
        ------
        Refusal
            When it cannot be kept (503).
        """
        self.advance()
        answered = self.virtual.receive(device_id, command)
        try:
            self._keep()
        except StateFileError:
            self._note_not_kept()
            detail = "The battery cannot keep what it has seen; its operator finds the reason in the log."
            raise Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "not-kept", detail) from None
        return answered

    def note_malformed(self, detail: str) -> None:
        """Write down that something came that was no command."""
        self.advance()
        entry = LogEntry(at=self.virtual.now, event=LogEvent.RECEIVED, verdict=Verdict.MALFORMED, detail=detail)
        self.virtual.log.write(entry)

    def change(self, device_id: str, conditions: BatteryConditions) -> None:
        """Change what holds a battery back."""
        self.advance()
        self.virtual.change(device_id, conditions)

    def device(self, device_id: str | None) -> VirtualBattery:
        """Return the battery of that id; without one, the only one there is.

        Raises
        ------
        Refusal
            When there is no such battery (404), or several to choose from (422).
        """
        devices = self.virtual.devices
        if device_id is None and len(devices) == 1:
            return next(iter(devices.values()))
        names = ", ".join(devices) or "none"
        if device_id is None and devices:
            detail = f"The site has several batteries; name one with device_id: {names}."
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "which-battery", detail)
        if device_id is None or device_id not in devices:
            detail = f"The site has no such battery; there are: {names}."
            raise Refusal(HTTPStatus.NOT_FOUND, "no-such-battery", detail)
        return devices[device_id]

    def told(self, metered: Iterable[MeteredInterval] = ()) -> Told:
        """Return what an answer of now says of itself; with ``metered``, of those intervals too."""
        profile = self.virtual.profile
        moments = [self.virtual.now, *(one.start for one in metered)]
        seen = JOINED if all(profile.data_at(moment) == JOINED for moment in moments) else REPLAYED
        return Told(data=seen, label=profile.label or None, clock=self._clock)

    def close(self) -> None:
        """Keep it once more, and close its file."""
        if self._state is not None:
            try:
                self._keep()
            except StateFileError:
                self._note_not_kept()
            self._state.close()

    def _keep(self) -> None:
        if self._state is not None:
            self._state.save(self.virtual)
            self._is_kept = True

    def _note_not_kept(self) -> None:
        if self._is_kept:
            _log.exception("state_not_kept")
        self._is_kept = False
