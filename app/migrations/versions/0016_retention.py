"""Rules of retention, certificates of erasure; statements about a person may go when the person is erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "retention_rules",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("kept_fiscal_years", sa.BigInteger(), nullable=False),
        sa.Column("keep_keys", sa.Boolean(), nullable=False),
        sa.Column("held_by", sa.Text(), nullable=True),
        sa.Column("held_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kept_fiscal_years BETWEEN 0 AND 30", name=op.f("ck_retention_rules_kept_fiscal_years")),
        sa.CheckConstraint("(held_by IS NULL) = (held_since IS NULL)", name=op.f("ck_retention_rules_held")),
        sa.CheckConstraint(
            "erased_at IS NULL OR completed_on IS NOT NULL", name=op.f("ck_retention_rules_erased_after_completion")
        ),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_retention_rules_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_retention_rules")),
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("erased_by", sa.Text(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keys_kept", sa.Boolean(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'policy')", name=op.f("ck_erasures_kind")),
        sa.CheckConstraint("reason IN ('request', 'mistake', 'retention')", name=op.f("ck_erasures_reason")),
        sa.CheckConstraint("(kind = 'policy') = (policy_id IS NOT NULL)", name=op.f("ck_erasures_policy_is_named")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON erasures "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON erasures "
        "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
    )
    # A statement about a person is personal: it goes with the person, in a transaction that says what it does.
    op.execute(
        """
        CREATE FUNCTION todoke_delete_only_to_erase() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('todoke.erasing', true) = 'on' THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'table % is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute("DROP TRIGGER refuse_change ON stated_facts")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE ON stated_facts "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER delete_only_to_erase BEFORE DELETE ON stated_facts "
        "FOR EACH ROW EXECUTE FUNCTION todoke_delete_only_to_erase()"
    )
