from __future__ import annotations

import pytest

from tests.web.conftest import browser, https_service, real_time_stands, service
from tests.web.service import Service
from tests.web_counter.hands import Counter, signed_in_staff

__all__ = ["browser", "https_service", "real_time_stands", "service"]


@pytest.fixture
def counter(service: Service) -> Counter:
    """A counter with a member of staff signed in and the resident's screen in place."""
    _, made = signed_in_staff(service, "1番窓口")
    return made
