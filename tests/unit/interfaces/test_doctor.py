"""The doctor: every check against what it must find."""

import asyncio
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from voltherm.adapters.documents.tariff import read_library
from voltherm.adapters.store.database import Database
from voltherm.application.outlook import column_of
from voltherm.bootstrap import configured_site
from voltherm.domain.assets import Battery
from voltherm.domain.control import Measured
from voltherm.domain.device import DeviceMode, DeviceState, MeterState
from voltherm.domain.external_forecast import ExternalForecast, ForecastKind, PartialSeries
from voltherm.domain.series import Provenance, Quality
from voltherm.domain.time import Interval, TimeGrid
from voltherm.interfaces.doctor.configuration import (
    check_exposure,
    check_settings,
    check_sites,
    check_tariff,
    check_zones,
    is_loopback,
    without_reporter,
)
from voltherm.interfaces.doctor.devices import check_battery, check_forecast, check_meter
from voltherm.interfaces.doctor.finding import Check, Doctor, fail, ok, warn
from voltherm.interfaces.doctor.looked_at import LookedAtDatabase
from voltherm.interfaces.doctor.machine import (
    check_clock_of,
    check_database,
    check_log_dir,
    check_port,
    check_steady_clock,
)
from voltherm.ports.errors import Refused, Unavailable
from voltherm.ports.store import Lease
from voltherm.settings import Settings, load_settings

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
BATTERY = Battery(id="bess", capacity_kwh=500, charge_limit_kw=250, discharge_limit_kw=250, soc_min=0.1, soc_max=0.9)


class FixedClock:
    """Stands at one instant on the wall; its steady seconds go on by themselves."""

    def __init__(self, step_s=0.1):
        self.steady_s = 0.0
        self.step_s = step_s

    def now(self):
        return NOW

    def monotonic_s(self):
        self.steady_s += self.step_s
        return self.steady_s


class Device:
    """A battery that tells one thing."""

    def __init__(self, **state):
        self.state = DeviceState(**{"device_id": "bess", "received_at": NOW, "received_s": 0.0, "soc": 0.5} | state)

    async def read_state(self):
        return self.state


class Meter:
    """A meter that shows one thing."""

    def __init__(self, intervals=1, **state):
        self.state = MeterState(
            **{"received_at": NOW, "received_s": 0.0, "grid_kw": 171.0, "interval_mean_kw": 168.0} | state
        )
        hour = Interval(NOW - timedelta(minutes=15), NOW)
        self.intervals = tuple(Measured(interval=hour, grid_kw=1.0) for _ in range(intervals))

    async def read_meter(self):
        return self.state

    async def read_intervals(self, since):
        return self.intervals


class Reporter:
    """Gives one forecast."""

    def __init__(self, *, start=NOW, hours=48, issued=NOW, n_missing=0, **provenance):
        values = np.full(hours, 180.0)
        values[:n_missing] = np.nan
        grid = TimeGrid(start, timedelta(hours=1), hours)
        known = {"source": "a reporter", "quality": Quality.FORECAST, "issued_at": issued} | provenance
        series = PartialSeries(grid, values, Provenance(**known))
        self.forecast = ExternalForecast(kind=ForecastKind.LOAD, power_kw=series, fetched_at=NOW)

    async def fetch(self, kind):
        return self.forecast


class Leases:
    """Remembers what was asked."""

    def __init__(self):
        self.asked = []

    async def acquire(self, device, holder, ttl):
        self.asked.append("acquire")
        return Lease(device=device, holder=holder, epoch=1)

    async def give_up(self, lease):
        self.asked.append("give_up")


class FakeDatabase:
    """Answers as it is told."""

    name = "postgresql://db/voltherm"

    def __init__(self, revision="2", offset_s=0.0):
        self.leases = Leases()
        self.revision = revision
        self.offset_s = offset_s

    async def revisions(self):
        return self.revision, "2"

    async def now(self):
        return NOW + timedelta(seconds=self.offset_s)


def verdicts(findings) -> list[str]:
    return [finding.verdict.value for finding in findings]


def words(findings) -> str:
    return "\n".join(map(str, findings))


def forecast(reporter, **others):
    options = {"horizon": timedelta(hours=48), "max_age": timedelta(hours=24)} | others
    return asyncio.run(check_forecast("forecast", reporter, ForecastKind.LOAD, FixedClock(), **options))


def battery(**state):
    return asyncio.run(check_battery("battery", Device(**state), BATTERY))


# The doctor


