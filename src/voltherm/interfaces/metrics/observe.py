"""The present of the controlled sites as gauges, looked up when monitoring asks."""

from __future__ import annotations

from voltherm.application.site_control.site_loop import ControlledSite
from voltherm.bootstrap import Service
from voltherm.domain.external_forecast import ForecastKind
from voltherm.interfaces.metrics.ages import Aged
from voltherm.interfaces.metrics.metrics import ServiceMetrics

KINDS = {ForecastKind.LOAD: Aged.LOAD_FORECAST, ForecastKind.SOLAR: Aged.SOLAR_FORECAST}


def observe(metrics: ServiceMetrics, service: Service) -> None:
    """Set the gauges of every site, of the leases and of the other sides."""
    for name, http in service.outside.items():
        metrics.breaker(name, str(http.breaker_state).replace("half-opened", "half_open").replace("opened", "open"))
    metrics.database(is_up=not any("database" in each.state.alarms.raised for each in service.sites.values()))
    for controlled in service.sites.values():
        _observe_site(metrics, controlled, service)


def _observe_site(metrics: ServiceMetrics, controlled: ControlledSite, service: Service) -> None:
    state, now, now_s = controlled.state, service.clock.now(), service.clock.monotonic_s()
    name, meter, running = state.site.id, state.fresh_meter(now_s), state.running
    so_far = state.running_so_far(now, now_s)
    metrics.on_rung(name, state.standing.rung)
    metrics.age(name, Aged.METER, state.meter_age_s(now_s))
    metrics.age(name, Aged.PLAN, None if running is None else now_s - running.made_s)
    for report in state.forecasts:
        metrics.age(name, KINDS[report.kind], state.forecast_age_s(report, now_s))
    ages = []
    for part in controlled.batteries:
        judged = part.judge.judged(now, now_s)  # of now: what was judged last grows no older when the guard hangs
        lease, held = part.keeper.lease, part.dispatcher.held
        device = f"{name}/{part.battery.id}"
        metrics.lease(device, is_held=lease is not None, epoch=None if lease is None else lease.epoch)
        followed = held.command.power_kw if held is not None and part.dispatcher.is_followed(now) else None
        metrics.battery(name, part.battery.id, soc=judged.soc, commanded_kw=followed, measured_kw=judged.measured_kw)
        metrics.clock_offset(device, judged.clock_offset_s)
        ages.append(judged.age_s)
    known = [age for age in ages if age is not None]
    metrics.age(name, Aged.SOC, max(known) if known and len(known) == len(ages) else None)
    metrics.grid(
        name,
        grid_kw=None if meter is None else meter.grid_kw,
        interval_mean_kw=None if so_far is None else so_far.mean_kw,
        ceiling_kw=state.ceiling_kw,
    )
    ledger, targets = state.memory.ledger, state.memory.targets
    reached = {rule.id: ledger.reached_kw(rule) for rule in state.site.tariff.demand_rules}
    metrics.peaks(name, reached, {} if targets is None else targets.kw)
    bill = state.site.tariff.bill_so_far(ledger)
    if bill is not None:
        metrics.cost(name, bill.total, state.site.tariff.currency)
