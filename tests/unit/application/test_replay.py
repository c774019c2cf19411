"""The demo: real controller, recorded weeks, time as an argument, demo data called demo."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from voltherm.domain.control import Rung
from voltherm.domain.series import Quality
from voltherm.interfaces.demo_data import start_demo

NOW = datetime(2026, 11, 20, 14, 7, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def demo():
    started = start_demo(NOW, days=1)
    started.advance(NOW)
    return started


def test_nothing_is_simulated_before_the_first_advance():
    snapshot = start_demo(NOW, days=1).snapshot()

    assert snapshot.measured is None
    assert snapshot.decision is None
    assert not snapshot.is_caught_up


def test_it_begins_at_a_local_midnight_and_catches_up_with_now(demo):
    snapshot = demo.snapshot()

    assert snapshot.measured.grid.start == datetime(2026, 11, 19, 6, tzinfo=UTC)
    assert snapshot.replayed_until == datetime(2026, 11, 20, 14, tzinfo=UTC)
    assert snapshot.is_caught_up


def test_the_running_step_has_a_plan(demo):
    decision = demo.snapshot().decision

    assert decision.rung is Rung.FRESH_PLAN
    assert decision.now == datetime(2026, 11, 20, 14, tzinfo=UTC)


def test_demo_data_is_called_demo(demo):
    snapshot = demo.snapshot()

    assert snapshot.provenance.quality is Quality.DEMO
    assert snapshot.label.startswith("demo data")


def test_the_meter_adds_up(demo):
    measured = demo.snapshot().measured

    assert measured.grid_kw == pytest.approx(measured.load_kw - measured.pv_kw + measured.battery_kw)


def test_both_bills_begin_with_the_replay(demo):
    snapshot = demo.snapshot()

    assert snapshot.billed_from == snapshot.measured.grid.start
    assert snapshot.bill.total > 0
    assert snapshot.bill_without_battery.total > 0


def test_it_can_be_advanced_in_portions_with_the_same_result(demo):
    portioned = start_demo(NOW, days=1)
    calls = 1
    while not portioned.advance(NOW, most_steps=40):
        calls += 1

    assert calls == 4
    assert portioned.snapshot().measured.grid_kw == pytest.approx(demo.snapshot().measured.grid_kw)


def test_time_goes_on_and_never_back():
    demo = start_demo(NOW, days=0)
    demo.advance(NOW)
    before = demo.snapshot()

    demo.advance(NOW + timedelta(minutes=15))
    demo.advance(NOW)
    after = demo.snapshot()

    assert after.measured.grid.n_steps == before.measured.grid.n_steps + 1
    assert after.measured.grid_kw[:-1] == pytest.approx(before.measured.grid_kw)
    assert np.isfinite(after.measured.soc).all()


def test_by_default_the_whole_billing_period_is_replayed_and_at_least_three_days():
    late, early = start_demo(NOW), start_demo(datetime(2026, 11, 1, 14, tzinfo=UTC))

    assert late.replayed_until == datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert early.replayed_until == datetime(2026, 10, 29, 6, tzinfo=UTC)
