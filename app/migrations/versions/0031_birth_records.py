"""Births of a child's family as the municipal register has them, for benefits that count children."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_KEEP = """
CREATE OR REPLACE FUNCTION todoke_keep_application() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'started' AND (
        NEW.state = 'started'
        OR (OLD.policy_id, OLD.policy_version, OLD.receipt_no, OLD.beneficiary_id, OLD.unit_key{columns})
            IS DISTINCT FROM
           (NEW.policy_id, NEW.policy_version, NEW.receipt_no, NEW.beneficiary_id, NEW.unit_key{new_columns}){more}
    ) THEN
        RAISE EXCEPTION 'a sent application keeps what was decided' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""
# What a register decides is settled until the application is.
_BUT_THE_REGISTERS_AMOUNT = """
        OR (NEW.amount <> OLD.amount AND NOT (
            OLD.amount_by_register
            AND OLD.state IN ('submitted', 'waitlisted', 'screening', 'info_requested', 're_review')
        ))"""


def upgrade() -> None:
    op.create_table(
        "birth_records",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("municipality_code", sa.Text(), nullable=False),
        sa.Column("births_enc", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        # What was corrected is not kept beside its correction.
        sa.CheckConstraint(
            "replaced_at IS NULL OR octet_length(births_enc) = 0", name=op.f("ck_birth_records_replaced_is_empty")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name=op.f("fk_birth_records_person_id_persons")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_birth_records")),
    )
    op.create_index(
        "uq_birth_records_standing",
        "birth_records",
        ["person_id", "municipality_code"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.add_column(
        "applications",
        sa.Column("amount_by_register", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.execute(
        _KEEP.format(
            columns=", OLD.amount_by_register",
            new_columns=", NEW.amount_by_register",
            more=_BUT_THE_REGISTERS_AMOUNT,
        )
    )


def downgrade() -> None:
    op.execute(_KEEP.format(columns=", OLD.amount", new_columns=", NEW.amount", more=""))
    op.drop_column("applications", "amount_by_register")
    op.drop_table("birth_records")
