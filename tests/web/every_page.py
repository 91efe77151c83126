"""All pages of the people who come by themselves and of those who come to a counter, each with whoever got there."""

from __future__ import annotations

from tests.web.counter_pages import counter_pages
from tests.web.page_of import PageOf
from tests.web.resident_pages import resident_pages
from tests.web.service import Service


def every_page(service: Service) -> list[PageOf]:
    """Those of residents, then those of the counter. Real time has to stand still until all were looked at."""
    return [*resident_pages(service), *counter_pages(service)]
