"""The provider's own clock: real time and an offset, because a provider does not share todoke's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def real_seconds() -> int:
    """Real seconds since 1970, for signatures: what is signed must be fresh wherever the simulated clock stands."""
    return int(datetime.now(UTC).timestamp())


class SimulatedTime:
    """Tells the time; a tester may move it, so that a lead of days passes at once."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """The provider's time in UTC."""
        return datetime.now(UTC) + self._offset

    def move(self, offset: timedelta) -> None:
        """Set the distance from real time."""
        self._offset = offset
