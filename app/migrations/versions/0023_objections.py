"""What a person writes against a refusal is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("rulings", sa.Column("objected_enc", sa.LargeBinary(), nullable=True))
    op.add_column("rulings", sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_rulings_objection"),
        "rulings",
        "(objected_at IS NULL) = (objected_enc IS NULL)"
        " AND (objected_at IS NULL OR proposal = 'refuse' AND confirmed_by IS NOT NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_rulings_objection"), "rulings")
    op.drop_column("rulings", "objected_at")
    op.drop_column("rulings", "objected_enc")
