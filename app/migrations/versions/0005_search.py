"""The listings that search looks at, kept in step with states and counters by triggers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOVED = ("category", "title_index", "apply_from", "apply_to", "reopen", "decided_at_once", "services")

# The counters are exhausted when no seat is free or the free budget is below any amount (BR-34).
EXHAUSTED = "({0}.capacity IS NOT NULL AND {0}.seats_taken >= {0}.capacity OR {0}.budget < {0}.smallest_amount)"


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.create_table(
        "policy_listings",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("prefecture_code", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("apply_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("apply_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopen", sa.Boolean(), nullable=False),
        sa.Column("decided_at_once", sa.Boolean(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("services", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("exhausted", sa.Boolean(), nullable=False),
        sa.Column("was_filled", sa.Boolean(), nullable=False),
        sa.Column(
            "is_full",
            sa.Boolean(),
            sa.Computed("exhausted OR (was_filled AND NOT reopen)", persisted=True),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("amount_text", sa.Text(), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("short_text", sa.Text(), nullable=False),
        sa.Column("index_version", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["policies.policy_id"],
            name=op.f("fk_policy_listings_policy_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policy_listings")),
    )
    op.create_index("ix_policy_listings_changed_by", "policy_listings", ["changed_by"])
    for column in ("search_text", "short_text"):
        op.create_index(
            f"ix_policy_listings_{column}",
            "policy_listings",
            [column],
            postgresql_using="gin",
            postgresql_ops={column: "gin_trgm_ops"},
        )
    _note_changes()
    _follow_states()
    _follow_counters()
    # Rows for the policies that are here already are made from their documents by the first load or
    # `todoke policies reindex`: their words come from the program, not from SQL.
    op.drop_index("ix_policies_category", table_name="policies")
    op.drop_index("ix_policies_municipality_code", table_name="policies")
    op.drop_constraint(op.f("ck_policies_window"), "policies", type_="check")
    for column in MOVED:
        op.drop_column("policies", column)


def _note_changes() -> None:
    op.execute(
        """
        CREATE FUNCTION todoke_note_listing_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          NEW.changed_by := pg_current_xact_id()::text::bigint;
          RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER listing_notes_change BEFORE INSERT OR UPDATE ON policy_listings FOR EACH ROW
        EXECUTE FUNCTION todoke_note_listing_change()
        """
    )


def _follow_states() -> None:
    op.execute(
        """
        CREATE FUNCTION todoke_list_policy_state() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE policy_listings SET state = NEW.state WHERE policy_id = NEW.policy_id;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER listing_follows_state AFTER UPDATE OF state ON policies FOR EACH ROW
        WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION todoke_list_policy_state()
        """
    )


def _follow_counters() -> None:
    """Fires only when a policy becomes full or free again: a submit in between writes no second row."""
    op.execute(
        f"""
        CREATE FUNCTION todoke_list_policy_counters() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE policy_listings
          SET exhausted = {EXHAUSTED.format("NEW")}, was_filled = NEW.filled_at IS NOT NULL
          WHERE policy_id = NEW.policy_id;
          RETURN NULL;
        END $$
        """  # noqa: S608  # the parts are constants of this file
    )
    op.execute(
        f"""
        CREATE TRIGGER listing_follows_counters AFTER UPDATE ON policy_counters FOR EACH ROW
        WHEN ({EXHAUSTED.format("OLD")} IS DISTINCT FROM {EXHAUSTED.format("NEW")}
              OR (OLD.filled_at IS NULL) IS DISTINCT FROM (NEW.filled_at IS NULL))
        EXECUTE FUNCTION todoke_list_policy_counters()
        """
    )