def test_a_finding_is_a_line_with_verdict_thing_finding_and_remedy():
    assert str(ok("port", "is\nfree")) == "ok    port: is free"
    assert str(warn("port", "is taken", "look")) == "warn  port: is taken; look"
    assert str(fail("port", "is taken", "look")) == "FAIL  port: is taken; look"


async def test_a_check_that_hangs_or_breaks_is_a_finding_and_stops_no_other():
    async def hangs():
        await asyncio.Event().wait()

    async def is_away():
        raise Unavailable("it is away")

    async def breaks():
        raise KeyError("x")

    async def works():
        return (ok("d", "fine"),)

    looks = {"a": hangs, "b": is_away, "c": breaks, "d": works}
    checks = [Check(what=what, look=look, remedy="look there") for what, look in looks.items()]
    found = await Doctor(checks, limit_s=0.05).examine()
    assert list(map(str, found)) == [
        "FAIL  a: no answer within 0.05 s; look there",
        "FAIL  b: it is away; look there",
        "FAIL  c: the check itself failed with KeyError: 'x'; report this, with the version of Voltherm",
        "ok    d: fine",
    ]


async def test_checks_run_at_the_same_time():
    both = asyncio.Barrier(2)

    async def meets():
        await both.wait()
        return (ok("a", "met"),)

    found = await Doctor([Check(what="a", look=meets, remedy="")] * 2).examine()
    assert verdicts(found) == ["ok", "ok"]


# Configuration


def test_valid_settings_say_how_many_are_set():
    settings = load_settings({"REPORTER_BASE_URL": "http://127.0.0.1:1"}, None)
    assert words(check_settings(settings)).startswith("ok    configuration: 1 settings are set, ")
    assert verdicts(check_settings(settings)) == ["ok"]


@pytest.mark.pitfall("M26")
def test_tokens_over_plain_http_to_another_machine_are_pointed_out():
    values = {"BMS_TOKEN": "secret-token", "REPORTER_BASE_URL": "http://127.0.0.1:1", "REPORTER_TOKEN": "other"}
    far = load_settings({**values, "BMS_BASE_URL": "http://10.0.0.7"}, None)
    said = words(check_settings(far))
    assert "BMS_TOKEN goes over plain http to another machine" in said
    assert "REPORTER_TOKEN" not in said
    assert "secret-token" not in said
    near = load_settings({**values, "BMS_BASE_URL": "https://10.0.0.7"}, None)
    assert verdicts(check_settings(near)) == ["ok"]


def test_simulated_time_and_a_missing_reporter_are_pointed_out():
    said = words(check_settings(Settings(voltherm_clock_file=Path("clock"))))
    assert "the time is simulated" in said
    assert "forecast from the site's own readings" in said


@pytest.mark.pitfall("M26")
@pytest.mark.parametrize(
    ("host", "token", "verdict"),
    [
        ("0.0.0.0", None, "warn"),  # noqa: S104 - what must be found
        ("0.0.0.0", "0123456789abcdef", "ok"),  # noqa: S104
        ("192.168.1.4", None, "warn"),
        ("127.0.0.1", None, "ok"),
        ("localhost", None, "ok"),
        ("::1", None, "ok"),
    ],
)
def test_listening_to_strangers_without_a_token_is_pointed_out(host, token, verdict):
    found = check_exposure(Settings(service_host=host, api_token=token))
    assert verdicts(found) == [verdict]
    assert "0123456789abcdef" not in words(found)


def test_only_this_machine_is_loopback():
    assert [is_loopback(host) for host in ("127.0.0.9", "10.0.0.1", "example", None)] == [True, False, False, False]


def test_a_tariff_is_told_with_its_zone_and_demand_windows():
    said = words(check_tariff(read_library("costa-rica-tmt"), NOW))
    assert said == (
        "ok    tariff costa-rica-tmt: version 1, CRC, America/Costa_Rica; energy: energy_peak, energy_valley, "
        "energy_night; demand: demand_peak, demand_valley, demand_night"
    )


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, date(2026, 3, 10), ["ok", "FAIL"]),
        (date(2026, 3, 11), None, ["ok", "FAIL"]),
        (None, date(2026, 4, 1), ["ok", "warn"]),
        (date(2026, 3, 10), date(2027, 1, 1), ["ok"]),
    ],
)
def test_a_tariff_that_does_not_hold_today_is_found_by_its_own_calendar(start, end, found):
    from dataclasses import replace

    tariff = replace(read_library("costa-rica-tmt"), valid_from=start, valid_until=end)
    assert verdicts(check_tariff(tariff, NOW + timedelta(hours=1))) == found


