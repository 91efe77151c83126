"""Counter sessions, queue tickets and alarms; what a card session and an application at a counter also record."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_AT_A_COUNTER = "channel NOT IN ('counter', 'paper') OR (staff_id IS NOT NULL AND terminal_id IS NOT NULL)"
_STATES = "'staff_in', 'card_bound', 'editing', 'read_back', 'second_tap_ok', 'done', 'wiped'"


def upgrade() -> None:
    op.add_column("card_sessions", sa.Column("attended_by", sa.Text(), nullable=True))
    op.add_column("card_sessions", sa.Column("seen_key", sa.LargeBinary(), nullable=True))
    op.drop_constraint(op.f("ck_card_sessions_purpose"), "card_sessions")
    op.drop_constraint(op.f("ck_card_sessions_done_has_evidence"), "card_sessions")
    _check(
        "card_sessions",
        "purpose",
        "purpose IN ('apply', 'status', 'guardian', 'child', 'counter', 'hold', 'confirm', 'touch')",
    )
    _check(
        "card_sessions",
        "at_a_counter_somebody_attends",
        "purpose NOT IN ('counter', 'hold', 'confirm', 'touch') OR attended_by IS NOT NULL",
    )
    _check(
        "card_sessions",
        "done_has_evidence",
        "state <> 'done' OR evidence_id IS NOT NULL OR seen_key IS NOT NULL",
    )
    op.add_column("evidence", sa.Column("staff_id", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("staff_id", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("terminal_id", sa.Uuid(), nullable=True))
    op.add_column("applications", sa.Column("came_at", sa.DateTime(timezone=True), nullable=True))
    _check("applications", "a_counter_names_its_staff", _AT_A_COUNTER)
    op.create_table(
        "queue_tickets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["terminal_id"], ["counter_terminals.id"], name=op.f("fk_queue_tickets_terminal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_queue_tickets_staff_id")),
        sa.UniqueConstraint(
            "municipality_code", "day", "number", name=op.f("uq_queue_tickets_municipality_code_day_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_tickets")),
    )
    op.create_table(
        "counter_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("card_session_id", sa.Uuid(), nullable=True),
        sa.Column("card_purpose", sa.Text(), nullable=True),
        sa.Column("seen_key", sa.LargeBinary(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("evidence_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.Column("read_back_digest", sa.Text(), nullable=True),
        sa.Column("read_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_code", sa.Text(), nullable=True),
        sa.Column("ended_facts", postgresql.JSONB(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wiped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({_STATES})", name=op.f("ck_counter_sessions_state")),
        # BR-50: what is over holds nothing of the person.
        sa.CheckConstraint(
            "state <> 'wiped' OR (person_id IS NULL AND evidence_id IS NULL AND application_id IS NULL"
            " AND receipt_no IS NULL AND seen_key IS NULL AND card_session_id IS NULL AND wiped_at IS NOT NULL)",
            name=op.f("ck_counter_sessions_wiped_holds_nothing"),
        ),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["counter_terminals.id"], name=op.f("fk_counter_sessions_terminal_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_counter_sessions_staff_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["queue_tickets.id"], name=op.f("fk_counter_sessions_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_sessions")),
    )
    op.create_index(
        "uq_counter_sessions_terminal",
        "counter_sessions",
        ["terminal_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'wiped'"),
    )
    op.create_index(op.f("ix_counter_sessions_terminal_id_opened_at"), "counter_sessions", ["terminal_id", "opened_at"])
    op.create_table(
        "counter_accounts_seen",
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("account_index", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_counter_accounts_seen_staff_id")
        ),
        sa.PrimaryKeyConstraint("staff_id", "account_index", "person_id", name=op.f("pk_counter_accounts_seen")),
    )
    op.create_table(
        "counter_alarms",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.Text(), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.CheckConstraint("code IN ('E801', 'E803')", name=op.f("ck_counter_alarms_code")),
        # Four eyes: nobody closes the alarm about themselves.
        sa.CheckConstraint(
            "(seen_by IS NULL) = (seen_at IS NULL) AND seen_by IS DISTINCT FROM staff_id"
            " AND (seen_by IS NULL OR note IS NOT NULL)",
            name=op.f("ck_counter_alarms_seen_by_another"),
        ),
        sa.ForeignKeyConstraint(["terminal_id"], ["counter_terminals.id"], name=op.f("fk_counter_alarms_terminal_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_counter_alarms_staff_id")),
        sa.ForeignKeyConstraint(["seen_by"], ["staff_accounts.staff_id"], name=op.f("fk_counter_alarms_seen_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_alarms")),
    )
    op.create_index(
        op.f("ix_counter_alarms_municipality_code_raised_at"), "counter_alarms", ["municipality_code", "raised_at"]
    )


def _check(table: str, name: str, condition: str) -> None:
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
