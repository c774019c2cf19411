"""A week of simulated time: reporter, battery and service as processes, on recorded data; then everything is checked.

The programs are those of the command line, the week is the real one of a recorded building, and what is looked at
afterwards is what an auditor would: the meter, the bill, the battery's own log, and the service's database.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from tests.faults import invariants
from tests.faults.simulated.world import DEMO_DATA, DEMO_SITE, World, get, metered, programs
from voltherm.adapters.documents.site import load_site
from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.application.plan_site import plan_site
from voltherm.domain.control import Measured
from voltherm.domain.device import CommandKind, DeviceCommand
from voltherm.domain.ledger import Ledger
from voltherm.domain.plan import Plan
from voltherm.domain.site import Site
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import TimeGrid
from voltherm.ports.store import PlanRecord

BEGIN = datetime(2018, 7, 9, 6, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GUARD_S = 30
LOOK = timedelta(seconds=GUARD_S)
FORECAST = ("building", "roof")
CENT = 0.01
FRESH = timedelta(minutes=16)
"""A plan counts as fresh for so long: one interval, and a minute to make the next."""
GUARD_SLACK_KW = 1.0
"""By so much the guard may let the meter's mean pass the contract: it acts on the power of a moment ago."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What a finished run left behind."""

    world: World
    validator: str
    status: Mapping[str, Any]
    site: Site
    readings: tuple[Measured, ...]
    ledger: Ledger
    plans: tuple[PlanRecord, ...]
    audit: invariants.Audit
    entries: list[invariants.Entry]

    @property
    def setpoints(self) -> list[DeviceCommand]:
        """Every command of the audit but releases, oldest first."""
        return [command for command, _ in self.audit.commands if command.kind is CommandKind.SETPOINT]

    @property
    def costs(self) -> Any:
        """The validator's bill of the period, up to the end."""
        return get(f"{self.validator}/api/costs")


@pytest.fixture(
    scope="module",
    params=[pytest.param(1, id="a day on SQLite"), pytest.param(7, id="a week on PostgreSQL")],
)
def week(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Week]:
    """Return what reporter, battery and service left behind; made once for all tests."""
    url = "" if request.param == 1 else request.getfixturevalue("module_postgres_url")
    folder = tmp_path_factory.mktemp("week")
    with programs(folder) as start:
        until = BEGIN + timedelta(days=request.param)
        world = World(folder=folder, start_voltherm=start, begin=BEGIN, until=until, database_url=url)
        validator = world.validator("--site", str(DEMO_SITE), "--days", "35", "--data", str(DEMO_DATA))
        reporter = world.reporter(validator, "--site", str(DEMO_SITE))
        site = {"site": str(DEMO_SITE), "bms_base_url": validator, "reporter_base_url": reporter}
        world.serve([site], guard_s=GUARD_S)
        world.wait_until_over()
        status = world.status()
        world.stop_service()
        yield left_behind(world, validator, status)


def test_the_bill_of_the_stored_readings_is_the_one_of_the_meter_to_the_cent(week: Week) -> None:
    grid = TimeGrid(week.readings[0].interval.start, QUARTER, len(week.readings))
    assert [each.interval.start for each in week.readings] == grid.times(), "a metered interval is missing"
    assert all(each.grid_kw is not None for each in week.readings)

    (bill,) = week.site.tariff.bill(Usage.of_net(grid, np.array([each.grid_kw for each in week.readings])))

    (period,) = week.costs["periods"]
    assert abs(bill.total - period["with_battery"]["total"]) < CENT
    lines = {line["component"]: line["with_battery"] for line in period["lines"]}
    assert lines == {line.component_id: pytest.approx(line.amount, abs=CENT) for line in bill.lines}


def test_the_ledger_holds_the_peaks_that_are_billed(week: Week) -> None:
    (period,) = week.costs["periods"]
    billed = {line["component"]: line["quantity_with_battery"] for line in period["lines"] if line["unit"] == "kW"}

    reached = {rule.id: week.ledger.reached_kw(rule) for rule in week.site.tariff.demand_rules}

    assert week.ledger.as_of == week.world.until
    assert reached == {name: pytest.approx(kw, abs=1e-6) for name, kw in billed.items()}


def test_battery_meter_and_audit_agree_and_no_limit_was_passed(week: Week) -> None:
    seen = metered(week.validator, week.world.begin)
    (battery,) = week.site.batteries
    limit_kw = week.site.connection.import_limit_kw
    assert limit_kw is not None

    invariants.assert_all(week.entries, week.audit, battery=battery, seen=seen, import_kw=limit_kw + GUARD_SLACK_KW)
    invariants.assert_fate_is_known(week.audit, before=week.world.until)
    assert all(0 <= each.soc <= 1 for each in seen)


def test_what_was_executed_is_what_was_acknowledged(week: Week) -> None:
    executed = {entry.command_id for entry in week.entries if entry.event == "started"}
    acknowledged = {
        command.id
        for command, events in week.audit.commands
        if command.kind is CommandKind.SETPOINT and any(event.stage.value == "acknowledged" for event in events)
    }

    assert executed == acknowledged


