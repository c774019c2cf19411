"""Ages that grow by themselves: what stops coming in is seen to grow old, also when the loop that tells of it hangs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class Aged(StrEnum):
    """What grows old."""

    SOC = "soc"
    METER = "meter"
    LOAD_FORECAST = "load_forecast"
    SOLAR_FORECAST = "solar_forecast"
    PLAN = "plan"


class Ages(Collector):
    """Ages of what each site works with, counted at the moment of the question.

    Parameters
    ----------
    monotonic_s : callable
        Seconds that only ever grow, as a ``Clock`` has them. [s]
    name, text : str
        Name and description of the metric.
    """

    def __init__(self, monotonic_s: Callable[[], float], name: str, text: str) -> None:
        self._monotonic_s = monotonic_s
        self._name, self._text = name, text
        self._since_s: dict[tuple[str, Aged], float] = {}

    def put(self, site: str, what: Aged, age_s: float | None) -> None:
        """Say how old something is now; None when there is none. [s]."""
        if age_s is None:
            self._since_s.pop((site, what), None)
        else:
            self._since_s[site, what] = self._monotonic_s() - age_s

    def describe(self) -> Iterator[Metric]:
        """Return the metric without values."""
        yield GaugeMetricFamily(self._name, self._text, labels=("site", "input"))

    def collect(self) -> Iterator[Metric]:
        """Return the ages of now."""
        family = GaugeMetricFamily(self._name, self._text, labels=("site", "input"))
        now_s = self._monotonic_s()
        for (site, what), since_s in sorted(self._since_s.items()):
            family.add_metric((site, what), max(0.0, now_s - since_s))
        yield family
