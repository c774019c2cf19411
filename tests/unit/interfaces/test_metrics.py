"""Metrics: what is exported, under which name and in which unit; and that rules and dashboard speak of nothing else."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from voltherm.application.site_control import events
from voltherm.domain.control import Rung
from voltherm.domain.device import CommandKind, CommandSource, CommandStage, DeviceCommand
from voltherm.interfaces.metrics.ages import Aged
from voltherm.interfaces.metrics.bounded import BoundedLabel
from voltherm.interfaces.metrics.events import counting
from voltherm.interfaces.metrics.metrics import ServiceMetrics
from voltherm.interfaces.metrics.route import measured_by, metrics_router
from voltherm.interfaces.timed_requests import TimesRequests

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


class Seconds:
    """A monotonic clock that goes when it is told."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture(name="seconds")
def _seconds():
    return Seconds()


@pytest.fixture(name="metrics")
def _metrics(seconds):
    return ServiceMetrics(seconds, version="0.1.0", instance="a:1")


def value(metrics: ServiceMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def tell_everything(metrics: ServiceMetrics) -> None:
    """Call every method once."""
    metrics.cycle_done("s", outcome="optimal", duration_s=1.0, lateness_s=0.2, solve_s=0.1)
    metrics.cycles_missed("s")
    metrics.on_rung("s", Rung.FRESH_PLAN)
    for what in Aged:
        metrics.age("s", what, 3.0)
    metrics.guard_ticked("s", ["peak"])
    metrics.command("s", None)
    metrics.lease("s/bess", is_held=True, epoch=7)
    metrics.alarm("s", "no_plan", is_raised=True)
    metrics.battery("s", "bess", soc=0.5, commanded_kw=-41.5, measured_kw=-40.0)
    metrics.grid("s", grid_kw=171.2, interval_mean_kw=168.9, ceiling_kw=180.0)
    metrics.peaks("s", {"demand_peak": 170.0}, {"demand_peak": 180.0})
    metrics.cost("s", 12500.5, "CRC")
    metrics.database(is_up=True)
    metrics.breaker("bms:s", "open")
    metrics.clock_offset("bms:s", -0.4)
    metrics.request("GET", "/health", 200, 0.002)


def exported(metrics: ServiceMetrics) -> set[str]:
    return {sample.name for family in metrics.registry.collect() for sample in family.samples}


def test_a_cycle_is_counted_by_its_outcome_with_its_times(metrics):
    metrics.cycle_done("s", outcome="optimal", duration_s=1.5, lateness_s=0.2, solve_s=0.05)
    metrics.cycle_done("s", outcome="not_computed", duration_s=30.0, lateness_s=0.1)
    assert value(metrics, "voltherm_cycles_total", site="s", outcome="optimal") == 1
    assert value(metrics, "voltherm_cycles_total", site="s", outcome="not_computed") == 1
    assert value(metrics, "voltherm_cycle_duration_seconds_sum", site="s") == 31.5
    assert value(metrics, "voltherm_plan_solve_seconds_count", site="s") == 1
    assert value(metrics, "voltherm_cycle_lateness_seconds", site="s") == 0.1


@pytest.mark.pitfall("M24")
def test_missed_cycles_are_counted_and_begin_at_zero(metrics):
    metrics.cycle_done("s", outcome="optimal", duration_s=1.0, lateness_s=0.0)
    assert value(metrics, "voltherm_cycles_missed_total", site="s") == 0
    metrics.cycles_missed("s", 3)
    assert value(metrics, "voltherm_cycles_missed_total", site="s") == 3


def test_exactly_one_rung_is_one(metrics):
    metrics.on_rung("s", Rung.FRESH_PLAN)
    metrics.on_rung("s", Rung.LOCAL_RULE)
    assert {rung: value(metrics, "voltherm_rung", site="s", rung=rung) for rung in Rung} == {
        Rung.FRESH_PLAN: 0,
        Rung.LAST_PLAN: 0,
        Rung.LOCAL_RULE: 1,
        Rung.NO_SETPOINT: 0,
    }


@pytest.mark.pitfall("M13")
def test_an_age_grows_while_nobody_tells_of_it(metrics, seconds):
    metrics.age("s", Aged.SOC, 2.0)
    seconds.now_s += 58
    assert value(metrics, "voltherm_input_age_seconds", site="s", input="soc") == 60
    metrics.age("s", Aged.SOC, None)
    assert value(metrics, "voltherm_input_age_seconds", site="s", input="soc") is None


def test_powers_are_exported_in_watts_and_the_unknown_is_not_a_number(metrics):
    metrics.battery("s", "bess", soc=None, commanded_kw=-41.5)
    metrics.grid("s", grid_kw=171.2, ceiling_kw=float("inf"))
    assert value(metrics, "voltherm_battery_commanded_watts", site="s", battery="bess") == -41500
    assert value(metrics, "voltherm_grid_watts", site="s") == pytest.approx(171200)
    assert value(metrics, "voltherm_grid_interval_ceiling_watts", site="s") == float("inf")
    assert str(value(metrics, "voltherm_battery_soc_ratio", site="s", battery="bess")) == "nan"


@pytest.mark.pitfall("M14")
def test_sent_is_not_acknowledged_and_each_stage_has_its_own_count(metrics):
    metrics.command("s", None)
    metrics.command("s", CommandStage.FAILED)
    assert value(metrics, "voltherm_commands_total", site="s", stage="sent") == 1
    assert value(metrics, "voltherm_commands_total", site="s", stage="failed") == 1
    assert value(metrics, "voltherm_commands_total", site="s", stage="acknowledged") is None


def test_each_new_epoch_held_here_is_one_change_of_the_lease(metrics):
    metrics.lease("s/bess", is_held=False)
    assert value(metrics, "voltherm_lease_changes_total", device="s/bess") == 0
    for epoch in (7, 7, 9):
        metrics.lease("s/bess", is_held=True, epoch=epoch)
    assert value(metrics, "voltherm_lease_changes_total", device="s/bess") == 2
    metrics.lease("s/bess", is_held=False)
    assert value(metrics, "voltherm_lease_held", device="s/bess") == 0
    assert value(metrics, "voltherm_lease_epoch", device="s/bess") == 9


def test_an_alarm_stands_until_it_is_cleared_and_is_counted_once(metrics):
    for is_raised in (True, True, False):
        metrics.alarm("s", "no_plan", is_raised=is_raised)
    assert value(metrics, "voltherm_alarms_total", site="s", code="no_plan") == 1
    assert value(metrics, "voltherm_alarm_active", site="s", code="no_plan") == 0


def test_alarms_without_a_name_of_their_own_stand_while_one_of_them_does(metrics):
    for number in range(100):
        metrics.alarm("s", f"code {number}", is_raised=True)
    metrics.alarm("s", "code 99", is_raised=False)
    assert value(metrics, "voltherm_alarm_active", site="s", code="other") == 1
    for number in range(100):
        metrics.alarm("s", f"code {number}", is_raised=False)
    assert value(metrics, "voltherm_alarm_active", site="s", code="other") == 0


def test_a_label_has_a_bounded_number_of_values():
    label = BoundedLabel(2)
    assert [label(text) for text in ("a", "b", "c", "a", "d")] == ["a", "b", "other", "a", "other"]
    assert BoundedLabel()("") == "other"
    assert BoundedLabel()("x\ny" + "z" * 500) == "x?y" + "z" * 97


def test_two_services_in_one_process_share_nothing(seconds):
    one, other = ServiceMetrics(seconds), ServiceMetrics(seconds)
    one.cycles_missed("s")
    assert value(other, "voltherm_cycles_missed_total", site="s") is None


def test_lost_log_lines_are_read_when_they_are_asked_for(seconds):
    lost = [0]
    metrics = ServiceMetrics(seconds, n_dropped_log_lines=lambda: lost[0])
    lost[0] = 5
    assert value(metrics, "voltherm_log_lines_dropped") == 5


def test_every_name_says_its_unit_and_is_ours(metrics):
    tell_everything(metrics)
    names = {
        family.name
        for family in metrics.registry.collect()
        if not family.name.startswith(("process_", "python_")) and not family.name.endswith("_created")
    }
    assert all(name.startswith("voltherm_") and not name.endswith(("_kw", "_ms", "_minutes")) for name in names)
    assert {"voltherm_grid_watts", "voltherm_plan_solve_seconds", "voltherm_battery_soc_ratio"} <= names


def test_the_page_can_be_read_back_and_holds_the_process_too(metrics):
    app = FastAPI()
    app.include_router(metrics_router(metrics, lambda: tell_everything(metrics)))
    answer = TestClient(app).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name for family in text_string_to_metric_families(answer.text)}
    assert {
        "voltherm_rung",
        "voltherm_build_info",
        "process_resident_memory_bytes",
        "python_gc_collections",
    } <= families
    asked = TestClient(app).get("/metrics", headers={"accept": "application/openmetrics-text"})
    assert asked.text.rstrip().endswith("# EOF")


