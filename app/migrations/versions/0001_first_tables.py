"""First tables, the rows that never change, and Procrastinate's tables."""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "audit_events",
    "audit_seals",
    "audit_seal_entries",
    "evidence",
    "ledger_entries",
    "policy_versions",
)


def upgrade() -> None:
    op.create_table(
        "agent_nonces",
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "nonce", name=op.f("pk_agent_nonces")),
    )
    op.create_index(op.f("ix_agent_nonces_expires_at"), "agent_nonces", ["expires_at"], unique=False)
    op.create_table(
        "agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reader_no", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("keypad_url", sa.Text(), nullable=True),
        sa.Column("desk_url", sa.Text(), nullable=True),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("enrolled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('attended', 'unattended', 'simulated')", name=op.f("ck_agents_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agents")),
        sa.UniqueConstraint("public_key", name=op.f("uq_agents_public_key")),
        sa.UniqueConstraint("reader_no", name=op.f("uq_agents_reader_no")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("object_kind", sa.Text(), nullable=False),
        sa.Column("object_id", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_object", "audit_events", ["object_kind", "object_id"], unique=False)
    op.create_table(
        "audit_seals",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_count", sa.BigInteger(), nullable=False),
        sa.Column("previous_digest", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_seals")),
    )
    op.create_table(
        "checks",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("input_digest", sa.LargeBinary(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('CARD_AUTO', 'PRE_LIST', 'EXCLUSION_LIST', 'EXTERNAL_APP', 'EVENT_QR', 'DOC_AT_COUNTER', 'POST_REVIEW', 'AGE', 'GUARDIAN', 'SUPPORT_MEASURE')",
            name=op.f("ck_checks_kind"),
        ),
        sa.CheckConstraint(
            "result IN ('pending', 'running', 'passed', 'failed', 'inconclusive', 'manual_queue', 'assigned', 'needs_info', 'appealed', 'upheld', 'invalidated')",
            name=op.f("ck_checks_result"),
        ),
        sa.CheckConstraint(
            "result NOT IN ('failed', 'upheld') OR code IS NOT NULL", name=op.f("ck_checks_failure_has_a_code")
        ),
        sa.PrimaryKeyConstraint("policy_id", "application_id", "kind", name=op.f("pk_checks")),
    )
    op.create_table(
        "payment_services",
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_payment_services")),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persons")),
    )
    op.create_table(
        "policies",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("current_version", sa.BigInteger(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("title_index", sa.Text(), nullable=False),
        sa.Column("apply_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("apply_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reopen", sa.Boolean(), nullable=False),
        sa.Column("decided_at_once", sa.Boolean(), nullable=False),
        sa.Column("services", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'in_review', 'returned', 'approved', 'published', 'suspended', 'settling', 'completed', 'archived', 'cancelling', 'cancelled')",
            name=op.f("ck_policies_state"),
        ),
        sa.CheckConstraint("apply_from < apply_to", name=op.f("ck_policies_window")),
        sa.CheckConstraint("current_version >= 1", name=op.f("ck_policies_current_version")),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policies")),
    )
    op.create_index("ix_policies_category", "policies", ["category"], unique=False)
    op.create_index("ix_policies_municipality_code", "policies", ["municipality_code"], unique=False)
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "window_start", name=op.f("pk_rate_limits")),
    )
    op.create_index(op.f("ix_rate_limits_window_start"), "rate_limits", ["window_start"], unique=False)
    op.create_table(
        "revocation_lists",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("der", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_revocation_lists")),
    )
    op.create_table(
        "simulated_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("offset_microseconds", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_simulated_clock_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_simulated_clock")),
    )
    op.create_table(
        "web_sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_web_sessions")),
    )
    op.create_index(op.f("ix_web_sessions_expires_at"), "web_sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_web_sessions_person_id"), "web_sessions", ["person_id"], unique=False)
    op.create_table(
        "audit_seal_entries",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("seal_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["event_id"], ["audit_events.id"], name=op.f("fk_audit_seal_entries_event_id")),
        sa.ForeignKeyConstraint(["seal_id"], ["audit_seals.id"], name=op.f("fk_audit_seal_entries_seal_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_seal_entries")),
    )
    op.create_index(op.f("ix_audit_seal_entries_seal_id"), "audit_seal_entries", ["seal_id"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("facts_id", sa.Uuid(), nullable=False),
        sa.Column("card_session_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("assurance", sa.Text(), nullable=False),
        sa.Column("revocation", sa.Text(), nullable=False),
        sa.Column("issuer_check", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("address_status", sa.Text(), nullable=False),
        sa.Column("address_code", sa.Text(), nullable=True),
        sa.Column("address_candidates", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address_table_version", sa.Text(), nullable=False),
        sa.Column("looks_like_another", sa.Boolean(), nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "assurance IN ('attended', 'unattended', 'outside', 'staff', 'simulated')",
            name=op.f("ck_evidence_assurance"),
        ),
        sa.CheckConstraint("revocation IN ('good', 'revoked', 'not_checked')", name=op.f("ck_evidence_revocation")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_evidence_agent_id")),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_evidence_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("card_session_id", name=op.f("uq_evidence_card_session_id")),
    )
    op.create_index(op.f("ix_evidence_person_id"), "evidence", ["person_id"], unique=False)
    op.create_table(
        "ledger_entries",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("from_account", sa.Text(), nullable=False),
        sa.Column("to_account", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("application_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(event, from_account, to_account) IN (('fund', 'FUNDING', 'BUDGET'), ('defund', 'BUDGET', 'FUNDING'), ('opening', 'BUDGET', 'GRANTED'), ('reserve', 'BUDGET', 'RESERVED'), ('release', 'RESERVED', 'BUDGET'), ('commit', 'RESERVED', 'COMMITTED'), ('uncommit', 'COMMITTED', 'BUDGET'), ('expire', 'COMMITTED', 'EXPIRED'), ('recycle', 'EXPIRED', 'BUDGET'), ('order', 'COMMITTED', 'ORDERED'), ('grant_ok', 'ORDERED', 'GRANTED'), ('grant_ng', 'ORDERED', 'COMMITTED'), ('not_received', 'GRANTED', 'EXPIRED'), ('clawback_open', 'GRANTED', 'RETURN_DUE'), ('clawback_cancel', 'RETURN_DUE', 'GRANTED'), ('reversal', 'RETURN_DUE', 'RETURNED'), ('repay', 'RETURN_DUE', 'RETURNED'), ('write_off', 'RETURN_DUE', 'WRITTEN_OFF'))",
            name=op.f("ck_ledger_entries_flow_is_legal"),
        ),
        sa.CheckConstraint(
            "NOT (event IN ('order', 'grant_ok', 'grant_ng')) OR order_id IS NOT NULL",
            name=op.f("ck_ledger_entries_order_is_named"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_ledger_entries_amount_is_positive")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_ledger_entries_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_ledger_entries")),
    )
    op.create_index("ix_ledger_entries_application", "ledger_entries", ["policy_id", "application_id"], unique=False)
    op.create_index(
        "uq_ledger_entries_order_event",
        "ledger_entries",
        ["policy_id", "order_id", "event"],
        unique=True,
        postgresql_where="event IN ('order', 'grant_ok', 'grant_ng')",
    )
    op.create_index(
        "uq_ledger_entries_order_result",
        "ledger_entries",
        ["policy_id", "order_id"],
        unique=True,
        postgresql_where="event IN ('grant_ok', 'grant_ng')",
    )
    op.create_table(
        "payment_links",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("account_enc", sa.LargeBinary(), nullable=False),
        sa.Column("id_index", sa.LargeBinary(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("holder_masked", sa.Text(), nullable=True),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('entered', 'format_ok', 'verifying', 'verified', 'mismatch', 'unreachable', 'locked', 'removed', 'stale', 'released')",
            name=op.f("ck_payment_links_state_is_known"),
        ),
        sa.CheckConstraint("char_length(last4) <= 4", name=op.f("ck_payment_links_last4_is_short")),
        sa.CheckConstraint("slot >= 1", name=op.f("ck_payment_links_slot_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["service_id"], ["payment_services.service_id"], name=op.f("fk_payment_links_service_id")
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_payment_links")),
    )
    op.create_index(op.f("ix_payment_links_person_id"), "payment_links", ["person_id"], unique=False)
    op.create_index(
        "uq_payment_links_live_account",
        "payment_links",
        ["policy_id", "service_id", "id_index", "slot"],
        unique=True,
        postgresql_where="state IN ('verifying', 'unreachable', 'verified', 'locked')",
    )
    op.create_index(
        "uq_payment_links_live_application",
        "payment_links",
        ["policy_id", "application_id"],
        unique=True,
        postgresql_where="state IN ('verifying', 'unreachable', 'verified', 'locked')",
    )
    op.create_table(
        "person_facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("address_enc", sa.LargeBinary(), nullable=False),
        sa.Column("birth_date_enc", sa.LargeBinary(), nullable=False),
        sa.Column("sex_enc", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_facts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_facts")),
    )
    op.create_index(op.f("ix_person_facts_fingerprint"), "person_facts", ["fingerprint"], unique=False)
    op.create_index(op.f("ix_person_facts_person_id"), "person_facts", ["person_id"], unique=False)
    op.create_table(
        "person_keys",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_person_keys_person_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_person_keys")),
    )
    op.create_index(op.f("ix_person_keys_person_id"), "person_keys", ["person_id"], unique=False)
    op.create_table(
        "policy_counters",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("capacity", sa.BigInteger(), nullable=True),
        sa.Column("smallest_amount", sa.BigInteger(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seats_taken", sa.BigInteger(), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("ordered", sa.BigInteger(), nullable=False),
        sa.Column("granted", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("return_due", sa.BigInteger(), nullable=False),
        sa.Column("returned", sa.BigInteger(), nullable=False),
        sa.Column("written_off", sa.BigInteger(), nullable=False),
        sa.Column("funded", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "budget + reserved + committed + ordered + granted + expired + return_due + returned + written_off = funded",
            name=op.f("ck_policy_counters_sums_to_funded"),
        ),
        sa.CheckConstraint("budget >= 0", name=op.f("ck_policy_counters_budget")),
        sa.CheckConstraint(
            "capacity IS NULL OR seats_taken <= capacity", name=op.f("ck_policy_counters_seats_within_capacity")
        ),
        sa.CheckConstraint("committed >= 0", name=op.f("ck_policy_counters_committed")),
        sa.CheckConstraint("expired >= 0", name=op.f("ck_policy_counters_expired")),
        sa.CheckConstraint("funded >= 0", name=op.f("ck_policy_counters_funded")),
        sa.CheckConstraint("granted >= 0", name=op.f("ck_policy_counters_granted")),
        sa.CheckConstraint("ordered >= 0", name=op.f("ck_policy_counters_ordered")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_policy_counters_reserved")),
        sa.CheckConstraint("return_due >= 0", name=op.f("ck_policy_counters_return_due")),
        sa.CheckConstraint("returned >= 0", name=op.f("ck_policy_counters_returned")),
        sa.CheckConstraint("seats_taken >= 0", name=op.f("ck_policy_counters_seats_taken")),
        sa.CheckConstraint("smallest_amount >= 1", name=op.f("ck_policy_counters_smallest_amount")),
        sa.CheckConstraint("written_off >= 0", name=op.f("ck_policy_counters_written_off")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_policy_counters_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", name=op.f("pk_policy_counters")),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "policy_versions",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("version >= 1", name=op.f("ck_policy_versions_version")),
        sa.ForeignKeyConstraint(["policy_id"], ["policies.policy_id"], name=op.f("fk_policy_versions_policy_id")),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("pk_policy_versions")),
    )
    op.create_table(
        "applications",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("policy_version", sa.BigInteger(), nullable=False),
        sa.Column("receipt_no", sa.Text(), nullable=True),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("unit_key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("cleared_by_staff", sa.Boolean(), nullable=False),
        sa.Column("duplicate_suspected", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.Uuid(), nullable=False),
        sa.Column("review_requested", sa.Boolean(), nullable=False),
        sa.Column("consents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=True),
        sa.Column("draft_account_enc", sa.LargeBinary(), nullable=True),
        sa.Column("draft_last4", sa.Text(), nullable=True),
        sa.Column("holder_masked", sa.Text(), nullable=True),
        sa.Column("in_grace", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fulfilled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state = 'started' OR draft_account_enc IS NULL",
            name=op.f("ck_applications_draft_account_only_while_started"),
        ),
        sa.CheckConstraint(
            "state = 'started' OR receipt_no IS NOT NULL", name=op.f("ck_applications_submitted_has_receipt")
        ),
        sa.CheckConstraint(
            "state IN ('started', 'abandoned', 'submitted', 'waitlisted', 'closed_out', 'screening', 'info_requested', 'lapsed', 'approved', 'assign_expired', 'fulfilled', 'rejected', 're_review', 'rejected_final', 'withdrawn', 'revoked')",
            name=op.f("ck_applications_state"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_applications_amount")),
        sa.ForeignKeyConstraint(["applicant_id"], ["persons.id"], name=op.f("fk_applications_applicant_id")),
        sa.ForeignKeyConstraint(["beneficiary_id"], ["persons.id"], name=op.f("fk_applications_beneficiary_id")),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_applications_evidence_id")),
        sa.ForeignKeyConstraint(
            ["policy_id", "policy_version"],
            ["policy_versions.policy_id", "policy_versions.version"],
            name=op.f("fk_applications_policy_id_policy_version"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_applications")),
        sa.UniqueConstraint("id", name=op.f("uq_applications_id")),
        sa.UniqueConstraint("receipt_no", name=op.f("uq_applications_receipt_no")),
    )
    op.create_index("ix_applications_beneficiary", "applications", ["beneficiary_id"], unique=False)
    op.create_index(
        "uq_applications_beneficiary",
        "applications",
        ["policy_id", "beneficiary_id", "unit_key"],
        unique=True,
        postgresql_where=sa.text("state NOT IN ('abandoned', 'closed_out', 'lapsed', 'started', 'withdrawn')"),
    )
    op.create_index(
        "uq_applications_fingerprint",
        "applications",
        ["policy_id", "unit_key", "fingerprint"],
        unique=True,
        postgresql_where=sa.text(
            "state NOT IN ('abandoned', 'closed_out', 'lapsed', 'started', 'withdrawn') AND NOT cleared_by_staff AND NOT duplicate_suspected"
        ),
    )
    op.create_table(
        "card_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("confirmation", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error_variant", sa.Text(), nullable=True),
        sa.Column("error_facts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("evidence_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("purpose IN ('apply', 'status')", name=op.f("ck_card_sessions_purpose")),
        sa.CheckConstraint(
            "state <> 'done' OR evidence_id IS NOT NULL", name=op.f("ck_card_sessions_done_has_evidence")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'taken', 'waiting_card', 'waiting_pin', 'reading', 'verifying', 'done', 'failed', 'cancelled', 'expired')",
            name=op.f("ck_card_sessions_state"),
        ),
        sa.CheckConstraint("octet_length(challenge) = 32", name=op.f("ck_card_sessions_challenge_length")),
        sa.ForeignKeyConstraint(["agent_id"], ["agents.id"], name=op.f("fk_card_sessions_agent_id")),
        sa.ForeignKeyConstraint(["evidence_id"], ["evidence.id"], name=op.f("fk_card_sessions_evidence_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_sessions")),
    )
    op.create_index(op.f("ix_card_sessions_browser"), "card_sessions", ["browser"], unique=False)
    op.create_index(
        "ix_card_sessions_open_by_agent",
        "card_sessions",
        ["agent_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "grants",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("application_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("benefit_no", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Text(), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'ordered', 'granted', 'awaiting_receipt', 'received', 'not_received', 'reversal_requested', 'reversed', 'partly_reversed', 'not_reversible')",
            name=op.f("ck_grants_state_is_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_grants_amount_is_positive")),
        sa.CheckConstraint("benefit_no >= 1", name=op.f("ck_grants_benefits_count_from_one")),
        sa.CheckConstraint("order_at IS NULL OR link_id IS NOT NULL", name=op.f("ck_grants_due_needs_a_link")),
        sa.ForeignKeyConstraint(
            ["policy_id", "link_id"],
            ["payment_links.policy_id", "payment_links.id"],
            name=op.f("fk_grants_policy_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_grants")),
        sa.UniqueConstraint(
            "policy_id", "application_id", "benefit_no", name=op.f("uq_grants_policy_id_application_id_benefit_no")
        ),
    )
    op.create_index(
        "ix_grants_due",
        "grants",
        ["order_at"],
        unique=False,
        postgresql_where="state = 'planned' AND order_at IS NOT NULL",
    )
    op.create_table(
        "grant_orders",
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("link_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inquire_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inquiries", sa.BigInteger(), nullable=False),
        sa.Column("transaction_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'created') = (sent_at IS NULL)", name=op.f("ck_grant_orders_sent_at_tells_sent")),
        sa.CheckConstraint(
            "state IN ('created', 'sent', 'accepted', 'unknown', 'succeeded', 'failed')",
            name=op.f("ck_grant_orders_state_is_known"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_grant_orders_amount_is_positive")),
        sa.CheckConstraint("attempt >= 1", name=op.f("ck_grant_orders_attempts_count_from_one")),
        sa.ForeignKeyConstraint(
            ["policy_id", "grant_id"],
            ["grants.policy_id", "grants.id"],
            name=op.f("fk_grant_orders_policy_id_grant_id"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id", "link_id"],
            ["payment_links.policy_id", "payment_links.id"],
            name=op.f("fk_grant_orders_policy_id_link_id"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "id", name=op.f("pk_grant_orders")),
        sa.UniqueConstraint(
            "policy_id", "grant_id", "attempt", name=op.f("uq_grant_orders_policy_id_grant_id_attempt")
        ),
    )
    op.create_index(
        "ix_grant_orders_inquire_after",
        "grant_orders",
        ["inquire_after"],
        unique=False,
        postgresql_where="state IN ('created', 'sent', 'accepted', 'unknown')",
    )
    op.create_index(
        "uq_grant_orders_live",
        "grant_orders",
        ["policy_id", "grant_id"],
        unique=True,
        postgresql_where="state IN ('created', 'sent', 'accepted', 'unknown')",
    )

    _make_append_only()
    _keep_what_was_decided()
    # The tables of the Procrastinate version in the lock file; its later changes come as migrations of their own.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def _make_append_only() -> None:
    """Ledger, audit, evidence and published versions are written once (promises 3 and 8): the database refuses more."""
    op.execute(
        """
        CREATE FUNCTION todoke_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'table % is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION todoke_refuse_change()"
        )


def _keep_what_was_decided() -> None:
    """A sent application keeps its amount and its parties; an order keeps its amount, and its end is its end."""
    op.execute(
        """
        CREATE FUNCTION todoke_keep_application() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.state <> 'started' AND (
                NEW.state = 'started'
                OR (OLD.policy_id, OLD.policy_version, OLD.receipt_no, OLD.beneficiary_id, OLD.unit_key, OLD.amount)
                    IS DISTINCT FROM
                   (NEW.policy_id, NEW.policy_version, NEW.receipt_no, NEW.beneficiary_id, NEW.unit_key, NEW.amount)
            ) THEN
                RAISE EXCEPTION 'a sent application keeps what was decided' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_application BEFORE UPDATE ON applications "
        "FOR EACH ROW EXECUTE FUNCTION todoke_keep_application()"
    )
    op.execute(
        """
        CREATE FUNCTION todoke_keep_order() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (OLD.state IN ('succeeded', 'failed') AND NEW.state <> OLD.state)
               OR (OLD.policy_id, OLD.id, OLD.grant_id, OLD.attempt, OLD.amount)
                   IS DISTINCT FROM (NEW.policy_id, NEW.id, NEW.grant_id, NEW.attempt, NEW.amount)
            THEN
                RAISE EXCEPTION 'a grant order keeps its end and its amount' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END
        $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_order BEFORE UPDATE ON grant_orders FOR EACH ROW EXECUTE FUNCTION todoke_keep_order()"
    )
