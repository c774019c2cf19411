"""The whole service across the changes of the clock in 2026, in Helsinki and beside it in Costa Rica: row 17.

The tariff of Helsinki has a window from three to four at night, which the spring day lacks and the autumn day has
twice; the expected energies are counted here by the zone's own wall clock, without the tariff's code.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.faults import invariants
from tests.faults.simulated.descending import LOAD_KW, site_document, write_recording
from tests.faults.simulated.world import World, get, programs
from voltherm.adapters.documents.site import site_from_document
from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.domain.control import Measured
from voltherm.domain.ledger import Ledger
from voltherm.domain.site import Site
from voltherm.domain.tariffs.usage import Usage
from voltherm.domain.time import TimeGrid

QUARTER = timedelta(minutes=15)
HELSINKI, COSTA_RICA = ZoneInfo("Europe/Helsinki"), ZoneInfo("America/Costa_Rica")
CENT = 0.01
WINDOWS = {"night": ("22:00", "03:00"), "small_hour": ("03:00", "04:00"), "day": ("04:00", "22:00")}
PRICES = {"night": 0.05, "small_hour": 0.60, "day": 0.20}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A run across a change of the clock: from and until when, and how many quarter-hours the local days have."""

    begin: datetime
    until: datetime
    days: dict[str, tuple[date, int]]


