"""Balances of an application that the database itself holds; the history of a return case; writing off by two people."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

# Who counts what an application has on an account and then moves it takes this lock first: there is no row to lock.
_LOCK = """
CREATE FUNCTION todoke_lock_balances(of_policy text, of_application uuid) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('balances/' || of_policy || '/' || of_application::text, 0))
$$
"""
_KEEP = """
CREATE FUNCTION todoke_keep_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held numeric;
BEGIN
    PERFORM todoke_lock_balances(NEW.policy_id, NEW.application_id);
    SELECT sum(CASE WHEN to_account = NEW.from_account THEN amount ELSE -amount END) INTO held
    FROM ledger_entries
    WHERE policy_id = NEW.policy_id AND application_id = NEW.application_id
        AND NEW.from_account IN (from_account, to_account);
    IF held < 0 THEN
        RAISE EXCEPTION 'an application has not that much on %', NEW.from_account
            USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_than_it_has', TABLE = 'ledger_entries';
    END IF;
    RETURN NULL;
END
$$
"""
# Only what is taken back or given up: entries of the hot path never leave these accounts.
_TRIGGER = """
CREATE TRIGGER keep_balances AFTER INSERT ON ledger_entries FOR EACH ROW
WHEN (NEW.from_account IN ('GRANTED', 'RETURN_DUE') AND NEW.application_id IS NOT NULL)
EXECUTE FUNCTION todoke_keep_balances()
"""
# What happened is kept; the words in it go with the person's data (BR-65) or under another key.
_KEEP_STEP = """
CREATE FUNCTION todoke_keep_return_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(OLD) - 'text_enc') IS DISTINCT FROM (to_jsonb(NEW) - 'text_enc')
        OR (OLD.text_enc IS NULL) <> (NEW.text_enc IS NULL)
    THEN
        RAISE EXCEPTION 'what happened to a return case is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    for statement in (_LOCK, _KEEP, _TRIGGER):
        op.execute(statement)
    op.create_table(
        "return_steps",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by_staff", sa.Text(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("text_enc", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_return_steps_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["policy_id", "case_id"],
            ["return_cases.policy_id", "return_cases.id"],
            name=op.f("fk_return_steps_policy_id_return_cases"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_return_steps")),
    )
    op.create_index("ix_return_steps_case", "return_steps", ["policy_id", "case_id", "at"])
    op.execute(_KEEP_STEP)
    op.execute(
        "CREATE TRIGGER keep_step BEFORE UPDATE ON return_steps FOR EACH ROW EXECUTE FUNCTION todoke_keep_return_step()"
    )
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE DELETE ON return_steps "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON return_steps "
        "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
    )
    for column, kind in (("proposal_id", sa.Uuid()), ("write_off_by", sa.Text()), ("written_off_by", sa.Text())):
        op.add_column("return_cases", sa.Column(column, kind, nullable=True))
    op.create_check_constraint(
        op.f("ck_return_cases_two_people_give_up"),
        "return_cases",
        "written_off_by IS NULL OR (write_off_by IS NOT NULL AND written_off_by <> write_off_by)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_return_cases_two_people_give_up"), "return_cases")
    for column in ("written_off_by", "write_off_by", "proposal_id"):
        op.drop_column("return_cases", column)
    op.drop_table("return_steps")
    op.execute("DROP FUNCTION todoke_keep_return_step")
    op.execute("DROP TRIGGER keep_balances ON ledger_entries")
    op.execute("DROP FUNCTION todoke_keep_balances")
    op.execute("DROP FUNCTION todoke_lock_balances")
