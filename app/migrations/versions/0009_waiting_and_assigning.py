"""The queue for a seat, the choice of a service after the submit, and the seats that were taken before the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

NO = sa.text("false")

# Nobody passes those who wait: while somebody does, there is nothing free for anybody else (migration 0005).
EXHAUSTED = (
    "({0}.capacity IS NOT NULL AND {0}.seats_taken >= {0}.capacity OR {0}.budget < {0}.smallest_amount "
    "OR {0}.waiting > 0)"
)


def upgrade() -> None:
    # Constant defaults rewrite no row.
    op.add_column("applications", sa.Column("choose_later", sa.Boolean(), server_default=NO, nullable=False))
    op.add_column("applications", sa.Column("assign_by", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_applications_waiting",
        "applications",
        ["policy_id", "submitted_at", "id"],
        postgresql_where="state = 'waitlisted'",
    )
    op.create_index("ix_applications_assign_by", "applications", ["assign_by"], postgresql_where="state = 'approved'")
    for name in ("opening_seats", "waiting"):
        op.add_column("policy_counters", sa.Column(name, sa.BigInteger(), server_default=sa.text("0"), nullable=False))
        op.create_check_constraint(op.f(f"ck_policy_counters_{name}"), "policy_counters", f"{name} >= 0")
    _count_seats_of_before()
    _list_as_full_while_somebody_waits()


def _list_as_full_while_somebody_waits() -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION todoke_list_policy_counters() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE policy_listings
          SET exhausted = {EXHAUSTED.format("NEW")}, was_filled = NEW.filled_at IS NOT NULL
          WHERE policy_id = NEW.policy_id;
          RETURN NULL;
        END $$
        """  # noqa: S608  # the parts are constants of this file
    )
    op.execute("DROP TRIGGER listing_follows_counters ON policy_counters")
    op.execute(
        f"""
        CREATE TRIGGER listing_follows_counters AFTER UPDATE ON policy_counters FOR EACH ROW
        WHEN ({EXHAUSTED.format("OLD")} IS DISTINCT FROM {EXHAUSTED.format("NEW")}
              OR (OLD.filled_at IS NULL) IS DISTINCT FROM (NEW.filled_at IS NULL))
        EXECUTE FUNCTION todoke_list_policy_counters()
        """
    )


def _count_seats_of_before() -> None:
    """A seat that no application's entries account for was taken before this ledger began."""
    op.execute(
        """
        UPDATE policy_counters SET opening_seats = seats_taken - (
          SELECT count(*) FROM (
            SELECT application_id FROM ledger_entries e
            WHERE e.policy_id = policy_counters.policy_id AND application_id IS NOT NULL
              AND 'BUDGET' IN (from_account, to_account)
            GROUP BY application_id
            HAVING sum(CASE from_account WHEN 'BUDGET' THEN amount ELSE -amount END) > 0
          ) held
        )
        WHERE seats_taken > 0
        """
    )
