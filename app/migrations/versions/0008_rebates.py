"""Shop lists, and rebates: enrolments, purchases, closings, and what was put aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "shop_lists",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.CheckConstraint("loaded_by <> ''", name=op.f("ck_shop_lists_somebody_loaded_it")),
        sa.CheckConstraint("purpose IN ('earn', 'spend')", name=op.f("ck_shop_lists_purpose_is_known")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_shop_lists_versions_count_from_one")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_shop_lists_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "purpose", name=op.f("pk_shop_lists")),
    )
    op.create_table(
        "shops",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("shop_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("shop_group", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("shop_no <> '' AND name <> ''", name=op.f("ck_shops_has_number_and_name")),
        sa.ForeignKeyConstraint(
            ["policy_id", "purpose"],
            ["shop_lists.policy_id", "shop_lists.purpose"],
            name=op.f("fk_shops_policy_id_purpose"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "purpose", "service_id", "shop_no", name=op.f("pk_shops")),
    )
    op.create_table(
        "rebate_enrolments",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("cap", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("allocated", sa.BigInteger(), nullable=False),
        sa.Column("return_due", sa.BigInteger(), nullable=False),
        sa.Column("periods_closed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state = 'active' OR held = 0", name=op.f("ck_rebate_enrolments_only_the_approved_hold")),
        sa.CheckConstraint("state IN ('pending', 'active', 'ended')", name=op.f("ck_rebate_enrolments_state_is_known")),
        sa.CheckConstraint("held + allocated <= cap", name=op.f("ck_rebate_enrolments_within_the_cap")),
        sa.CheckConstraint(
            "held >= 0 AND allocated >= 0 AND cap >= 0", name=op.f("ck_rebate_enrolments_never_negative")
        ),
        sa.CheckConstraint("periods_closed >= 0", name=op.f("ck_rebate_enrolments_periods_count_up")),
        sa.CheckConstraint(
            "return_due >= 0 AND return_due <= allocated", name=op.f("ck_rebate_enrolments_returns_what_was_granted")
        ),
        sa.ForeignKeyConstraint(
            ["policy_id", "policy_version"],
            ["policy_versions.policy_id", "policy_versions.version"],
            name=op.f("fk_rebate_enrolments_policy_id_policy_version"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "application_id", name=op.f("pk_rebate_enrolments")),
    )
    op.create_index(
        "ix_rebate_enrolments_state", "rebate_enrolments", ["policy_id", "state", "periods_closed"], unique=False
    )
    op.create_table(
        "rebate_purchases",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("transaction_no", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("purchase_no", sa.Text(), nullable=True),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shop_no", sa.Text(), nullable=False),
        sa.Column("lines", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("too_late", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'refund') = (purchase_no IS NOT NULL)",
            name=op.f("ck_rebate_purchases_a_refund_names_its_purchase"),
        ),
        sa.CheckConstraint("kind IN ('purchase', 'refund')", name=op.f("ck_rebate_purchases_kind_is_known")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_rebate_purchases_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["policy_id", "application_id"],
            ["rebate_enrolments.policy_id", "rebate_enrolments.application_id"],
            name=op.f("fk_rebate_purchases_policy_id_application_id"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "provider_id", "transaction_no", name=op.f("pk_rebate_purchases")),
    )
    op.create_index(
        "ix_rebate_purchases_application", "rebate_purchases", ["policy_id", "application_id"], unique=False
    )
    op.create_table(
        "rebate_put_aside",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("transaction_no", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code IN ('E703', 'E704')", name=op.f("ck_rebate_put_aside_code_is_known")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_rebate_put_aside_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rebate_put_aside")),
        sa.UniqueConstraint(
            "policy_id",
            "provider_id",
            "transaction_no",
            "digest",
            name=op.f("uq_rebate_put_aside_policy_id_provider_id_transaction_no_digest"),
        ),
    )
    op.create_table(
        "rebate_closings",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("period_no", sa.BigInteger(), nullable=False),
        sa.Column("entitled", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "entitled >= 0 AND granted >= 0 AND owed >= 0", name=op.f("ck_rebate_closings_never_negative")
        ),
        sa.CheckConstraint("granted = 0 OR owed = 0", name=op.f("ck_rebate_closings_grants_or_owes")),
        sa.CheckConstraint("period_no >= 1", name=op.f("ck_rebate_closings_periods_count_from_one")),
        sa.ForeignKeyConstraint(
            ["policy_id", "application_id"],
            ["rebate_enrolments.policy_id", "rebate_enrolments.application_id"],
            name=op.f("fk_rebate_closings_policy_id_application_id"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "application_id", "period_no", name=op.f("pk_rebate_closings")),
    )

    _keep_what_was_reported()


def _keep_what_was_reported() -> None:
    """A purchase is recorded once. Only what was bought, and where, may be taken out of it, with the person's data."""
    op.execute(
        """
        CREATE FUNCTION todoke_keep_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                RAISE EXCEPTION 'a recorded purchase stays' USING ERRCODE = 'restrict_violation';
            END IF;
            IF (to_jsonb(OLD) - 'shop_no' - 'lines') IS DISTINCT FROM (to_jsonb(NEW) - 'shop_no' - 'lines')
               OR NEW.shop_no NOT IN (OLD.shop_no, '') OR NEW.lines NOT IN (OLD.lines, '[]'::jsonb)
            THEN
                RAISE EXCEPTION 'a recorded purchase is not changed' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_purchase BEFORE UPDATE OR DELETE ON rebate_purchases "
        "FOR EACH ROW EXECUTE FUNCTION todoke_keep_purchase()"
    )
    for table in ("rebate_closings", "rebate_put_aside"):
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
        )
    for table in ("rebate_purchases", "rebate_closings", "rebate_put_aside"):
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
        )
