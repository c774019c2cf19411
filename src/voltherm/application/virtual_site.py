"""A simulated site that lives in its own time: batteries that follow commands, load and sun, and the meter.

It moves when it is asked, and only forwards. What it commits ends at instants that are not the asker's choice (whole
minutes, metering intervals, changes of the load, ends of commands): who reads, and how often, changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from voltherm.application.simulated_site import Flows, Setpoints, SimulatedSite, Weather
from voltherm.application.virtual_battery import BatteryConditions, VirtualBattery
from voltherm.application.virtual_commands import ReceivedCommand
from voltherm.application.virtual_log import LogEntry, LogEvent, Verdict, VirtualLog
from voltherm.application.virtual_meter import (
    KEPT_DAYS,
    MeteredInterval,
    Piece,
    RunningInterval,
    VirtualMeter,
    interval_start,
)
from voltherm.application.virtual_profile import EPOCH, VirtualProfile
from voltherm.application.virtual_snapshot import BatterySnapshot, SiteSnapshot
from voltherm.application.virtual_totals import Totals
from voltherm.domain.assets import Battery
from voltherm.domain.device import Acknowledgement
from voltherm.domain.errors import InvalidInputError
from voltherm.domain.site import Site
from voltherm.domain.time import Interval, utc_instant

LONGEST_PIECE: Final = timedelta(seconds=60)
"""The taper's limit is taken at the begin of a piece."""
LONGEST_GAP: Final = timedelta(days=KEPT_DAYS)
"""A clock that goes ahead by more leaves a gap."""
MOMENT_H: Final = 1 / 3600
"""The power of now is that of the coming second. [h]"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteView:
    """What can be seen of the site at an instant.

    Parameters
    ----------
    at : datetime
        The instant.
    soc : mapping of battery id to float
        State of charge, 0 to 1.
    flows : Flows
        Powers of now. [kW]
    power_kw : mapping of asset id to float
        Loads, available sun and batteries of now. [kW]
    running : RunningInterval
        The metering interval in progress, up to now.
    totals : Totals
        Energies since the begin, up to now. [kWh]
    """

    at: datetime
    soc: Mapping[str, float]
    flows: Flows
    power_kw: Mapping[str, float]
    running: RunningInterval
    totals: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Load and sun over a span, and what the meter would see of them without batteries. [kW]."""

    span: Interval
    weather: Weather
    without_kw: float


