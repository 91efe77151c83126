"""Evidence says what the agent found of the card's own key (card.md 9, P8)."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("evidence", sa.Column("card_proof", sa.Text(), server_default=sa.text("'not_done'"), nullable=False))
    op.create_check_constraint(
        op.f("ck_evidence_card_proof"), "evidence", "card_proof IN ('live', 'unknown_issuer', 'not_done')"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_evidence_card_proof"), "evidence")
    op.drop_column("evidence", "card_proof")
