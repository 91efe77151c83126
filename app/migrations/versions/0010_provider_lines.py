"""The lines to providers: how many calls failed, until when they are closed, and which calls are under way."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_lines",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("times_closed", sa.BigInteger(), nullable=False),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "failures >= 0 AND times_closed >= 0", name=op.f("ck_provider_lines_counts_are_not_negative")
        ),
        sa.CheckConstraint(
            "held_since IS NULL OR coalesce(held_note, '') <> ''", name=op.f("ck_provider_lines_a_hold_has_a_note")
        ),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_provider_lines")),
    )
    op.create_table(
        "provider_slots",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("taken_by", sa.Uuid(), nullable=True),
        sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("slot >= 1", name=op.f("ck_provider_slots_slots_count_from_one")),
        sa.PrimaryKeyConstraint("provider_id", "slot", name=op.f("pk_provider_slots")),
    )
