"""Lists of recipients and exclusions: versions, encrypted rows, the tokens that find them, and which row was used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# A version is written once. Rows and tokens may only go as a whole, when retention ends; they are never changed.
WRITTEN_ONCE = {"list_versions": "UPDATE OR DELETE", "list_rows": "UPDATE", "list_tokens": "UPDATE"}


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "recipient_lists",
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.CheckConstraint("kind IN ('recipients', 'exclusions')", name=op.f("ck_recipient_lists_kind_is_known")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_recipient_lists_policy_id")),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_recipient_lists")),
    )
    op.create_index("ix_recipient_lists_policy_id", "recipient_lists", ["policy_id"])
    op.create_table(
        "list_versions",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("file_digest", sa.LargeBinary(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_list_versions_versions_count_from_one")),
        sa.CheckConstraint("row_count >= 0", name=op.f("ck_list_versions_row_count")),
        sa.CheckConstraint("loaded_by <> ''", name=op.f("ck_list_versions_somebody_loaded_it")),
        sa.ForeignKeyConstraint(["list_id"], ["recipient_lists.list_id"], name=op.f("fk_list_versions_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_list_versions")),
        sa.UniqueConstraint("list_id", "version", name=op.f("uq_list_versions_list_id_version")),
    )
    op.create_table(
        "list_rows",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("version_id", "row_no", name=op.f("pk_list_rows")),
    )
    op.create_table(
        "list_tokens",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("detail", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("version_id", "token", "row_no", name=op.f("pk_list_tokens")),
    )
    op.create_table(
        "list_claims",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.BigInteger(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["recipient_lists.list_id"], name=op.f("fk_list_claims_list_id")),
        sa.PrimaryKeyConstraint("policy_id", "application_id", "list_id", name=op.f("pk_list_claims")),
    )
    op.create_index("ix_list_claims_list_id_identity", "list_claims", ["list_id", "identity"])
    for table, changes in WRITTEN_ONCE.items():
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE {changes} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
        )
