"""What was put aside of purchases goes with the person or the policy; erasing, and nothing else, empties it (BR-65)."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_KEEP_PURCHASE = """
CREATE OR REPLACE FUNCTION todoke_keep_purchase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a recorded purchase stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (to_jsonb(OLD) - 'shop_no' - 'lines'{digest}) IS DISTINCT FROM (to_jsonb(NEW) - 'shop_no' - 'lines'{digest})
       OR NEW.shop_no NOT IN (OLD.shop_no, '') OR NEW.lines NOT IN (OLD.lines, '[]'::jsonb){more}
    THEN
        RAISE EXCEPTION 'a recorded purchase is not changed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$
"""


def upgrade() -> None:
    op.add_column("rebate_put_aside", sa.Column("application_id", sa.Uuid(), nullable=True))
    op.create_index("ix_rebate_put_aside_application", "rebate_put_aside", ["policy_id", "application_id"])
    op.execute(
        """
        CREATE FUNCTION todoke_empty_only_to_erase() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('todoke.erasing', true) = 'on'
               AND NEW.content = '{}'::jsonb AND NEW.digest = uuid_send(OLD.id)
               AND (to_jsonb(OLD) - 'content' - 'digest') = (to_jsonb(NEW) - 'content' - 'digest')
            THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'table % is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute("DROP TRIGGER refuse_change ON rebate_put_aside")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE DELETE ON rebate_put_aside "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER empty_only_to_erase BEFORE UPDATE ON rebate_put_aside "
        "FOR EACH ROW EXECUTE FUNCTION todoke_empty_only_to_erase()"
    )
    op.create_index(
        "ix_card_sessions_seen_key", "card_sessions", ["seen_key"], postgresql_where=sa.text("seen_key IS NOT NULL")
    )
    op.execute(_KEEP_PURCHASE.format(digest=" - 'digest'", more=" OR NEW.digest NOT IN (OLD.digest, ''::bytea)"))


def downgrade() -> None:
    op.execute(_KEEP_PURCHASE.format(digest="", more=""))
    op.drop_index("ix_card_sessions_seen_key", "card_sessions")
    op.execute("DROP TRIGGER empty_only_to_erase ON rebate_put_aside")
    op.execute("DROP TRIGGER refuse_change ON rebate_put_aside")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON rebate_put_aside "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute("DROP FUNCTION todoke_empty_only_to_erase()")
    op.drop_index("ix_rebate_put_aside_application", "rebate_put_aside")
    op.drop_column("rebate_put_aside", "application_id")
