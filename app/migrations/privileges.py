"""What the service's database role may do: everything that the service does, and nothing to what is written once.

Two guards stand before ledger, audit and other records that never change: triggers, which bind everybody, and these
privileges, which bind the role that web and worker connect with. They are taken from the triggers, so that a table
that gets one is closed for the role, too; granted after every upgrade (docs/decisions/0014).
"""

from __future__ import annotations

from sqlalchemy import Connection, text

SERVICE_ROLE = "todoke_service"

_CREATE = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{SERVICE_ROLE}') THEN
    CREATE ROLE {SERVICE_ROLE} LOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

_GRANT = (
    f"GRANT USAGE ON SCHEMA public TO {SERVICE_ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {SERVICE_ROLE}",
    f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {SERVICE_ROLE}",
    f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {SERVICE_ROLE}",
    f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {SERVICE_ROLE}",
)

# The bits of pg_trigger.tgtype.
_CLOSED = """
SELECT c.relname, (t.tgtype & 16) <> 0 AS update, (t.tgtype & 8) <> 0 AS delete
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'todoke_refuse_change' AND NOT t.tgisinternal AND c.relnamespace = 'public'::regnamespace
"""


def grant_to_service(connection: Connection) -> None:
    """Give the role its privileges anew. The connection is the owner's, who may create roles or finds it created."""
    connection.execute(text(_CREATE))
    for statement in _GRANT:
        connection.execute(text(statement))
    for table, closed_to_update, closed_to_delete in connection.execute(text(_CLOSED)).all():
        closed = [name for name, is_closed in (("UPDATE", closed_to_update), ("DELETE", closed_to_delete)) if is_closed]
        if closed:
            connection.execute(text(f"REVOKE {', '.join(closed)} ON {table} FROM {SERVICE_ROLE}"))
    connection.commit()
