from __future__ import annotations

from tests.web.conftest import browser, https_service, real_time_stands, service

__all__ = ["browser", "https_service", "real_time_stands", "service"]
