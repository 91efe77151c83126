"""A ticket serves one person; a paper application has no card behind it; the queue goes by when people came."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_READ = (
    "card_session_id IS NOT NULL AND agent_id IS NOT NULL OR card_session_id IS NULL AND agent_id IS NULL"
    " AND assurance = 'staff' AND revocation = 'not_checked' AND staff_id IS NOT NULL"
)


def upgrade() -> None:
    op.add_column("queue_tickets", sa.Column("claimed_by", sa.Uuid(), nullable=True))
    op.add_column("queue_tickets", sa.Column("application_id", sa.Uuid(), nullable=True))
    # Whose a ticket was that is used already, nobody knows any more: it is nobody's who could come again.
    op.execute("UPDATE queue_tickets SET claimed_by = id WHERE used_at IS NOT NULL")
    op.create_check_constraint(
        op.f("ck_queue_tickets_used_by_somebody"), "queue_tickets", "(claimed_by IS NULL) = (used_at IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_queue_tickets_application_of_a_used_one"),
        "queue_tickets",
        "application_id IS NULL OR used_at IS NOT NULL",
    )
    op.alter_column("evidence", "card_session_id", nullable=True)
    op.alter_column("evidence", "agent_id", nullable=True)
    op.create_check_constraint(op.f("ck_evidence_read_or_stated"), "evidence", _READ)
    op.drop_index("ix_applications_waiting", table_name="applications")
    op.create_index(
        "ix_applications_waiting",
        "applications",
        ["policy_id", sa.text("coalesce(came_at, submitted_at)"), "id"],
        postgresql_where=sa.text("state = 'waitlisted'"),
    )


def downgrade() -> None:
    op.drop_index("ix_applications_waiting", table_name="applications")
    op.create_index(
        "ix_applications_waiting",
        "applications",
        ["policy_id", "submitted_at", "id"],
        postgresql_where=sa.text("state = 'waitlisted'"),
    )
    op.drop_constraint(op.f("ck_evidence_read_or_stated"), "evidence")
    op.alter_column("evidence", "agent_id", nullable=False)
    op.alter_column("evidence", "card_session_id", nullable=False)
    op.drop_constraint(op.f("ck_queue_tickets_application_of_a_used_one"), "queue_tickets")
    op.drop_constraint(op.f("ck_queue_tickets_used_by_somebody"), "queue_tickets")
    op.drop_column("queue_tickets", "application_id")
    op.drop_column("queue_tickets", "claimed_by")
