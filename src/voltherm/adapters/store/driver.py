"""PostgreSQL by asyncpg, where a connection that does not answer is cut at once."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

AT_ONCE: Final = "postgresql+asyncpg_at_once"
"""Name of the driver for an engine."""


class AsyncpgAtOnce(PGDialect_asyncpg):
    """As asyncpg, but a connection given up is not first taken leave of: on a dead network that takes two seconds.

    They would come on top of every deadline. The server ends what runs by its own statement timeout.
    """

    supports_statement_cache = True

    def do_terminate(self, dbapi_connection: Any) -> None:  # noqa: ANN401 - the driver's, which has no types
        """Cut the connection."""
        dbapi_connection.driver_connection.terminate()


registry.register("postgresql.asyncpg_at_once", __name__, AsyncpgAtOnce.__name__)
