"""A return case says where it comes from: a review by staff, or refunds of a rebate."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("return_cases", sa.Column("origin", sa.Text(), nullable=False, server_default="review"))
    op.create_check_constraint(
        op.f("ck_return_cases_origin_is_known"), "return_cases", "origin IN ('review', 'rebate')"
    )
