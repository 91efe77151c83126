"""Jobs of the card floor: revocation lists and the sweeping of used request signatures."""

from __future__ import annotations

from app import settings
from app.cards.pairing import sweep_pair_codes
from app.cards.requests import sweep_nonces
from app.cards.revocation_lists import fetch_revocation_lists
from app.jobs import tasks


@tasks.periodic(cron="*/10 * * * *")
@tasks.task(name="cards.fetch_revocation_lists", queueing_lock="cards.fetch_revocation_lists", pass_context=False)
def fetch_revocation_lists_now(timestamp: int) -> None:
    """Every ten minutes, and once when a worker starts."""
    fetch_revocation_lists(settings.current())


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="cards.sweep_nonces", queueing_lock="cards.sweep_nonces")
def sweep_nonces_now(timestamp: int) -> None:
    """Request signatures are remembered only while they could be replayed, and pairing codes for a day."""
    sweep_nonces()
    sweep_pair_codes()
