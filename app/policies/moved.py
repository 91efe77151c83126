"""The document of a policy as it stands: with the ends that announced maintenance has moved (BR-07)."""

from __future__ import annotations

from datetime import datetime

from app import maintenance
from app.maintenance import Interval
from app.policies.document import PolicyDocument


def with_moved_ends(document: PolicyDocument, windows: tuple[Interval, ...]) -> PolicyDocument:
    """The same document where nothing moves. Later ends move only as far as the order needs it (BR-11)."""
    window = document.window
    apply_to = maintenance.moved_end(window.apply_to, windows)
    if apply_to == window.apply_to:
        return document
    ends: dict[str, datetime] = {"apply_to": apply_to}
    earlier = apply_to
    for name in ("assign_by", "grant_by", "receive_by"):
        end: datetime | None = getattr(window, name)
        if end is not None:
            ends[name] = earlier = max(end, earlier)
    return document.model_copy(update={"window": window.model_copy(update=ends)})
