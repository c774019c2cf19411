"""Registered heat pumps: the devices, what was measured at them, their daily plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
SORTED_ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "devices",
        sa.Column("id", SORTED_ID, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("latitude", sa.Double, nullable=False),
        sa.Column("longitude", sa.Double, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("is_in_vpp", sa.Boolean, nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        sa.Column("fields", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.Column("pump", sa.JSON, nullable=False),
    )
    op.create_table(
        "heat_readings",
        sa.Column("device_id", sa.Text, primary_key=True),
        sa.Column("at", INSTANT, primary_key=True),
        sa.Column("indoor_c", sa.Double),
        sa.Column("outdoor_c", sa.Double),
        sa.Column("power_kw", sa.Double),
        sa.Column("mode", sa.Text),
        postgresql_partition_by="RANGE (at)",
    )
    op.create_table(
        "day_plans",
        sa.Column("device_id", sa.Text, primary_key=True),
        sa.Column("day_at", INSTANT, primary_key=True),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        postgresql_partition_by="RANGE (day_at)",
    )
