"""The metrics of the service: one object per service, which is told plain values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client import Gauge as _Gauge
from prometheus_client import Histogram as _Histogram

from voltherm.domain.control import Rung
from voltherm.domain.device import CommandStage
from voltherm.interfaces.metrics.ages import Aged, Ages
from voltherm.interfaces.metrics.bounded import BoundedLabel

W_PER_KW: Final = 1000.0
UNKNOWN: Final = float("nan")
MOST_SITES: Final = 500
SOLVE_BUCKETS_S: Final = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0)
CYCLE_BUCKETS_S: Final = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
REQUEST_BUCKETS_S: Final = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 60.0)
BREAKER_STATES: Final = ("closed", "half_open", "open")
SENT: Final = "sent"


class ServiceMetrics:
    """Everything that is measured, in a registry of its own.

    Base units of Prometheus: seconds, watts, ratios. Powers are positive into the thing, as everywhere.

    Parameters
    ----------
    monotonic_s : callable
        Seconds that only ever grow, as a ``Clock`` has them; ages are counted in them. [s]
    version, instance : str
        Of the program, and of this process among others.
    n_dropped_log_lines : callable, optional
        Log lines that could not be written since the start.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        version: str = "",
        instance: str = "",
        n_dropped_log_lines: Callable[[], int] | None = None,
    ) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._site, self._device = BoundedLabel(MOST_SITES), BoundedLabel(MOST_SITES)
        self._labels: dict[str, BoundedLabel] = {}
        self._raised: dict[str, set[str]] = {}
        self._epochs: dict[str, int] = {}
        self._ages = Ages(monotonic_s, "voltherm_input_age_seconds", "Age of what a site works with.")
        self.registry.register(self._ages)
        self._make_planning()
        self._make_control()
        self._make_power()
        self._make_surroundings()
        self._gauge("voltherm_build_info", "Program and instance.", "version", "instance").labels(
            version, instance
        ).set(1)
        dropped = self._gauge("voltherm_log_lines_dropped", "Log lines that could not be written since the start.")
        dropped.set_function(n_dropped_log_lines or (lambda: 0))

    def _make_planning(self) -> None:
        self._solve = self._histogram(
            "voltherm_plan_solve_seconds", "Build, solve and validation of a plan.", SOLVE_BUCKETS_S, "site"
        )
        self._cycle = self._histogram(
            "voltherm_cycle_duration_seconds", "Whole planning cycle.", CYCLE_BUCKETS_S, "site"
        )
        self._lateness = self._gauge(
            "voltherm_cycle_lateness_seconds", "How late after its time the last cycle began.", "site"
        )
        self._cycles = self._counter("voltherm_cycles", "Planning cycles by outcome.", "site", "outcome")
        self._missed = self._counter("voltherm_cycles_missed", "Intervals that passed without a cycle.", "site")
        self._rung = self._gauge("voltherm_rung", "1 on the rung on which the site is controlled.", "site", "rung")

    def _make_control(self) -> None:
        self._ticks = self._counter("voltherm_guard_ticks", "Looks of the guard.", "site")
        self._clamps = self._counter(
            "voltherm_guard_clamps", "Looks that moved a power away from the plan, by reason.", "site", "reason"
        )
        self._commands = self._counter("voltherm_commands", "Commands by what became of them.", "site", "stage")
        self._lease = self._gauge("voltherm_lease_held", "1 while this instance may command the device.", "device")
        self._epoch = self._gauge("voltherm_lease_epoch", "Fencing token of the last lease held here.", "device")
        self._lease_changes = self._counter(
            "voltherm_lease_changes", "Times that this instance got a lease of the device.", "device"
        )
        self._alarm = self._gauge("voltherm_alarm_active", "1 while the alarm stands.", "site", "code")
        self._alarms = self._counter("voltherm_alarms", "Alarms raised.", "site", "code")

    def _make_power(self) -> None:
        self._soc = self._gauge("voltherm_battery_soc_ratio", "Measured state of charge.", "site", "battery")
        self._commanded = self._gauge(
            "voltherm_battery_commanded_watts", "Commanded power, charging positive.", "site", "battery"
        )
        self._measured = self._gauge(
            "voltherm_battery_measured_watts", "Measured power, charging positive.", "site", "battery"
        )
        self._grid = self._gauge("voltherm_grid_watts", "Power at the meter, import positive.", "site")
        self._mean = self._gauge(
            "voltherm_grid_interval_mean_watts", "Mean import of the running metering interval up to now.", "site"
        )
        self._ceiling = self._gauge(
            "voltherm_grid_interval_ceiling_watts", "Mean import that the running metering interval must keep.", "site"
        )
        self._reached = self._gauge(
            "voltherm_peak_reached_watts", "Highest billed mean of the billing period.", "site", "window"
        )
        self._target = self._gauge("voltherm_peak_target_watts", "Peak that plans concede.", "site", "window")
        self._cost = self._gauge(
            "voltherm_billing_period_cost", "Cost so far this billing period, in the currency.", "site", "currency"
        )

    def _make_surroundings(self) -> None:
        self._database = self._gauge("voltherm_database_up", "1 while the database answers.")
        self._breaker = self._gauge(
            "voltherm_breaker_state", "1 at the state of the circuit breaker.", "dependency", "state"
        )
        self._offset = self._gauge("voltherm_clock_offset_seconds", "Its clock minus ours.", "dependency")
        self._requests = self._histogram(
            "voltherm_http_request_seconds",
            "Answers by route and status.",
            REQUEST_BUCKETS_S,
            "method",
            "route",
            "status",
        )

    # Planning

    def cycle_done(
        self, site: str, *, outcome: str, duration_s: float, lateness_s: float, solve_s: float | None = None
    ) -> None:
        """Count a cycle. [s]."""
        name = self._site(site)
        self._cycles.labels(name, self._bounded("outcome", outcome)).inc()
        self._cycle.labels(name).observe(duration_s)
        self._lateness.labels(name).set(lateness_s)
        self._missed.labels(name)
        if solve_s is not None:
            self._solve.labels(name).observe(solve_s)

    def cycles_missed(self, site: str, n: int = 1) -> None:
        """Count intervals that passed without a cycle."""
        self._missed.labels(self._site(site)).inc(n)

    def on_rung(self, site: str, rung: Rung) -> None:
        """Say on which rung the site stands."""
        for each in Rung:
            self._rung.labels(self._site(site), each).set(each is rung)

    def age(self, site: str, what: Aged, age_s: float | None) -> None:
        """Say how old something is now; it grows older by itself until told again. None when there is none. [s]."""
        self._ages.put(self._site(site), what, age_s)

    # Control

    def guard_ticked(self, site: str, clamps: Iterable[str] = ()) -> None:
        """Count a look of the guard, and the reason codes of what it moved."""
        name = self._site(site)
        self._ticks.labels(name).inc()
        for reason in clamps:
            self._clamps.labels(name, self._bounded("reason", reason)).inc()

    def command(self, site: str, stage: CommandStage | None) -> None:
        """Count a command that was sent (None), or what became of it."""
        self._commands.labels(self._site(site), SENT if stage is None else stage).inc()

    def lease(self, device: str, *, is_held: bool, epoch: int | None = None) -> None:
        """Say whether this instance may command the device, and under which epoch."""
        name = self._device(device)
        self._lease.labels(name).set(is_held)
        changes = self._lease_changes.labels(name)
        if epoch is not None:
            self._epoch.labels(name).set(epoch)
            if is_held and self._epochs.get(name) != epoch:
                self._epochs[name] = epoch
                changes.inc()

    def alarm(self, site: str, code: str, *, is_raised: bool) -> None:
        """Say that an alarm stands, or no longer does."""
        name, label = self._site(site), self._bounded("code", code)
        raised = self._raised.setdefault(name, set())
        if is_raised and code not in raised:
            self._alarms.labels(name, label).inc()
            raised.add(code)
        elif not is_raised:
            raised.discard(code)
        self._alarm.labels(name, label).set(any(self._bounded("code", each) == label for each in raised))

    # Powers and costs

    def battery(
        self,
        site: str,
        battery: str,
        *,
        soc: float | None = None,
        commanded_kw: float | None = None,
        measured_kw: float | None = None,
    ) -> None:
        """Say how a battery is; None where it is not known, or nothing is commanded. [kW, charging positive]."""
        labels = self._site(site), self._device(battery)
        self._soc.labels(*labels).set(UNKNOWN if soc is None else soc)
        self._commanded.labels(*labels).set(_watts(commanded_kw))
        self._measured.labels(*labels).set(_watts(measured_kw))

    def grid(
        self,
        site: str,
        *,
        grid_kw: float | None = None,
        interval_mean_kw: float | None = None,
        ceiling_kw: float | None = None,
    ) -> None:
        """Say what the meter shows, and the mean that the running interval must keep. [kW, import positive]."""
        name = self._site(site)
        self._grid.labels(name).set(_watts(grid_kw))
        self._mean.labels(name).set(_watts(interval_mean_kw))
        self._ceiling.labels(name).set(_watts(ceiling_kw))

    def peaks(self, site: str, reached_kw: Mapping[str, float], targets_kw: Mapping[str, float]) -> None:
        """Say what each demand window has reached this billing period, and what plans concede. [kW]."""
        name = self._site(site)
        for gauge, peaks_kw in ((self._reached, reached_kw), (self._target, targets_kw)):
            for window, peak_kw in peaks_kw.items():
                gauge.labels(name, self._bounded("window", window)).set(_watts(peak_kw))

    def cost(self, site: str, amount: float, currency: str) -> None:
        """Say what the billing period costs so far, in the currency."""
        self._cost.labels(self._site(site), self._bounded("currency", currency)).set(amount)

    # Surroundings

    def database(self, *, is_up: bool) -> None:
        """Say whether the database answers."""
        self._database.set(is_up)

    def breaker(self, dependency: str, state: str) -> None:
        """Say whether a dependency is asked: ``closed``, ``half_open`` or ``open``."""
        name = self._device(dependency)
        for each in BREAKER_STATES:
            self._breaker.labels(name, each).set(each == state)

    def clock_offset(self, dependency: str, offset_s: float | None) -> None:
        """Say how much the clock of a dependency is before ours. [s]."""
        self._offset.labels(self._device(dependency)).set(UNKNOWN if offset_s is None else offset_s)

    def request(self, method: str, route: str, status: int, duration_s: float) -> None:
        """Count an answer; ``route`` is the pattern of the path, never the path itself. [s]."""
        labels = self._bounded("method", method), self._bounded("route", route), self._bounded("status", f"{status}")
        self._requests.labels(*labels).observe(duration_s)

    def _bounded(self, label: str, value: str) -> str:
        return self._labels.setdefault(label, BoundedLabel())(value)

    def _gauge(self, name: str, text: str, *labels: str) -> _Gauge:
        return _Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> _Histogram:
        return _Histogram(name, text, labels, buckets=buckets, registry=self.registry)


def _watts(power_kw: float | None) -> float:
    return UNKNOWN if power_kw is None else W_PER_KW * power_kw
