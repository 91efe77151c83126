"""A time written by hand while the terminal was away is taken over with its reason and both hands."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_EXPLAINED = "ck_applications_a_hand_written_time_is_explained"


def upgrade() -> None:
    op.create_table(
        "paper_slips",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "reason IN ('offline', 'reader_away', 'power_cut', 'other')", name=op.f("ck_paper_slips_reason")
        ),
        sa.CheckConstraint("reason <> 'other' OR note <> ''", name=op.f("ck_paper_slips_another_reason_is_said")),
        sa.CheckConstraint("char_length(note) <= 200", name=op.f("ck_paper_slips_note_is_short")),
        sa.CheckConstraint("written_at <= entered_at", name=op.f("ck_paper_slips_written_before_it_was_entered")),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["counter_terminals.id"], name=op.f("fk_paper_slips_terminal_id_counter_terminals")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_paper_slips_staff_id_staff_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["received_by"], ["staff_accounts.staff_id"], name=op.f("fk_paper_slips_received_by_staff_accounts")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper_slips")),
        sa.UniqueConstraint("application_id", name=op.f("uq_paper_slips_application_id")),
    )
    op.add_column("applications", sa.Column("came_at_reason", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("came_at_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f(_EXPLAINED),
        "applications",
        "(came_at_reason IS NULL) = (came_at_by IS NULL)"
        " AND (came_at_reason IS NULL OR came_at IS NOT NULL AND channel = 'paper')",
    )


def downgrade() -> None:
    op.drop_constraint(op.f(_EXPLAINED), "applications")
    op.drop_column("applications", "came_at_by")
    op.drop_column("applications", "came_at_reason")
    op.drop_table("paper_slips")
