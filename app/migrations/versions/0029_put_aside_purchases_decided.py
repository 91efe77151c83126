"""What staff decided about purchases that were put aside; written once."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rebate_put_aside_decisions",
        sa.Column("put_aside_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "decision IN ('record_stands', 'corrected', 'not_theirs')",
            name=op.f("ck_rebate_put_aside_decisions_decision_is_known"),
        ),
        sa.CheckConstraint(
            "decided_by <> '' AND note <> '' AND length(note) <= 500",
            name=op.f("ck_rebate_put_aside_decisions_says_who_and_why"),
        ),
        sa.ForeignKeyConstraint(
            ["put_aside_id"],
            ["rebate_put_aside.id"],
            name=op.f("fk_rebate_put_aside_decisions_put_aside_id_rebate_put_aside"),
        ),
        sa.PrimaryKeyConstraint("put_aside_id", name=op.f("pk_rebate_put_aside_decisions")),
    )
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON rebate_put_aside_decisions "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON rebate_put_aside_decisions "
        "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
    )
