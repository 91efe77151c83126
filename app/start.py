"""What every process of the service does first: logs, keys, database, clock, municipalities, event handlers."""

from __future__ import annotations

from sqlalchemy import func, select

from app import audit, clock, db, events, maintenance, municipalities, pii, policies
from app.cards.trust import anchors
from app.settings import Environment, Settings, SettingsRefused


def configure(settings: Settings, *, application_name: str = "todoke-web") -> None:
    """Make this process ready. Raises ``SettingsRefused`` with a plain sentence when it must not run."""
    keys = settings.keys
    pii.configure(keys)
    audit.configure(keys)
    anchors(settings)
    municipalities.configure(settings.environment is not Environment.PRODUCTION, settings.state_dir / "municipalities")
    db.configure(settings.database_url.get_secret_value(), application_name=application_name)
    with db.reading() as session:
        clock.load(session)
    if clock.is_simulated() and settings.environment is Environment.PRODUCTION:
        raise SettingsRefused("this database runs on a simulated clock; production needs its own database")
    if settings.environment is Environment.PRODUCTION and _may_change_the_ledger():
        raise SettingsRefused(
            "the role of TODOKE_DATABASE_URL may change the ledger; connect as todoke_service (docs/operations)"
        )
    register_event_handlers()


def _may_change_the_ledger() -> bool:
    """True for the owner of the tables: what runs all day must not be able to rewrite what was booked."""
    question = select(func.has_table_privilege("ledger_entries", "UPDATE, DELETE"))
    with db.reading() as session:
        return bool(session.scalar(question))


def register_event_handlers() -> None:
    """Higher floors listen to what lower ones tell (architecture.md section 2)."""
    from app.applications import handlers
    from app.notifications import handlers as notification_handlers
    from app.rebates import handlers as rebate_handlers

    events.subscribe(maintenance.MaintenanceChanged, policies.list_anew)
    rebate_handlers.register()
    handlers.register()
    notification_handlers.register()
