"""Maintenance windows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "maintenance_windows",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("planned_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stops_residents", sa.Boolean(), nullable=False),
        sa.Column("stops_orders", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "ends_at > starts_at AND planned_end >= ends_at", name=op.f("ck_maintenance_windows_in_order")
        ),
        sa.CheckConstraint("planned_end <= starts_at + interval '7 days'", name=op.f("ck_maintenance_windows_length")),
        sa.CheckConstraint("stops_residents OR stops_orders", name=op.f("ck_maintenance_windows_stops_something")),
        ExcludeConstraint(
            (sa.func.tstzrange(sa.literal_column("starts_at"), sa.literal_column("planned_end")), "&&"),
            name="ex_maintenance_windows_overlap",
            using="gist",
            where="cancelled_at IS NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_maintenance_windows")),
    )
