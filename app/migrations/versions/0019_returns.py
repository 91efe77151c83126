"""Return cases."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATES = [
    "suspected",
    "investigating",
    "notified",
    "cleared",
    "decided",
    "demanded",
    "partly_paid",
    "instalments",
    "litigated",
    "settled",
    "written_off",
    "cancelled",
]


def upgrade() -> None:
    states = ", ".join(f"'{state}'" for state in STATES)
    op.create_table(
        "return_cases",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("recovered", sa.BigInteger(), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("respond_by", sa.Date(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pay_by", sa.Date(), nullable=True),
        sa.CheckConstraint(f"state IN ({states})", name=op.f("ck_return_cases_state_is_known")),
        sa.CheckConstraint(
            "amount > 0 AND recovered >= 0 AND recovered <= amount", name=op.f("ck_return_cases_never_more_than_asked")
        ),
        sa.CheckConstraint("decided_by IS NULL OR decided_by <> proposed_by", name=op.f("ck_return_cases_two_people")),
        sa.CheckConstraint(
            "decided_by IS NULL OR (reason_enc IS NOT NULL AND office <> '' AND objection <> '')",
            name=op.f("ck_return_cases_is_complete"),
        ),
        sa.CheckConstraint("state <> 'settled' OR recovered = amount", name=op.f("ck_return_cases_settled_is_paid")),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_return_cases")),
    )
    op.create_index(
        "uq_return_cases_open",
        "return_cases",
        ["policy_id", "application_id"],
        unique=True,
        postgresql_where="state NOT IN ('cancelled', 'cleared', 'settled', 'written_off')",
    )
