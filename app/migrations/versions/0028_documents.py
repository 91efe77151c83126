"""Pictures that a person sends with an answer, encrypted; what is discarded or erased leaves its row."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("inquiry_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("height", sa.BigInteger(), nullable=False),
        sa.Column("content_enc", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("discarded_by", sa.Text(), nullable=True),
        sa.Column("discarded_for", sa.Text(), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("place BETWEEN 1 AND 3", name=op.f("ck_documents_place")),
        sa.CheckConstraint("width > 0 AND height > 0", name=op.f("ck_documents_drawn")),
        sa.CheckConstraint("(discarded_at IS NULL) = (discarded_by IS NULL)", name=op.f("ck_documents_discarded_by")),
        sa.CheckConstraint(
            "(discarded_at IS NULL) = (discarded_for IS NULL)"
            " AND discarded_for IN ('back_of_card', 'number_visible', 'not_needed')",
            name=op.f("ck_documents_discarded_for"),
        ),
        sa.CheckConstraint(
            "(content_enc = ''::bytea) = (discarded_at IS NOT NULL OR erased_at IS NOT NULL)",
            name=op.f("ck_documents_content"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id", "inquiry_id"],
            ["inquiries.policy_id", "inquiries.id"],
            name=op.f("fk_documents_policy_id_inquiry_id_inquiries"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_documents")),
    )
    op.create_index("uq_documents_place", "documents", ["policy_id", "inquiry_id", "place"], unique=True)
    op.create_index("ix_documents_application", "documents", ["policy_id", "application_id"])


def downgrade() -> None:
    op.drop_table("documents")
