"""At a counter a service is chosen for an application that was sent, and the person of a paper is told what came."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

_NOTHING = (
    "state <> 'wiped' OR (person_id IS NULL AND evidence_id IS NULL AND application_id IS NULL"
    " AND receipt_no IS NULL AND seen_key IS NULL AND card_session_id IS NULL AND wiped_at IS NOT NULL"
    " AND guardian_evidence_id IS NULL"
)
_TOLD = "ck_applications_told_of_a_paper"
_NAME = "ck_counter_sessions_wiped_holds_nothing"
_STATES = (
    "state IN ('open', 'taken',{} 'waiting_card', 'waiting_pin', 'reading', 'verifying', 'done', 'failed',"
    " 'cancelled', 'expired')"
)
_STATE = "ck_card_sessions_state"


_KEEP = """
CREATE OR REPLACE FUNCTION todoke_keep_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'started' AND (
        NEW.state = 'started'
        OR (OLD.policy_id, OLD.policy_version, OLD.receipt_no, OLD.unit_key)
            IS DISTINCT FROM
           (NEW.policy_id, NEW.policy_version, NEW.receipt_no, NEW.unit_key)
        OR (NEW.beneficiary_id IS DISTINCT FROM OLD.beneficiary_id{of_a_paper})
        OR (NEW.amount <> OLD.amount AND NOT (
            OLD.amount_by_register
            AND OLD.state IN ('submitted', 'waitlisted', 'screening', 'info_requested', 're_review')
        ))
    ) THEN
        RAISE EXCEPTION 'a sent application keeps what was decided' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""
# A paper of somebody whom no card has shown yet becomes the card holder's, once: from then on its person has a key.
_OF_A_PAPER = """ AND NOT (
            OLD.channel = 'paper'
            AND OLD.applicant_id = OLD.beneficiary_id
            AND NEW.applicant_id = NEW.beneficiary_id
            AND NOT EXISTS (SELECT FROM person_keys WHERE person_id = OLD.beneficiary_id)
            AND EXISTS (SELECT FROM person_keys WHERE person_id = NEW.beneficiary_id)
        )"""


def upgrade() -> None:
    op.execute(_KEEP.format(of_a_paper=_OF_A_PAPER))
    op.drop_constraint(op.f(_STATE), "card_sessions")
    op.create_check_constraint(op.f(_STATE), "card_sessions", _STATES.format(" 'waiting_removal',"))
    op.add_column("counter_sessions", sa.Column("errand", sa.Text(), server_default=sa.text("'apply'"), nullable=False))
    op.add_column("counter_sessions", sa.Column("chosen_service", sa.Text(), nullable=True))
    op.add_column("counter_sessions", sa.Column("chosen_account_enc", sa.LargeBinary(), nullable=True))
    op.add_column("counter_sessions", sa.Column("chosen_last4", sa.Text(), nullable=True))
    op.add_column("counter_sessions", sa.Column("chosen_holder", sa.Text(), nullable=True))
    op.create_check_constraint(op.f("ck_counter_sessions_errand"), "counter_sessions", "errand IN ('apply', 'choose')")
    op.create_check_constraint(
        op.f("ck_counter_sessions_chooses_for_oneself"), "counter_sessions", "errand = 'apply' OR NOT for_child"
    )
    op.drop_constraint(op.f(_NAME), "counter_sessions")
    chosen = " AND chosen_service IS NULL AND chosen_account_enc IS NULL"
    chosen += " AND chosen_last4 IS NULL AND chosen_holder IS NULL)"
    op.create_check_constraint(op.f(_NAME), "counter_sessions", _NOTHING + chosen)
    op.add_column("applications", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f(_TOLD), "applications", "told_at IS NULL OR channel = 'paper'")


def downgrade() -> None:
    op.execute(_KEEP.format(of_a_paper=""))
    op.drop_constraint(op.f(_TOLD), "applications")
    op.drop_column("applications", "told_at")
    op.execute("UPDATE card_sessions SET state = 'waiting_card' WHERE state = 'waiting_removal'")
    op.drop_constraint(op.f(_STATE), "card_sessions")
    op.create_check_constraint(op.f(_STATE), "card_sessions", _STATES.format(""))
    op.drop_constraint(op.f(_NAME), "counter_sessions")
    op.create_check_constraint(op.f(_NAME), "counter_sessions", _NOTHING + ")")
    op.drop_constraint(op.f("ck_counter_sessions_chooses_for_oneself"), "counter_sessions")
    op.drop_constraint(op.f("ck_counter_sessions_errand"), "counter_sessions")
    for column in ("chosen_holder", "chosen_last4", "chosen_account_enc", "chosen_service", "errand"):
        op.drop_column("counter_sessions", column)
