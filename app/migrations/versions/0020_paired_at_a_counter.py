"""Readers paired from a counter's page: whose they are, and for which terminal a code was made."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("agents", sa.Column("municipality_code", sa.Text(), nullable=True))
    op.execute(
        "UPDATE agents SET municipality_code = counter_terminals.municipality_code FROM counter_terminals"
        " WHERE counter_terminals.agent_id = agents.id AND counter_terminals.closed_at IS NULL"
    )
    # A terminal may be there before its reader: the first one is paired from its own page.
    op.alter_column("counter_terminals", "agent_id", nullable=True)
    op.add_column("agent_pair_codes", sa.Column("municipality_code", sa.Text(), nullable=True))
    op.add_column("agent_pair_codes", sa.Column("terminal_id", sa.Uuid(), nullable=True))
    op.add_column("agent_pair_codes", sa.Column("issued_by", sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_agent_pair_codes_made_at_a_counter"),
        "agent_pair_codes",
        "num_nulls(terminal_id, municipality_code, issued_by) IN (0, 3)",
    )
    # The latest code for a terminal is the only one.
    op.create_index(
        "uq_agent_pair_codes_terminal",
        "agent_pair_codes",
        ["terminal_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_agent_pair_codes_terminal", "agent_pair_codes")
    op.drop_constraint(op.f("ck_agent_pair_codes_made_at_a_counter"), "agent_pair_codes")
    op.drop_column("agent_pair_codes", "issued_by")
    op.drop_column("agent_pair_codes", "terminal_id")
    op.drop_column("agent_pair_codes", "municipality_code")
    op.execute("DELETE FROM counter_terminals WHERE agent_id IS NULL")
    op.alter_column("counter_terminals", "agent_id", nullable=False)
    op.drop_column("agents", "municipality_code")
