"""A guardian at a counter: a visit for a child names the guardian's reading until it ends."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NAME = "ck_counter_sessions_wiped_holds_nothing"
_BEFORE = (
    "state <> 'wiped' OR (person_id IS NULL AND evidence_id IS NULL AND application_id IS NULL"
    " AND receipt_no IS NULL AND seen_key IS NULL AND card_session_id IS NULL AND wiped_at IS NOT NULL"
)


def upgrade() -> None:
    op.add_column(
        "counter_sessions", sa.Column("for_child", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("counter_sessions", sa.Column("guardian_evidence_id", sa.Uuid(), nullable=True))
    # BR-50: what is over holds nothing of the guardian either.
    op.drop_constraint(op.f(_NAME), "counter_sessions")
    op.create_check_constraint(op.f(_NAME), "counter_sessions", f"{_BEFORE} AND guardian_evidence_id IS NULL)")
    op.create_check_constraint(
        op.f("ck_counter_sessions_guardian_for_a_child"),
        "counter_sessions",
        "guardian_evidence_id IS NULL OR for_child",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_counter_sessions_guardian_for_a_child"), "counter_sessions")
    op.drop_constraint(op.f(_NAME), "counter_sessions")
    op.create_check_constraint(op.f(_NAME), "counter_sessions", f"{_BEFORE})")
    op.drop_column("counter_sessions", "guardian_evidence_id")
    op.drop_column("counter_sessions", "for_child")
