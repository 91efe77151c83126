"""Results that are put aside for staff, the ids of call-backs, and orders that stand for one recorded as failed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grant_orders", sa.Column("stands_for", sa.Uuid(), nullable=True))
    op.create_table(
        "call_backs",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "event_id", name=op.f("pk_call_backs")),
    )
    op.create_index("ix_call_backs_taken_at", "call_backs", ["taken_at"])
    op.create_table(
        "quarantined_results",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_ref", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_state", sa.Text(), nullable=True),
        sa.Column("reported_state", sa.Text(), nullable=False),
        sa.Column("transaction_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "code IN ('E701', 'E702', 'E703', 'E704')", name=op.f("ck_quarantined_results_code_is_known")
        ),
        sa.CheckConstraint(
            "source IN ('answer', 'inquiry', 'call_back', 'file')",
            name=op.f("ck_quarantined_results_source_is_known"),
        ),
        sa.CheckConstraint(
            "resolution IS NULL OR resolution IN ('no_change', 'record_stands', 'granted_after_all')",
            name=op.f("ck_quarantined_results_resolution_is_known"),
        ),
        sa.CheckConstraint("times >= 1", name=op.f("ck_quarantined_results_times_count_from_one")),
        sa.CheckConstraint(
            "(resolution IS NULL) = (resolved_at IS NULL) AND (resolution IS NULL) = (resolved_by IS NULL)",
            name=op.f("ck_quarantined_results_resolved_by_somebody"),
        ),
        sa.CheckConstraint(
            "resolution IS NULL OR resolution = 'no_change' OR coalesce(note, '') <> ''",
            name=op.f("ck_quarantined_results_a_decision_has_a_note"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_results")),
        sa.UniqueConstraint("digest", name=op.f("uq_quarantined_results_digest")),
    )
    op.create_index(
        "ix_quarantined_results_open",
        "quarantined_results",
        ["first_at"],
        postgresql_where=sa.text("resolution IS NULL"),
    )
    op.create_index(
        "ix_quarantined_results_grant",
        "quarantined_results",
        ["policy_id", "grant_id"],
        postgresql_where=sa.text("resolution IS NULL"),
    )
