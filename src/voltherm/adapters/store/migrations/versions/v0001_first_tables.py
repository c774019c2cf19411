"""The first tables: sites and tariffs, readings, forecasts, plans, the audit of commands, ledgers, leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from voltherm.adapters.store.append_only import append_only_statements
from voltherm.adapters.store.hypertable import HAS_TIMESCALE, hypertable_statement

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
SHA256 = sa.String(64)


def upgrade() -> None:
    """Make the tables."""
    _sites()
    _readings()
    _forecasts()
    _plans()
    _commands()
    _ledgers_and_leases()
    for table in ("commands", "command_events"):
        for statement in append_only_statements(table, op.get_bind().dialect.name):
            op.execute(statement)


def _sites() -> None:
    op.create_table(
        "tariffs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("sha256", SHA256, primary_key=True),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("holidays", sa.JSON, nullable=False),
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("sha256", SHA256, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sa.Column("tariff_id", sa.Text, nullable=False),
        sa.Column("tariff_version", sa.Text, nullable=False),
        sa.Column("tariff_sha256", SHA256, nullable=False),
        sa.ForeignKeyConstraint(
            ["tariff_id", "tariff_version", "tariff_sha256"],
            ["tariffs.id", "tariffs.version", "tariffs.sha256"],
            name="sites_tariff",
        ),
    )


def _readings() -> None:
    """By month; where TimescaleDB is installed, a hypertable instead."""
    bind = op.get_bind()
    is_hyper = bind.dialect.name == "postgresql" and bind.scalar(HAS_TIMESCALE) is not None
    op.create_table(
        "readings",
        sa.Column("site_id", sa.Text, primary_key=True),
        sa.Column("start_at", INSTANT, primary_key=True),
        sa.Column("end_at", INSTANT, primary_key=True),
        sa.Column("grid_kw", sa.Double),
        sa.Column("power_kw", sa.JSON, nullable=False),
        sa.Column("soc", sa.JSON, nullable=False),
        sa.Column("prices_per_kwh", sa.JSON, nullable=False),
        sa.Column("t_out_c", sa.Double),
        sa.Column("reactive_kvar", sa.Double),
        postgresql_partition_by=None if is_hyper else "RANGE (start_at)",
    )
    if is_hyper:
        op.execute(hypertable_statement("readings", "start_at"))


def _forecasts() -> None:
    op.create_table(
        "forecasts",
        sa.Column("site_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("issue_at", INSTANT, primary_key=True),
        sa.Column("fetched_at", INSTANT, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (issue_at)",
    )
    op.create_index("forecasts_by_arrival", "forecasts", ["site_id", "kind", "fetched_at"])


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("made_at", INSTANT, primary_key=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("site_version", sa.Integer, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["site_id", "site_version"], ["sites.id", "sites.version"], name="plans_site"),
        postgresql_partition_by="RANGE (made_at)",
    )
    op.create_index("plans_by_time", "plans", ["site_id", "made_at"])


def _commands() -> None:
    op.create_table(
        "commands",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("issued_at", INSTANT, primary_key=True),
        sa.Column("site_id", sa.Text, nullable=False),
        sa.Column("device_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("power_kw", sa.Double, nullable=False),
        sa.Column("planned_kw", sa.Double),
        sa.Column("valid_until", INSTANT, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("clamps", sa.JSON, nullable=False),
        sa.Column("plan_id", sa.Text),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("previous_hash", SHA256, nullable=False),
        sa.Column("hash", SHA256, nullable=False),
        postgresql_partition_by="RANGE (issued_at)",
    )
    op.create_index("commands_by_time", "commands", ["site_id", "issued_at"])
    op.create_index("commands_by_number", "commands", ["site_id", "number"])
    op.create_table(
        "command_events",
        sa.Column("site_id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", INSTANT, primary_key=True),
        sa.Column("command_id", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("measured_kw", sa.Double),
        sa.Column("previous_hash", SHA256, nullable=False),
        sa.Column("hash", SHA256, nullable=False),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_index("command_events_by_command", "command_events", ["command_id"])
    op.create_table(
        "audit_heads",
        sa.Column("site_id", sa.Text, primary_key=True),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.Column("last_hash", SHA256, nullable=False),
        sa.Column("kept_from", sa.BigInteger, nullable=False),
    )


def _ledgers_and_leases() -> None:
    op.create_table(
        "ledgers",
        sa.Column("site_id", sa.Text, primary_key=True),
        sa.Column("tariff_id", sa.Text, primary_key=True),
        sa.Column("tariff_version", sa.Text, primary_key=True),
        sa.Column("period_start", INSTANT, primary_key=True),
        sa.Column("as_of", INSTANT, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
    )
    op.create_table(
        "leases",
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("expires_s", sa.Double, nullable=False),
    )
