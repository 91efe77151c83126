"""What staff noted about purchases that were put aside goes with the person; erasing, and nothing else, drops it."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE FUNCTION todoke_drop_note_only_to_erase() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF current_setting('todoke.erasing', true) = 'on' AND NEW.note = 'erased'
               AND (to_jsonb(OLD) - 'note') = (to_jsonb(NEW) - 'note')
            THEN
                RETURN NEW;
            END IF;
            RAISE EXCEPTION 'table % is append only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END
        $$
        """
    )
    op.execute("DROP TRIGGER refuse_change ON rebate_put_aside_decisions")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE DELETE ON rebate_put_aside_decisions "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER drop_note_only_to_erase BEFORE UPDATE ON rebate_put_aside_decisions "
        "FOR EACH ROW EXECUTE FUNCTION todoke_drop_note_only_to_erase()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER drop_note_only_to_erase ON rebate_put_aside_decisions")
    op.execute("DROP TRIGGER refuse_change ON rebate_put_aside_decisions")
    op.execute(
        "CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON rebate_put_aside_decisions "
        "FOR EACH ROW EXECUTE FUNCTION todoke_refuse_change()"
    )
    op.execute("DROP FUNCTION todoke_drop_note_only_to_erase()")