@pytest.mark.parametrize(("is_controlled_by", "verdict"), [(True, "FAIL"), (False, "warn")])
def test_a_tariff_that_needs_prices_is_pointed_out_and_wrong_where_a_battery_is_planned_against_it(
    is_controlled_by, verdict
):
    found = check_tariff(read_library("finland-spot"), NOW, is_controlled_by=is_controlled_by)
    assert "needs prices from outside: fi_spot" in words(found)
    assert verdict in verdicts(found)


def test_where_sites_have_a_file_the_missing_reporter_is_told_of_the_site():
    told = words(check_settings(Settings(sites_file=Path("sites.yaml"))))
    assert "REPORTER_BASE_URL" not in told
    assert "forecast bakery: names no reporter_base_url" in words(without_reporter("bakery"))


def test_sites_say_what_is_controlled_and_two_plans_for_one_battery_are_found():
    one = configured_site(Settings(site_id="one"))
    other = configured_site(Settings(site_id="two", site_timezone="Europe/Helsinki", site_import_limit_kw=100))
    assert verdicts(check_sites([one], {"one": "http://a"})) == ["ok"]
    found = check_sites([one, other], {"one": "http://a", "two": "http://a"})
    assert verdicts(found) == ["ok", "ok", "warn", "warn", "FAIL"]
    assert "is that of site 'one' too" in words(found)
    assert verdicts(check_sites([], {})) == ["warn"]


def test_a_site_without_a_battery_has_nothing_to_control():
    from dataclasses import replace

    site = configured_site(Settings())
    bare = replace(site, assets=site.loads)
    assert "has no battery" in words(check_sites([bare], {}))


def test_a_zone_that_the_machine_does_not_know_is_found():
    assert verdicts(check_zones(["Europe/Helsinki", "America/Costa_Rica"])) == ["ok"]
    assert words(check_zones(["Mars/X"])) == (
        "FAIL  time zones: Mars/X are not in the time zone database; install the package tzdata"
    )


# Other services


@pytest.mark.pitfall("M11")
@pytest.mark.pitfall("A11")
@pytest.mark.parametrize(
    ("reporter", "found", "sentence"),
    [
        (Reporter(), ["ok"], "48 values of 60 min from a reporter, 0 min old, 48.0 h ahead"),
        (Reporter(start=NOW - timedelta(hours=48)), ["FAIL"], "all of the past: it ends at 2026-03-10T06:00:00"),
        (Reporter(issued=NOW - timedelta(hours=25)), ["FAIL"], "25.0 h old, more than FORECAST_MAX_AGE_HOURS"),
        (Reporter(hours=24), ["ok", "warn"], "reaches 24.0 h ahead, plans look 48.0 h"),
        (Reporter(n_missing=12), ["ok", "warn"], "25% of its values are missing"),
        (Reporter(quality=Quality.DEMO), ["ok", "warn"], "is a demo: figures of another site"),
        (Reporter(source="demo: a recording"), ["ok", "warn"], "is a demo: figures of another site"),
        (Reporter(note="2 gaps bridged"), ["ok", "warn"], "2 gaps bridged"),
    ],
)
def test_a_forecast_is_judged_by_age_reach_and_gaps(reporter, found, sentence):
    findings = forecast(reporter)
    assert verdicts(findings) == found
    assert sentence in words(findings)


@pytest.mark.pitfall("M13")
@pytest.mark.parametrize(
    ("state", "found", "sentence"),
    [
        ({"power_kw": -41.5}, ["ok"], "state of charge 50.0%, -41.5 kW, mode ready"),
        ({"soc": None, "problems": ("soc is 101",)}, ["FAIL", "FAIL"], "tells no state of charge"),
        ({"soc": 0.0062}, ["ok", "warn"], "0.62% looks like a fraction read as percent"),
        ({"soc": 0.95}, ["ok", "warn"], "95.0% is outside the planned band 10% to 90%"),
        ({"power_kw": 41500.0}, ["ok", "warn"], "tells 41500 kW, its largest power is 250 kW"),
        ({"measured_at": NOW - timedelta(minutes=10)}, ["ok", "warn"], "stamped -600 s from our clock"),
        ({"mode": DeviceMode.LOCAL}, ["ok", "warn"], "mode local: it takes no commands now"),
        ({"alarms": ("cell 7 hot",)}, ["ok", "warn"], "alarm cell 7 hot"),
        ({"charge_limit_kw": 0.0}, ["ok", "warn"], "allows no power to charge now"),
    ],
)
def test_a_battery_is_judged_by_what_it_tells(state, found, sentence):
    findings = battery(**state)
    assert verdicts(findings) == found
    assert sentence in words(findings)


