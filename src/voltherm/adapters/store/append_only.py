"""Triggers that refuse to change or delete what was written; retention alone gets past them."""

from __future__ import annotations

from typing import Final

_KEYS: Final = {
    "commands": "id = NEW.id",
    "command_events": "site_id = NEW.site_id AND number = NEW.number",
}
"""What tells two rows apart: ``INSERT OR REPLACE`` of SQLite would delete the old row without a word."""

_POSTGRESQL_FUNCTION: Final = """
CREATE OR REPLACE FUNCTION voltherm_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP;
END $$
"""


def append_only_statements(table: str, dialect: str) -> tuple[str, ...]:
    """Return what guards a new table of the audit, for ``sqlite`` or ``postgresql``."""
    if dialect == "postgresql":
        row = f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        return _POSTGRESQL_FUNCTION, f"{row} FOR EACH ROW EXECUTE FUNCTION voltherm_append_only()", no_truncate(table)
    replaced = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {_KEYS[table]})"  # noqa: S608 - names of our own
    return (
        _refuse(table, "no_update", "BEFORE UPDATE", ""),
        _refuse(table, "no_replace", "BEFORE INSERT", replaced),
        forbid_delete(table),
    )


def no_truncate(table: str) -> str:
    """Return what guards a table of PostgreSQL against being emptied; each partition needs it for itself."""
    return (
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION voltherm_append_only()"
    )


def forbid_delete(table: str) -> str:
    """Return the guard against deleting, for SQLite."""
    return _refuse(table, "no_delete", "BEFORE DELETE", "")


def allow_delete(table: str) -> str:
    """Return what lifts that guard; whoever lifts it puts it back in the same transaction."""
    return f"DROP TRIGGER {table}_no_delete"


def _refuse(table: str, name: str, event: str, condition: str) -> str:
    return (
        f"CREATE TRIGGER {table}_{name} {event} ON {table} {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    )
