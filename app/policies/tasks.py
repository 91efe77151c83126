"""Jobs of the policy floor."""

from __future__ import annotations

from app.jobs import tasks
from app.policies.catalogue import bring_listings_up_to_date


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="policies.bring_listings_up_to_date", queueing_lock="policies.bring_listings_up_to_date")
def bring_listings_up_to_date_now(timestamp: int) -> None:
    """Listings of an older release, or none at all, are made anew while the service runs."""
    bring_listings_up_to_date()
