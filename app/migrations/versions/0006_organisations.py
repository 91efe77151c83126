"""Accounts of staff, their sign-ins, and the terminals of the counters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LIVE = sa.text("ended_at IS NULL")
_OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "staff_accounts",
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("totp_secret_enc", sa.LargeBinary(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("own_fingerprint", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('active', 'locked', 'suspended', 'closed')", name=op.f("ck_staff_accounts_state")
        ),
        sa.CheckConstraint(
            'roles <@ \'["planner", "reviewer", "approver", "treasurer", "auditor", "counter"]\'::jsonb'
            " AND jsonb_array_length(roles) > 0",
            name=op.f("ck_staff_accounts_roles"),
        ),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_staff_accounts_failures")),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_accounts")),
    )
    op.create_table(
        "counter_terminals",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("desk_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("screen_token_hash", sa.LargeBinary(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_counter_terminals_agent_id")),
        sa.UniqueConstraint("desk_token_hash", name=op.f("uq_counter_terminals_desk_token_hash")),
        sa.UniqueConstraint("screen_token_hash", name=op.f("uq_counter_terminals_screen_token_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_counter_terminals")),
    )
    op.create_index(
        "uq_counter_terminals_name",
        "counter_terminals",
        ["municipality_code", "name"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "uq_counter_terminals_agent", "counter_terminals", ["agent_id"], unique=True, postgresql_where=_OPEN
    )
    op.create_table(
        "counter_terminal_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("place IN ('desk', 'screen')", name=op.f("ck_counter_terminal_codes_place")),
        sa.ForeignKeyConstraint(
            ["terminal_id"], ["counter_terminals.id"], name=op.f("fk_counter_terminal_codes_terminal_id")
        ),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_counter_terminal_codes")),
    )
    op.create_index(
        op.f("ix_counter_terminal_codes_expires_at"), "counter_terminal_codes", ["expires_at"], unique=False
    )
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", sa.Text(), nullable=False),
        sa.Column("terminal_id", sa.Uuid(), nullable=False),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_accounts.staff_id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.ForeignKeyConstraint(["terminal_id"], ["counter_terminals.id"], name=op.f("fk_staff_sessions_terminal_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
    )
    op.create_index(op.f("ix_staff_sessions_expires_at"), "staff_sessions", ["expires_at"], unique=False)
    op.create_index("uq_staff_sessions_staff", "staff_sessions", ["staff_id"], unique=True, postgresql_where=_LIVE)
    op.create_index(
        "uq_staff_sessions_terminal", "staff_sessions", ["terminal_id"], unique=True, postgresql_where=_LIVE
    )
