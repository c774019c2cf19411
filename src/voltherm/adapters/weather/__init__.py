"""Those who know the weather: one file per source; `_blueprint.py` is where a new one begins."""

from voltherm.adapters.weather.csv_file import WeatherFile
from voltherm.adapters.weather.demo import DemoWeather

__all__ = ["DemoWeather", "WeatherFile"]
