"""Grants that need a receipt action have a last day for it (domain.md 5.10)."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grants", sa.Column("receive_by", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_grants_receipt_has_a_day"), "grants", "state <> 'awaiting_receipt' OR receive_by IS NOT NULL"
    )
    op.create_index(
        "ix_grants_receive_by", "grants", ["receive_by"], postgresql_where=sa.text("state = 'awaiting_receipt'")
    )


def downgrade() -> None:
    op.drop_index("ix_grants_receive_by", table_name="grants")
    op.drop_constraint(op.f("ck_grants_receipt_has_a_day"), "grants")
    op.drop_column("grants", "receive_by")
