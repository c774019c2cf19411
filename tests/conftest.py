"""What every test shares: hypothesis takes its time and draws the same examples on every machine; real services.

`python3 dev.py test --hypothesis-profile=search` draws new ones instead.
"""

from hypothesis import settings

from tests.services import (
    module_postgres_url,
    own_postgres,
    postgres_server,
    postgres_url,
    start_voltherm,
    tcp_proxy,
    wall_clock,
)

__all__ = [
    "module_postgres_url",
    "own_postgres",
    "postgres_server",
    "postgres_url",
    "start_voltherm",
    "tcp_proxy",
    "wall_clock",
]

settings.register_profile("same", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("same")
