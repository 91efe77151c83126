"""Applications by a guardian, service IDs that serve several children, and what the review queue looks at."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_LIVE = "state IN ('verifying', 'unreachable', 'verified', 'locked')"


def upgrade() -> None:
    op.add_column("applications", sa.Column("guardian_evidence_id", sa.Uuid(), nullable=True))
    op.add_column("applications", sa.Column("guardian_relation", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("guardian_reason", sa.Text(), nullable=True))
    op.add_column("applications", sa.Column("declared_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("applications", sa.Column("wallet", sa.Text(), server_default=sa.text("'own'"), nullable=False))
    op.create_foreign_key(
        op.f("fk_applications_guardian_evidence_id"), "applications", "evidence", ["guardian_evidence_id"], ["id"]
    )
    for name, condition in (
        ("guardian_has_evidence", "(applicant_id = beneficiary_id) = (guardian_evidence_id IS NULL)"),
        ("guardian_declared", "state = 'started' OR guardian_evidence_id IS NULL OR declared_at IS NOT NULL"),
        ("wallet", "wallet = 'own' OR wallet = 'guardian' AND guardian_evidence_id IS NOT NULL"),
    ):
        op.create_check_constraint(op.f(f"ck_applications_{name}"), "applications", condition)
    op.create_index("ix_applications_applicant", "applications", ["applicant_id"], unique=False)

    # Nobody else's benefit reaches a service ID, whatever happens at the same moment (BR-56): the slots count how many
    # an ID serves, this holds them to one owner.
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.add_column("payment_links", sa.Column("owner_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE payment_links SET owner_id = person_id")
    op.alter_column("payment_links", "owner_id", nullable=False)
    op.execute(
        "ALTER TABLE payment_links ADD CONSTRAINT ex_payment_links_one_owner EXCLUDE USING gist "
        f"(policy_id WITH =, service_id WITH =, id_index WITH =, owner_id WITH <>) WHERE ({_LIVE})"
    )

    op.drop_constraint(op.f("ck_stated_facts_kind"), "stated_facts", type_="check")
    op.create_check_constraint(
        op.f("ck_stated_facts_kind"),
        "stated_facts",
        "kind IN ('activity', 'event_attendance', 'document_seen', 'death', 'support_measure', 'move', 'guardianship')",
    )
    op.drop_constraint(op.f("ck_card_sessions_purpose"), "card_sessions", type_="check")
    op.create_check_constraint(
        op.f("ck_card_sessions_purpose"), "card_sessions", "purpose IN ('apply', 'status', 'guardian', 'child')"
    )

    op.drop_index("ix_checks_queue", table_name="checks")
    op.create_index(
        "ix_checks_queue",
        "checks",
        ["policy_id", "decided_at"],
        unique=False,
        postgresql_where=(
            "result IN ('inconclusive', 'manual_queue', 'assigned', 'needs_info', 'appealed', 'invalidated')"
            " OR result = 'pending' AND kind IN ('POST_REVIEW', 'GUARDIAN')"
        ),
    )
