"""The shapes in which reporters answer."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.adapters.forecasts.reporters import LOAD, NOW, SOLAR, ours, plain, read
from voltherm.ports.errors import Malformed

SUN = {"time": "index", "power": "power_expected"}


def test_our_own_shape_is_understood():
    forecast = read(ours([1.0, 2.0], issued_at="2026-03-10T05:30:00Z"))
    assert forecast.power_kw.values.tolist() == [1.0, 2.0]
    assert forecast.power_kw.grid.start == NOW
    assert forecast.power_kw.grid.step == timedelta(hours=1)
    assert forecast.power_kw.provenance.source == "test"
    assert forecast.known_since == datetime(2026, 3, 10, 5, 30, tzinfo=UTC)


@pytest.mark.pitfall("M28")
@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"data": rows}, lambda rows: {"forecast": rows}])
def test_the_plain_shapes_of_the_field_are_understood(wrap):
    week = [float(hour) for hour in range(168)]
    load = read(wrap(plain(week)))
    sun = read(wrap(plain(week, **SUN)), SOLAR)
    assert load.power_kw.values.tolist() == sun.power_kw.values.tolist() == week
    assert load.power_kw.grid.start == datetime(2026, 3, 9, 22, tzinfo=UTC)
    assert load.known_since == NOW


def test_fields_that_nobody_knows_are_ignored():
    answer = ours([1.0, 2.0], model="v2")
    answer["points"][0]["quantiles"] = {"0.1": 0.5}
    assert read(answer).power_kw.values.tolist() == [1.0, 2.0]


def test_a_source_without_a_printable_name_gets_one():
    assert read(ours([1.0, 2.0], source="a\nb\x1b[31m")).power_kw.provenance.source == "ab[31m"
    assert read(ours([1.0, 2.0], source=None)).power_kw.provenance.source == "reporter"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "no list"),
        ("soon", "no list"),
        ({"error": "x"}, "no list"),
        ({"points": {}}, "no list"),
        ([], "no rows"),
        ([1, 2], "first row"),
        ([{"ds": "2026-03-10T00:00:00"}], "first row"),
        ([{"hourly_power": 1.0}], "first row"),
        ([{"ds": 1773100800000, "hourly_power": 1.0}], "row 0"),
        ([{"ds": "2026-03-10T00:00:00", "hourly_power": 1.0}, None], "row 1"),
        (plain([1.0] * 5001), "5001"),
        (plain([1.0, 2.0], **SUN), "first row"),
        (ours([1.0, 2.0], unit="kWh"), "kWh"),
        (ours([1.0, 2.0], unit=7), "unit"),
        (ours([1.0, 2.0], resolution_minutes="60"), "resolution_minutes"),
        (ours([1.0, 2.0], resolution_minutes=-60), "resolution_minutes"),
        (ours([1.0, 2.0], resolution_minutes=1e-12), "whole minutes"),
        (ours([1.0, 2.0], minutes=7), "divide"),
    ],
)
def test_other_shapes_are_malformed_and_say_what_is_wrong(answer, words):
    with pytest.raises(Malformed, match=words):
        read(answer, LOAD)
