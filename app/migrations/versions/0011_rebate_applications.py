"""An application for a rebate takes no points when it is sent: its amount is 0, and its purchases decide."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Allow 0; the ledger still moves at least one point."""
    op.drop_constraint(op.f("ck_applications_amount"), "applications", type_="check")
    op.create_check_constraint(op.f("ck_applications_amount"), "applications", "amount >= 0")
