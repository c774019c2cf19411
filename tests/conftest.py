"""What every test shares: hypothesis draws the same examples on every machine, and takes its time."""

from hypothesis import settings

settings.register_profile("voltherm", derandomize=True, deadline=None, database=None)
settings.load_profile("voltherm")
