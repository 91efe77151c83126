"""What staff decide in a screening: moves of checks, inquiries, rulings of two people; and facts that were stated."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002_pairing"
branch_labels = None
depends_on = None

APPEND_ONLY = ("check_moves", "stated_facts")


def upgrade() -> None:
    op.create_table(
        "check_moves",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "action IN ('start', 'result_passed', 'result_failed', 'result_inconclusive', 'queue', 'take', 'decide_passed', 'decide_failed', 'ask', 'answer', 'object', 'overturn', 'uphold', 'invalidate')",
            name=op.f("ck_check_moves_action"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_check_moves")),
    )
    op.create_index("ix_check_moves_application", "check_moves", ["policy_id", "application_id"], unique=False)
    op.create_table(
        "inquiries",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("question_enc", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_enc", sa.LargeBinary(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(answered_at IS NULL) = (answer_enc IS NULL)", name=op.f("ck_inquiries_answer")),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_inquiries")),
    )
    op.create_index(
        "ix_inquiries_due",
        "inquiries",
        ["answer_by"],
        unique=False,
        postgresql_where="answered_at IS NULL AND lapsed_at IS NULL",
    )
    op.create_index(
        "uq_inquiries_open",
        "inquiries",
        ["policy_id", "application_id"],
        unique=True,
        postgresql_where="answered_at IS NULL AND lapsed_at IS NULL",
    )
    op.create_table(
        "rulings",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=True),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_by", sa.Text(), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("office", sa.Text(), nullable=False),
        sa.Column("objection", sa.Text(), nullable=False),
        sa.Column("object_by", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "confirmed_by IS NULL OR proposal = 'overturn' OR (reason_enc IS NOT NULL AND office <> '' AND objection <> '')",
            name=op.f("ck_rulings_refusal_is_complete"),
        ),
        sa.CheckConstraint("proposal IN ('refuse', 'uphold', 'overturn')", name=op.f("ck_rulings_proposal")),
        sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_at IS NULL)", name=op.f("ck_rulings_confirmed")),
        sa.CheckConstraint("confirmed_by IS NULL OR confirmed_by <> proposed_by", name=op.f("ck_rulings_two_people")),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_rulings")),
    )
    op.create_index(
        "uq_rulings_open",
        "rulings",
        ["policy_id", "application_id", "kind"],
        unique=True,
        postgresql_where="confirmed_by IS NULL AND dropped_at IS NULL",
    )
    op.create_table(
        "stated_facts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stated_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('activity', 'event_attendance', 'document_seen', 'death', 'support_measure', 'move')",
            name=op.f("ck_stated_facts_kind"),
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_stated_facts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stated_facts")),
    )
    op.create_index("ix_stated_facts_person", "stated_facts", ["person_id", "kind", "subject", "id"], unique=False)
    op.add_column("checks", sa.Column("assigned_to", sa.Text(), nullable=True))
    op.create_index(
        "ix_checks_queue",
        "checks",
        ["policy_id", "decided_at"],
        unique=False,
        postgresql_where="result IN ('inconclusive', 'manual_queue', 'assigned', 'needs_info', 'appealed')",
    )
    op.create_check_constraint(
        op.f("ck_checks_assigned_to"),
        "checks",
        "result NOT IN ('assigned', 'needs_info') OR assigned_to IS NOT NULL",
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
        )
