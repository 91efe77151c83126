"""All pages: of the people who come by themselves, of those at a counter, and of staff; each with whoever got there."""

from __future__ import annotations

from tests.web.counter_pages import counter_pages
from tests.web.page_of import PageOf
from tests.web.resident_pages import resident_pages
from tests.web.service import Service
from tests.web.staff_pages import staff_pages


def every_page(service: Service) -> list[PageOf]:
    """Those of residents, of the counter, of staff. Real time has to stand still until all were looked at."""
    return [*resident_pages(service), *counter_pages(service), *staff_pages(service)]


OF_STAFF = ("desk-", "screen-join", "tester-", "review-", "return")
IN_THREE_LANGUAGES = ("desk-readers", "desk-revoke-reader")


def is_in_japanese_alone(one: PageOf) -> bool:
    """Most pages of staff speak one language, whatever is chosen."""
    return one.name.startswith(OF_STAFF) and one.name not in IN_THREE_LANGUAGES