class VirtualSite:
    """A site in simulation.

    Parameters
    ----------
    site : Site
        Assets, connection and tariff.
    profile : VirtualProfile
        Load and sun.
    start : datetime
        Begin; the metering interval that contains it is simulated from its own begin, so that it is whole.
    soc : float
        Of every battery at the begin, 0 to 1.
    """

    def __init__(self, site: Site, profile: VirtualProfile, start: datetime, soc: float) -> None:
        if not 0 <= soc <= 1:
            raise InvalidInputError(f"soc: {soc} must be between 0 and 1 (a fraction, not percent)")
        self.site = site
        self.profile = profile
        self.log = VirtualLog()
        self.meter = VirtualMeter.begin(site, utc_instant(start, "start"))
        self.began = interval_start(utc_instant(start, "start"), self.meter.step)
        self.meter.running = RunningInterval(start=self.began)
        self.devices = {battery.id: VirtualBattery(battery, self.log) for battery in site.batteries}
        self.totals = Totals()
        self.now = self._done = self.began
        self._soc = {battery.id: soc for battery in site.batteries}
        self._first_soc = dict(self._soc)
        self._flowed_kw = {battery.id: 0.0 for battery in site.batteries}
        others = tuple(asset for asset in site.assets if not isinstance(asset, Battery))
        self._without_batteries = SimulatedSite(replace(site, assets=others), {})
        self._outside_now: Outside | None = None

    def advance(self, moment: datetime) -> None:
        """Move on to ``moment``; an instant that has passed already changes nothing."""
        self.now = max(self.now, utc_instant(moment, "now"))
        if self.now - self._done > LONGEST_GAP:
            self._skip()
        while (end := self._next_end()) <= self.now:
            self._commit(self._piece(end))

    def look(self) -> SiteView:
        """Return what can be seen now."""
        running, totals, soc = self.meter.running, self.totals, dict(self._soc)
        asked = {name: device.asked_kw(0.0)[0] for name, device in self.devices.items()}
        if self.now > self._done:
            piece = self._piece(self.now)
            running, totals = running.plus(piece, self.site), totals.plus(piece, self.site)
            soc = dict(piece.flows.soc)
            asked = {name: end for name, (_, end) in piece.asked_kw.items()}
        weather = self._outside(self.now).weather
        flows = SimulatedSite(self.site, soc).advance(Setpoints(battery_kw=asked), weather, MOMENT_H)
        powers = {**weather.load_kw, **weather.pv_kw, **flows.battery_kw}
        return SiteView(at=self.now, soc=soc, flows=flows, power_kw=powers, running=running, totals=totals)

    def receive(self, device_id: str, command: ReceivedCommand) -> tuple[Acknowledgement, Verdict]:
        """Return a battery's answer to a command that came now."""
        self._settle()
        return self.devices[device_id].receive(command, self.now, self._flowed_kw[device_id])

    def change(self, device_id: str, conditions: BatteryConditions) -> None:
        """Change what holds a battery back from now on."""
        self._settle()
        self.devices[device_id].change(conditions, self.now, self._flowed_kw[device_id])

    def stored_more_kwh(self, view: SiteView) -> float:
        """Return the energy stored above that at the begin. [kWh]."""
        return sum(b.capacity_kwh * (view.soc[b.id] - self._first_soc[b.id]) for b in self.site.batteries)

    def snapshot(self) -> SiteSnapshot:
        """Return all that a later run needs to go on from here, but for intervals and log."""
        return SiteSnapshot(
            site_id=self.site.id,
            asset_ids=tuple(asset.id for asset in self.site.assets),
            step=self.meter.step,
            began=self.began,
            done=self._done,
            seen=self.now,
            running=self.meter.running,
            totals=self.totals,
            batteries={
                name: BatterySnapshot(
                    soc=self._soc[name],
                    first_soc=self._first_soc[name],
                    ramped_kw=device.ramped_kw,
                    highest_epoch=device.gate.highest_epoch,
                    last_sequence=device.gate.last_sequence,
                    command=device.command,
                )
                for name, device in self.devices.items()
            },
        )

    def resume(self, snapshot: SiteSnapshot, intervals: Iterable[MeteredInterval], entries: Iterable[LogEntry]) -> None:
        """Go on from where an earlier run was last seen; commands end there, and the batteries rest.

        Raises
        ------
        InvalidInputError
            When the snapshot is of another site.
        """
        snapshot.require_site(self.site, self.meter.step)
        self.log = VirtualLog(entries)
        self.meter.running = snapshot.running
        self.meter.intervals.clear()
        self.meter.intervals.extend(intervals)
        self.began, self.now, self._done = snapshot.began, snapshot.done, snapshot.done
        self.totals = snapshot.totals
        for name, kept in snapshot.batteries.items():
            self.devices[name] = kept.device(self.devices[name].battery, self.log)
            self._soc[name], self._first_soc[name] = kept.soc, kept.first_soc
        self.advance(snapshot.seen)
        self._settle()
        for device in self.devices.values():
            device.restart(self.now)

    def _skip(self) -> None:
        """Leave out a gap whose intervals would all be forgotten but the last; its energies are not counted."""
        while any(device.command is not None or device.is_busy for device in self.devices.values()):
            self._commit(self._piece(self._next_end()))  # a day at most, and its ramp: commands end by then
        was, self._done = self._done, interval_start(self.now, self.meter.step)
        self.meter.intervals.clear()
        self.meter.running = RunningInterval(start=self._done)
        detail = f"the clock went ahead: nothing was simulated since {was.isoformat()}"
        self.log.write(LogEntry(at=self._done, event=LogEvent.SKIPPED, detail=detail))

    def _settle(self) -> None:
        """Commit what runs up to now, because something changes."""
        if self.now > self._done:
            self._commit(self._piece(self.now))

    def _next_end(self) -> datetime:
        ends = [self.meter.running_end, self._outside(self._done).span.end]
        ends += [change for device in self.devices.values() if (change := device.next_change(self._done))]
        if any(device.is_busy for device in self.devices.values()):
            ends.append(self._done + LONGEST_PIECE - (self._done - EPOCH) % LONGEST_PIECE)
        return min(ends)

    def _piece(self, end: datetime) -> Piece:
        span = Interval(self._done, end)
        outside = self._outside(span.start)
        asked = {name: device.asked_kw(span.hours * 3600) for name, device in self.devices.items()}
        setpoints = Setpoints(battery_kw={name: mean for name, (mean, _) in asked.items()})
        return Piece(
            span=span,
            weather=outside.weather,
            flows=SimulatedSite(self.site, self._soc).advance(setpoints, outside.weather, span.hours),
            soc_before=dict(self._soc),
            asked_kw=asked,
            without_kw=outside.without_kw,
        )

    def _outside(self, moment: datetime) -> Outside:
        """Load and sun at ``moment``; worked out once for as long as they stay."""
        if self._outside_now is None or not self._outside_now.span.contains(moment):
            weather = self.profile.weather(moment)
            self._outside_now = Outside(
                span=Interval(moment, self.profile.next_change(moment)),
                weather=weather,
                without_kw=self._without_batteries.advance(Setpoints(), weather, 1.0).grid_kw,
            )
        return self._outside_now

    def _commit(self, piece: Piece) -> None:
        self.meter.count(piece)
        self.totals = self.totals.plus(piece, self.site)
        self._done = piece.span.end
        self._soc = dict(piece.flows.soc)
        self._flowed_kw = dict(piece.flows.battery_kw)
        for name, device in self.devices.items():
            device.moved(*piece.asked_kw[name], self._flowed_kw[name])
            device.expire(self._done, self._flowed_kw[name])