CHANGES = {
    "spring": Change(
        begin=datetime(2026, 3, 28, 21, tzinfo=UTC),
        until=datetime(2026, 3, 29, 22, tzinfo=UTC),
        days={"helsinki": (date(2026, 3, 29), 92)},
    ),
    "autumn": Change(
        begin=datetime(2026, 10, 24, 20, tzinfo=UTC),
        until=datetime(2026, 10, 25, 23, tzinfo=UTC),
        days={"helsinki": (date(2026, 10, 25), 100), "costa-rica": (date(2026, 10, 24), 96)},
    ),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one site left behind."""

    site: Site
    day: date
    n_quarters: int
    change: Change
    readings: tuple[Measured, ...]
    ledger: Ledger
    made: Counter[datetime]
    costs: Any

    @property
    def day_begin(self) -> datetime:
        """Local midnight."""
        return datetime.combine(self.day, datetime.min.time(), self.site.zone).astimezone(UTC)

    @property
    def quarters(self) -> list[datetime]:
        """The quarter-hours that begin on the local day, by the zone's wall clock."""
        every = [self.day_begin + index * QUARTER for index in range(-8, 108)]
        return [each for each in every if each.astimezone(self.site.zone).date() == self.day]


@pytest.fixture(scope="module", params=CHANGES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Found]]:
    """Return what each site left behind."""
    change = CHANGES[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    documents = {name: _document(name) for name in change.days}
    with programs(folder) as start:
        world = World(folder=folder, start_voltherm=start, begin=change.begin, until=change.until)
        day = change.begin.replace(hour=0)
        recording = write_recording(folder / "recording.csv", day=day)
        urls = {}
        for name, document in documents.items():
            (folder / f"{name}.json").write_text(json.dumps(document))
            file = str(folder / f"{name}.json")
            urls[name] = world.validator("--site", file, "--data", str(recording), "--days", "8")
        world.serve([{"site": documents[name], "bms_base_url": urls[name]} for name in documents], guard_s=30)
        world.wait_until_over()
        world.stop_service()
        for name, url in urls.items():
            _assert_invariants(world, name, url)
        yield {
            name: _found(world, change, site_from_document(documents[name], folder=folder), url)
            for name, url in urls.items()
        }


def _document(name: str) -> dict[str, Any]:
    document = site_document(name, capacity_kwh=100)
    if name == "costa-rica":
        return document | {"zone": COSTA_RICA.key, "tariff": {"library": "costa-rica-tmt"}}
    rules = [
        {"id": rule, "kind": "energy", "price_per_kwh": PRICES[rule], "when": {"windows": [list(window)]}}
        for rule, window in WINDOWS.items()
    ]
    peaks = [
        {"id": f"peak_{rule}", "kind": "demand", "price_per_kw": 1.0, "interval_minutes": 15}
        | {"when": {"windows": [list(WINDOWS[rule])]}}
        for rule in ("small_hour", "day")
    ]
    tariff = {"id": "local", "version": "1", "currency": "EUR", "zone": HELSINKI.key, "components": rules + peaks}
    return document | {"zone": HELSINKI.key, "tariff": tariff}


def _assert_invariants(world: World, name: str, url: str) -> None:
    entries, audit = invariants.truth_log(url), invariants.audit_of(world.database_url, name)
    invariants.assert_one_holder_at_a_time(entries)
    invariants.assert_nothing_runs_after_its_end(entries, audit)
    invariants.assert_audit_tells_all(entries, audit)
    invariants.assert_fate_is_known(audit, before=world.until)


def _found(world: World, change: Change, site: Site, url: str) -> Found:
    async def read() -> tuple[tuple[Measured, ...], Ledger | None, tuple[str, ...]]:
        database = Database.at(world.database_url, column_of=column_of, timeout_s=30)
        try:
            readings = await database.readings.readings(site.id, change.begin - timedelta(days=40), change.until)
            ledger = await database.ledgers.last_ledger(site.id, (site.tariff.id, site.tariff.version))
            ids = await database.plans.plan_ids(site.id, change.begin, change.until + QUARTER)
            return readings, ledger, ids
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as thread:
        readings, ledger, ids = thread.submit(lambda: asyncio.run(read())).result()
    assert ledger is not None
    day, n_quarters = change.days[site.id]
    return Found(
        site=site,
        day=day,
        n_quarters=n_quarters,
        change=change,
        readings=readings,
        ledger=ledger,
        made=Counter(datetime.strptime(each[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) for each in ids),
        costs=get(f"{url}/api/costs"),
    )


@pytest.mark.fault(17)
@pytest.mark.pitfall("M7")
def test_each_local_day_has_its_quarter_hours_metered_once(found: dict[str, Found]) -> None:
    for each in found.values():
        metered = [reading.interval.start for reading in each.readings]
        assert len(each.quarters) == each.n_quarters
        assert [start for start in metered if start in set(each.quarters)] == each.quarters


@pytest.mark.fault(17)
@pytest.mark.pitfall("M24")
def test_no_cycle_is_skipped_or_doubled_in_the_repeated_or_missing_hour(found: dict[str, Found]) -> None:
    for each in found.values():
        lived = [quarter for quarter in each.quarters if each.change.begin < quarter <= each.change.until]
        assert lived
        assert {quarter: each.made[quarter] for quarter in lived} == dict.fromkeys(lived, 1)


@pytest.mark.fault(17)
def test_bill_and_ledger_are_those_of_the_meter(found: dict[str, Found]) -> None:
    for each in found.values():
        grid = TimeGrid(each.readings[0].interval.start, QUARTER, len(each.readings))
        assert [reading.interval.start for reading in each.readings] == grid.times()

        (bill,) = each.site.tariff.bill(Usage.of_net(grid, np.array([one.grid_kw for one in each.readings])))

        (period,) = each.costs["periods"]
        assert abs(bill.total - period["with_battery"]["total"]) < CENT
        billed = {line["component"]: line["quantity_with_battery"] for line in period["lines"] if line["unit"] == "kW"}
        reached = {rule.id: each.ledger.reached_kw(rule) for rule in each.site.tariff.demand_rules}
        assert reached == {name: pytest.approx(kw, abs=1e-6) for name, kw in billed.items()}


@pytest.mark.fault(17)
@pytest.mark.pitfall("M7")
def test_energies_fall_into_the_windows_of_the_wall_clock(found: dict[str, Found]) -> None:
    each = found["helsinki"]
    expected = dict.fromkeys(WINDOWS, 0.0)
    for reading in each.readings:
        hour = reading.interval.start.astimezone(HELSINKI).hour
        rule = "small_hour" if hour == 3 else "day" if 4 <= hour < 22 else "night"
        expected[rule] += max(reading.grid_kw or 0.0, 0.0) / 4

    (period,) = each.costs["periods"]

    billed = {line["component"]: line["quantity_with_battery"] for line in period["lines"] if line["unit"] == "kWh"}
    assert billed == {name: pytest.approx(energy, abs=1e-6) for name, energy in expected.items()}


@pytest.mark.fault(17)
def test_the_dear_small_hour_is_discharged_through_each_time_that_it_comes(found: dict[str, Found]) -> None:
    each = found["helsinki"]
    small = [one.grid_kw for one in each.readings if _is_small(one, each)]

    assert len(small) == {92: 0, 100: 8}[each.n_quarters]
    assert sum(kw or 0.0 for kw in small) <= len(small) * LOAD_KW / 2


def _is_small(reading: Measured, found: Found) -> bool:
    local = reading.interval.start.astimezone(HELSINKI)
    return local.date() == found.day and local.hour == 3