@pytest.mark.pitfall("M24")
def test_every_quarter_hour_had_exactly_one_regular_cycle(week: Week) -> None:
    made = Counter(record.plan.made_at for record in week.plans)
    n_quarters = (week.world.until - BEGIN) // QUARTER

    assert {BEGIN + index * QUARTER: made[BEGIN + index * QUARTER] for index in range(1, n_quarters + 1)} == {
        BEGIN + index * QUARTER: 1 for index in range(1, n_quarters + 1)
    }
    assert not [told for told in week.world.logged() if told.get("event") == "cycles_missed"]


def test_every_stored_plan_is_made_again_from_the_database_bit_for_bit(week: Week) -> None:
    with ThreadPoolExecutor(2) as pool:
        different = list(pool.map(difference, ((week.site, each) for each in week.plans)))

    assert len(different) >= (week.world.until - BEGIN) // QUARTER
    assert not [name for name in different if name]


def test_the_battery_followed_fresh_plans_at_every_look_after_the_first_minutes(week: Week) -> None:
    made = {record.id: record.plan.made_at for record in week.plans}
    looks = [BEGIN + index * timedelta(seconds=GUARD_S) for index in range(int((week.world.until - BEGIN) / LOOK))]
    fresh = {
        command.issued_at
        for command in week.setpoints
        if command.plan_id is not None and command.issued_at - made[command.plan_id] <= FRESH
    }

    without = [look for look in looks if look not in fresh]

    assert all(look < BEGIN + timedelta(minutes=5) for look in without), without
    assert week.status["alarms"] == {}


def test_the_forecasts_were_the_reporters_and_never_looked_ahead(week: Week) -> None:
    later = week.plans[8:]
    origins = [origin for record in later for name, origin in record.plan.provenance.items() if name in FORECAST]

    assert {origin.source for origin in origins} == {"voltherm reporter"}
    for record in later:
        issued = [record.plan.provenance[name].issued_at for name in FORECAST]
        assert all(at is not None and at <= record.plan.made_at for at in issued)


@pytest.mark.pitfall("M16")
def test_the_status_tells_the_measured_charge_and_the_predicted_one_apart(week: Week) -> None:
    measured = metered(week.validator, week.world.begin)[-1].soc

    assert week.status["current_soc"] == pytest.approx(measured, abs=1e-9)
    assert week.status["soc_measured_at"] == week.status["timestamp"]
    assert week.status["predicted_soc"] != week.status["current_soc"]


def test_the_battery_was_worth_something_and_nothing_absurd(week: Week, record_property: Any) -> None:
    costs = week.costs
    saved, without = costs["saved"], costs["without_battery"]["total"]
    record_property("saved", f"{saved:.2f} of {without:.2f} {costs['currency']}")
    print(f"saved {saved:.2f} of {without:.2f} {costs['currency']}")  # noqa: T201 - a figure for the reader

    assert -0.01 * without < saved < 0.5 * without


def left_behind(world: World, validator: str, status: Mapping[str, Any]) -> Week:
    """Return everything that is looked at, read once."""
    site = load_site(DEMO_SITE)

    async def stored() -> tuple[tuple[Measured, ...], Ledger | None, tuple[PlanRecord | None, ...]]:
        database = Database.at(world.database_url, column_of=column_of, timeout_s=30)
        try:
            readings = await database.readings.readings(site.id, site.tariff.period_of(BEGIN).start, world.until)
            ledger = await database.ledgers.last_ledger(site.id, (site.tariff.id, site.tariff.version))
            names = await database.plans.plan_ids(site.id, BEGIN, world.until + QUARTER)
            return readings, ledger, tuple([await database.plans.plan(name) for name in names])
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        readings, ledger, plans = thread.submit(lambda: asyncio.run(stored())).result()
    assert ledger is not None
    return Week(
        world=world,
        validator=validator,
        status=status,
        site=site,
        readings=readings,
        ledger=ledger,
        plans=tuple(record for record in plans if record is not None),
        entries=invariants.truth_log(validator),
        audit=invariants.audit_of(world.database_url, site.id),
    )


def difference(told: tuple[Site, PlanRecord]) -> str:
    """Return what is different in a plan that is made again from its inputs; empty where nothing is."""
    site, record = told
    again, kept = _numbers(plan_site(site, record.inputs)), _numbers(record.plan)
    names = {name for name in {*again, *kept} if again.get(name) != kept.get(name)}
    return f"{record.id}: {sorted(names)}" if names else ""


def _numbers(plan: Plan) -> dict[str, object]:
    """Everything of a plan, bit for bit, but the time that it took."""
    return {
        **{f"{name}.power_kw": asset.power_kw.tobytes() for name, asset in plan.assets.items()},
        **{f"{name}.soc": asset.soc.tobytes() for name, asset in plan.assets.items() if asset.soc is not None},
        "grid_power_kw": plan.grid_power_kw.tobytes(),
        "marginal_price_per_kwh": plan.marginal_price_per_kwh.tobytes(),
        "reason_targets_kw": plan.reason_targets_kw.tobytes(),
        **{name: getattr(plan, name) for name in _REST},
    }


_REST = (
    "made_at",
    "grid",
    "outcome",
    "peaks_kw",
    "objective",
    "bill_lines",
    "certified_gap",
    "reasons",
    "limits",
    "violations",
    "approximations",
    "findings",
    "provenance",
)
