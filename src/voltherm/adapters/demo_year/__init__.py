"""A year of prices and weather as it was recorded, for the demo; the README beside says where it comes from."""

from voltherm.adapters.demo_year.recorded_year import RecordedYear, recorded_finland

__all__ = ["RecordedYear", "recorded_finland"]