def test_answers_are_measured_by_the_pattern_of_their_route(metrics):
    app = FastAPI()

    @app.get("/v1/sites/{site_id}")
    def site(site_id: str) -> str:
        if site_id == "broken":
            raise RuntimeError(site_id)
        return site_id

    app.add_middleware(TimesRequests, told=measured_by(metrics))
    client = TestClient(app, raise_server_exceptions=False)
    for path in ("/v1/sites/a", "/v1/sites/b", "/v1/sites/broken", "/nowhere/1", "/nowhere/2"):
        client.get(path)
    client.request("BREW", "/v1/sites/a")

    def n(method, route, status):
        return value(metrics, "voltherm_http_request_seconds_count", method=method, route=route, status=status)

    assert n("GET", "/v1/sites/{site_id}", "200") == 2
    assert n("GET", "/v1/sites/{site_id}", "500") == 1
    assert n("GET", "none", "404") == 2
    assert n("other", "/v1/sites/{site_id}", "405") == 1


def command() -> DeviceCommand:
    return DeviceCommand(
        id="1",
        site_id="s",
        device_id="bess",
        epoch=1,
        sequence=1,
        kind=CommandKind.SETPOINT,
        power_kw=1.0,
        planned_kw=1.0,
        issued_at=NOW,
        valid_until=NOW + timedelta(minutes=1),
        source=CommandSource.PLAN,
        reason="shave_peak",
    )


