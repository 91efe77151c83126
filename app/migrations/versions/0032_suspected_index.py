"""An index for the few suspected duplicates, so that a submit finds everybody alike by indexes alone."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_applications_suspected",
        "applications",
        ["policy_id", "fingerprint"],
        postgresql_where="state NOT IN ('abandoned', 'closed_out', 'lapsed', 'started', 'withdrawn')"
        " AND NOT cleared_by_staff AND duplicate_suspected",
    )


def downgrade() -> None:
    op.drop_index("ix_applications_suspected", "applications")