@pytest.mark.parametrize(
    ("meter", "found", "sentence"),
    [
        (Meter(), ["ok", "ok"], "171 kW at the meter"),
        (Meter(intervals=0), ["ok", "warn"], "has no metering interval of the last hour"),
        (Meter(interval_mean_kw=None), ["ok", "warn", "ok"], "does not tell the mean"),
        (Meter(measured_at=NOW + timedelta(minutes=1)), ["ok", "warn", "ok"], "stamped +60 s from our clock"),
    ],
)
def test_a_meter_is_judged_by_what_it_shows_and_keeps(meter, found, sentence):
    findings = asyncio.run(check_meter("meter", meter, FixedClock()))
    assert verdicts(findings) == found
    assert sentence in words(findings)


def test_a_site_may_live_without_a_meter():
    class Missing(Meter):
        async def read_meter(self):
            raise Refused("GET /api/meter: answers 404")

    findings = asyncio.run(check_meter("meter", Missing(), FixedClock()))
    assert verdicts(findings) == ["warn"]
    assert "METER_BASE_URL" in words(findings)


# The machine


@pytest.mark.parametrize(("step_s", "verdict"), [(0.1, "ok"), (0.0, "FAIL"), (60.0, "warn")])
def test_the_clock_of_ages_must_go_forward_and_the_wall_clock_with_it(step_s, verdict):
    assert verdicts(asyncio.run(check_steady_clock(FixedClock(step_s)))) == [verdict]


@pytest.mark.fault(18)
@pytest.mark.parametrize(
    ("offset_s", "verdict"),
    [(0, "ok"), (-1, "ok"), (2, "ok"), (-5, "warn"), (20, "warn"), (600, "FAIL"), (-86400, "FAIL")],
)
def test_a_clock_that_differs_is_found_beyond_what_a_date_header_can_show(offset_s, verdict):
    async def date_header():
        return NOW + timedelta(seconds=offset_s)

    assert verdicts(asyncio.run(check_clock_of("clock", date_header, FixedClock()))) == [verdict]


async def test_a_service_that_tells_no_time_is_pointed_out():
    async def no_header():
        return None

    assert verdicts(await check_clock_of("clock", no_header, FixedClock())) == ["warn"]


@pytest.mark.parametrize(
    ("database", "found", "asked"),
    [
        (FakeDatabase(), ["ok", "ok"], ["acquire", "give_up"]),
        (FakeDatabase(revision=None), ["warn", "ok"], []),
        (FakeDatabase(revision="1"), ["warn", "ok"], []),
        (FakeDatabase(offset_s=-40), ["ok", "FAIL"], ["acquire", "give_up"]),
    ],
)
def test_a_database_is_judged_by_tables_writes_and_clock(database, found, asked):
    assert verdicts(asyncio.run(check_database(database, FixedClock()))) == found
    assert database.leases.asked == asked


async def test_a_real_database_is_looked_at_without_being_made_or_changed(tmp_path):
    url = f"sqlite:///{tmp_path / 'voltherm.db'}"
    looked_at = LookedAtDatabase(url, 5.0)
    assert looked_at.is_missing
    database = Database.at(url, column_of=column_of)
    await database.upgrade()
    await database.close()
    assert not looked_at.is_missing
    found, wanted = await looked_at.revisions()
    assert found == wanted
    assert abs(await looked_at.now() - datetime.now(UTC)) < timedelta(seconds=60)
    await looked_at.close()


def test_a_folder_of_logs_is_tried_and_left_empty(tmp_path):
    assert verdicts(check_log_dir(tmp_path / "logs")) == ["ok"]
    assert list((tmp_path / "logs").iterdir()) == []
    assert verdicts(check_log_dir(None)) == ["ok"]


@pytest.mark.fault(11)
def test_a_folder_of_logs_that_cannot_be_written_or_is_nearly_full_is_found(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    assert "cannot be written" in words(check_log_dir(tmp_path / "file"))
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 5_000_000}))
    assert "has 5 MB left" in words(check_log_dir(tmp_path))


def test_a_port_is_free_taken_or_not_of_this_machine():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert verdicts(check_port("127.0.0.1", port)) == ["warn"]
    assert verdicts(check_port("127.0.0.1", port)) == ["ok"]
    assert verdicts(check_port("192.0.2.1", port)) == ["FAIL"]