def test_every_event_of_a_site_is_counted(metrics):
    count = counting(metrics)
    count(
        events.CycleDone(
            site_id="s", at=NOW, outcome="optimal", why="", plan_id="p", lateness_s=0.1, duration_s=1.0, solve_s=0.2
        )
    )
    count(events.CycleMissed(site_id="s", at=NOW, n=2))
    count(events.CommandMoved(at=NOW, command=command(), stage=None))
    count(events.CommandMoved(at=NOW, command=command(), stage=CommandStage.OBSERVED))
    count(events.RungChanged(site_id="s", at=NOW, before=None, after=Rung.LAST_PLAN, why="late"))
    count(events.AlarmChanged(site_id="s", at=NOW, code="no_plan", is_raised=True))
    count(events.GuardTicked(site_id="s", at=NOW, clamps=("peak",)))
    assert value(metrics, "voltherm_cycles_total", site="s", outcome="optimal") == 1
    assert value(metrics, "voltherm_cycles_missed_total", site="s") == 2
    assert value(metrics, "voltherm_commands_total", site="s", stage="sent") == 1
    assert value(metrics, "voltherm_commands_total", site="s", stage="observed") == 1
    assert value(metrics, "voltherm_rung", site="s", rung="last_plan") == 1
    assert value(metrics, "voltherm_alarm_active", site="s", code="no_plan") == 1
    assert value(metrics, "voltherm_guard_ticks_total", site="s") == 1
    assert value(metrics, "voltherm_guard_clamps_total", site="s", reason="peak") == 1


def rules() -> list[dict]:
    document = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> dict:
    return json.loads((DEPLOY / "grafana.json").read_text())


def panels() -> list[dict]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:voltherm|process|python)_\w+", expression))


def labels_in(expression: str) -> dict[str, set[str]]:
    """Return the label values that an expression asks for, by metric and label."""
    found: dict[str, set[str]] = {}
    for selector in re.findall(r"\{([^}]*)\}", expression):
        for label, operator, values in re.findall(r'(\w+)(=~|=)"([^"]*)"', selector):
            found.setdefault(label, set()).update(values.split("|") if operator == "=~" else [values])
    return found


KNOWN_LABELS = {
    "input": set(Aged),
    "rung": set(Rung),
    "stage": {"sent", *CommandStage},
    "state": {"closed", "half_open", "open"},
}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_what_is_exported_and_says_what_to_do(metrics, rule):
    tell_everything(metrics)
    assert names_in(rule["expr"])
    assert names_in(rule["expr"]) <= exported(metrics)
    assert set(rule["annotations"]) == {"summary", "remedy"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    for label, values in labels_in(rule["expr"]).items():
        assert values <= KNOWN_LABELS[label]


def test_the_alerts_cover_what_a_person_must_know_of():
    assert {rule["alert"] for rule in rules()} == {
        "VolthermDown",
        "CycleMissed",
        "CycleLate",
        "NotControlling",
        "NotOnAFreshPlan",
        "GuardStopped",
        "SocStale",
        "MeterStale",
        "ForecastStale",
        "DatabaseDown",
        "CommandsNotFollowed",
        "ClockOffset",
        "PeakAboutToExceedTarget",
        "LeaseFlapping",
        "NobodyHoldsTheLease",
        "DependencyLeftAlone",
        "LogLinesDropped",
        "AlarmStands",
    }


def test_the_dashboard_asks_for_what_is_exported_and_names_no_other_host(metrics):
    tell_everything(metrics)
    text = (DEPLOY / "grafana.json").read_text()
    assert "http" not in text.replace("voltherm_http_", "")
    for panel in panels():
        for target in panel["targets"]:
            assert names_in(target["expr"])
            assert names_in(target["expr"]) <= exported(metrics), panel["title"]


def test_the_panels_of_the_dashboard_have_their_own_number_place_and_unit():
    places = [tuple(panel["gridPos"][side] for side in "xywh") for panel in dashboard()["panels"]]
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(places)
    assert all(x + w <= 24 for x, _y, w, _h in places)
    cells = [(x + i, y + j) for x, y, w, h in places for i in range(w) for j in range(h)]
    assert len(cells) == len(set(cells))
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels())


def test_the_page_on_observability_names_every_metric(metrics):
    tell_everything(metrics)
    page = (DEPLOY.parent / "docs" / "observability.md").read_text()
    families = {family.name for family in metrics.registry.collect() if family.name.startswith("voltherm_")}
    counters = {family.name for family in metrics.registry.collect() if family.type == "counter"}
    for name in families:
        assert f"`{name}_total`" in page if name in counters else f"`{name}`" in page
