"""The demo: recorded weeks mapped to now, a simulated battery, and the real controller in charge of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from voltherm.application.control_step import ControlOptions, SiteController
from voltherm.application.demo_snapshot import DemoSeries, DemoSnapshot
from voltherm.application.recorded_weeks import RecordedWeeks
from voltherm.application.simulated_site import Flows, Setpoints, SimulatedSite, Weather
from voltherm.domain.control import Decision, Measured, MeterReading
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.tariffs import Bill, Usage
from voltherm.domain.time import Interval, TimeGrid, utc_instant

START_SOC = 0.5
"""SOC of the simulated batteries when the replay begins."""


class DemoSite:
    """A simulated site in the hands of the real controller, going on in real time.

    The batteries rest and nothing is billed before ``start``. Call ``advance`` about once a minute; not thread-safe,
    so keep one caller, and hand snapshots to the others.

    Parameters
    ----------
    weeks : RecordedWeeks
        The recording, on the steps of the controller.
    start : datetime
        Where the replay begins; moved back to the begin of its step.
    label : str
        What the data is, for people.
    """

    def __init__(self, weeks: RecordedWeeks, start: datetime, label: str) -> None:
        self.site, self.label = weeks.site, label
        self._weeks = weeks
        self._options = ControlOptions(step=weeks.step)
        self._now = utc_instant(start, "start")
        self._start = self._begin_of_step(self._now)
        self._plant = SimulatedSite(self.site, {battery.id: START_SOC for battery in self.site.batteries})
        history = weeks.history(self._start, self._options.history)
        self._controller = SiteController(self.site, history, options=self._options)
        before = Interval(self._start - weeks.step, self._start)
        self._controller.observe(self._start, Measured(interval=before, soc=self._plant.soc))
        self._flows: list[Flows] = []
        self._weather: list[Weather] = []
        self._ceilings_kw: list[float] = []
        self._decision: Decision | None = None

    @property
    def replayed_until(self) -> datetime:
        """End of the last simulated step."""
        return self._start + len(self._flows) * self._weeks.step

    @property
    def is_caught_up(self) -> bool:
        """Whether all is simulated that is over, and the running step is decided."""
        return self._decision is not None and self._decision.now >= self._begin_of_step(self._now)

    def advance(self, now: datetime, *, most_steps: int | None = None) -> bool:
        """Simulate the steps that are over at ``now`` and decide the running one.

        Parameters
        ----------
        now : datetime
            The instant.
        most_steps : int or None
            How many steps to simulate at most in this call; None simulates all that are over.

        Returns
        -------
        bool
            Whether the demo has caught up with ``now``.
        """
        self._now = max(self._now, utc_instant(now, "now"))
        running = self._begin_of_step(self._now)
        done = 0
        while self.replayed_until < running and (most_steps is None or done < most_steps):
            self._simulate_step()
            done += 1
        if self.replayed_until >= running and not self.is_caught_up:
            self._decision = self._controller.decide(running)
        return self.is_caught_up

    def snapshot(self) -> DemoSnapshot:
        """Return the state after the last ``advance``."""
        measured = self._series()
        period = self.site.tariff.period_of(max(self._start, self.replayed_until - self._weeks.step))
        billed_from = max(self._start, period.start)
        return DemoSnapshot(
            site=self.site,
            label=self.label,
            provenance=Provenance(source=self.label, quality=Quality.DEMO),
            now=self._now,
            replayed_until=self.replayed_until,
            is_caught_up=self.is_caught_up,
            measured=measured,
            decision=self._decision if self.is_caught_up else None,
            soc=self._plant.soc,
            ledger=self._controller.ledger,
            billed_from=billed_from,
            bill=None if measured is None else self._bill(measured.grid, measured.grid_kw, billed_from),
            bill_without_battery=(
                None if measured is None else self._bill(measured.grid, measured.without_battery_kw, billed_from)
            ),
        )

    def _begin_of_step(self, moment: datetime) -> datetime:
        return moment - timedelta(seconds=moment.timestamp() % self._weeks.step.total_seconds())

    def _simulate_step(self) -> None:
        start, step = self.replayed_until, self._weeks.step
        decision = self._decision
        if decision is None or decision.now != start:
            decision = self._controller.decide(start)
        weather = self._weeks.weather(start)
        reading = MeterReading(net_kw=self._plant.net_kw(weather), soc=self._plant.soc)
        guarded = self._controller.guard(start, decision, reading)
        flows = self._plant.advance(Setpoints(battery_kw=guarded.power_kw), weather, step / timedelta(hours=1))
        powers = {**weather.load_kw, **weather.pv_kw, **flows.battery_kw}
        interval = Interval(start, start + step)
        measured = Measured(interval=interval, grid_kw=flows.grid_kw, power_kw=powers, soc=flows.soc)
        self._controller.observe(interval.end, measured)
        self._flows.append(flows)
        self._weather.append(weather)
        self._ceilings_kw.append(decision.ceiling_kw)

    def _series(self) -> DemoSeries | None:
        if not self._flows:
            return None
        capacity = sum(battery.capacity_kwh for battery in self.site.batteries)
        stored = [
            sum(flows.soc[battery.id] * battery.capacity_kwh for battery in self.site.batteries)
            for flows in self._flows
        ]
        resting = SimulatedSite(self.site, {battery.id: 0.0 for battery in self.site.batteries})
        without = [resting.advance(Setpoints(), weather, 1.0).grid_kw for weather in self._weather]
        return DemoSeries(
            grid=TimeGrid(self._start, self._weeks.step, len(self._flows)),
            load_kw=np.array([sum(weather.load_kw.values()) for weather in self._weather]),
            pv_kw=np.array([flows.pv_used_kw for flows in self._flows]),
            pv_curtailed_kw=np.array([flows.pv_curtailed_kw for flows in self._flows]),
            battery_kw=np.array([sum(flows.battery_kw.values()) for flows in self._flows]),
            grid_kw=np.array([flows.grid_kw for flows in self._flows]),
            without_battery_kw=np.array(without),
            soc=np.array(stored) / capacity if capacity else np.zeros(len(stored)),
            ceiling_kw=np.array(self._ceilings_kw),
        )

    def _bill(self, grid: TimeGrid, net_kw: NDArray[np.float64], billed_from: datetime) -> Bill:
        first = (billed_from - grid.start) // grid.step
        usage = Usage.of_net(grid, net_kw).part(first, grid.n_steps - first)
        return self.site.tariff.bill(usage)[-1]
