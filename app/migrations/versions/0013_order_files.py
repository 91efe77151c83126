"""Orders and results by file: numbered files both ways, and the rows of results with what booking them did."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("grant_orders", sa.Column("file_no", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_grant_orders_file",
        "grant_orders",
        ["provider_id", "file_no"],
        postgresql_where=sa.text("file_no IS NOT NULL"),
    )
    op.create_table(
        "grant_files",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("sequence_no", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("encoding", sa.Text(), nullable=False),
        sa.Column("order_count", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("sequence_no >= 1", name=op.f("ck_grant_files_files_count_from_one")),
        sa.CheckConstraint("order_count >= 1 AND total >= 1", name=op.f("ck_grant_files_file_is_not_empty")),
        sa.PrimaryKeyConstraint("provider_id", "sequence_no", name=op.f("pk_grant_files")),
    )
    op.create_table(
        "result_files",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("sequence_no", sa.BigInteger(), nullable=False),
        sa.Column("answers", sa.BigInteger(), nullable=False),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sequence_no >= 1", name=op.f("ck_result_files_files_count_from_one")),
        sa.ForeignKeyConstraint(
            ["provider_id", "answers"],
            ["grant_files.provider_id", "grant_files.sequence_no"],
            name=op.f("fk_result_files_provider_id_answers"),
        ),
        sa.PrimaryKeyConstraint("provider_id", "sequence_no", name=op.f("pk_result_files")),
    )
    op.create_table(
        "result_file_rows",
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("sequence_no", sa.BigInteger(), nullable=False),
        sa.Column("row_no", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("transaction_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_result_file_rows_amount_is_positive")),
        sa.ForeignKeyConstraint(
            ["provider_id", "sequence_no"],
            ["result_files.provider_id", "result_files.sequence_no"],
            name=op.f("fk_result_file_rows_provider_id_sequence_no"),
        ),
        sa.PrimaryKeyConstraint("provider_id", "sequence_no", "row_no", name=op.f("pk_result_file_rows")),
    )
    op.create_index(
        "ix_result_file_rows_open",
        "result_file_rows",
        ["provider_id", "sequence_no", "row_no"],
        postgresql_where=sa.text("outcome IS NULL"),
    )
