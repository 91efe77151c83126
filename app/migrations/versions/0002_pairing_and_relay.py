"""Pairing codes of reader agents, and whether evidence vouches that everything came from one card."""

import sqlalchemy as sa
from alembic import op

revision = "0002_pairing"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agent_pair_codes",
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("keypad_url", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('attended', 'unattended', 'simulated')", name=op.f("ck_agent_pair_codes_kind")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_agent_pair_codes_agent_id_agents")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_agent_pair_codes")),
    )
    op.create_index(op.f("ix_agent_pair_codes_expires_at"), "agent_pair_codes", ["expires_at"], unique=False)
    # A constant default rewrites no row.
    op.add_column("evidence", sa.Column("one_card", sa.Boolean(), server_default=sa.text("true"), nullable=False))
