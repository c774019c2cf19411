"""What every forecast source keeps to, whatever it asks and in which shape it is answered."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.unit.adapters.transports.http_stub import answer, serving
from voltherm.adapters.forecasts._blueprint import BlueprintSource
from voltherm.adapters.forecasts.reporter import ReporterClient
from voltherm.adapters.transports.http import JsonHttp
from voltherm.domain.external_forecast import ForecastKind
from voltherm.ports.errors import Malformed, Refused, Unavailable

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Helsinki")
HOURS = [NOW + timedelta(hours=at) for at in range(48)]
POWERS = [None if at == 7 else 100.0 + at for at in range(48)]


class StoppedClock:
    """A clock that stands at ``NOW``."""

    def now(self):
        return NOW


def wire():
    points = [{"time": hour.isoformat(), "power": power} for hour, power in zip(HOURS, POWERS, strict=True)]
    return {"source": "us", "resolution_minutes": 60, "unit": "kW", "points": points}


def field(time, power):
    local = [hour.astimezone(ZONE).replace(tzinfo=None).isoformat(sep=" ") for hour in HOURS]
    return [{time: moment, power: value} for moment, value in zip(local, POWERS, strict=True)]


def reporter(http):
    return ReporterClient(http, zone=ZONE, clock=StoppedClock())


def blueprint(http):
    return BlueprintSource(http, StoppedClock())


LOAD, SOLAR = ForecastKind.LOAD, ForecastKind.SOLAR
ADAPTERS = [
    pytest.param(reporter, LOAD, wire(), id="reporter, our shape, load"),
    pytest.param(reporter, SOLAR, wire(), id="reporter, our shape, sun"),
    pytest.param(reporter, LOAD, field("ds", "hourly_power"), id="reporter, plain shape, load"),
    pytest.param(reporter, SOLAR, field("index", "power_expected"), id="reporter, plain shape, sun"),
    pytest.param(blueprint, LOAD, dict(zip([h.isoformat() for h in HOURS], POWERS, strict=True)), id="blueprint, load"),
]


@pytest.mark.parametrize(("build", "kind", "body"), ADAPTERS)
async def test_a_forecast_is_of_its_kind_in_kw_on_utc_steps_with_its_gaps(build, kind, body):
    async with serving(answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        forecast = await build(http).fetch(kind)
        await http.aclose()
    assert forecast.kind is kind
    assert forecast.fetched_at == NOW
    assert forecast.power_kw.grid.times() == HOURS
    assert forecast.power_kw.values == pytest.approx([np.nan if p is None else p for p in POWERS], nan_ok=True)
    assert forecast.power_kw.provenance.source


@pytest.mark.parametrize(("build", "kind", "body"), ADAPTERS)
@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(status=503), Unavailable),
        (answer(status=401), Refused),
        (answer(b"no"), Malformed),
        (answer([]), Malformed),
    ],
    ids=["503", "401", "no json", "nothing"],
)
async def test_trouble_outside_is_one_of_three_errors(build, kind, body, said, error):
    async with serving(said, answer(body)) as stub:
        http = JsonHttp(stub.url, attempts=1)
        with pytest.raises(error):
            await build(http).fetch(kind)
        assert (await build(http).fetch(kind)).kind is kind
        await http.aclose()
