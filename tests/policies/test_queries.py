"""The public catalogue: what is found, in which order, in which state, and what is not public."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from app import clock, db, policies
from app.policies import Page, PolicyCard, PolicyState
from tests.policies.samples import AT_ONCE_SERVICES, ITEMS, SERVICE_IDS, WITH_REBATE, WITH_SPEND_SCOPE, item


@pytest.fixture
def catalogue(database: str) -> Iterator[None]:
    """All samples, funded, P-002 with every seat taken: the world of the fixture clock."""
    with db.transaction() as session:
        report = policies.load_policies(
            session,
            list(ITEMS.values()),
            source="test",
            known_services=SERVICE_IDS,
            services_with_spend_scope=WITH_SPEND_SCOPE,
            services_with_rebate=WITH_REBATE,
        )
        for policy_id, budget in report.funding.items():
            policies.counters.apply(session, policy_id, budget=budget, funded=budget)
        policies.counters.apply(session, "P-002", seats=26_600, budget=-266_000_000, granted=266_000_000)
    yield


def _search(**filters: object) -> Page[PolicyCard]:
    with db.reading() as session:
        return policies.search(session, at_once_services=AT_ONCE_SERVICES, **filters)


def _ids(**filters: object) -> list[str]:
    return [card.policy_id for card in _search(**filters).items]


@pytest.mark.usefixtures("catalogue")
def test_the_samples_are_in_the_states_of_the_fixture_clock() -> None:
    with db.reading() as session:
        views = {policy_id: policies.get(session, policy_id) for policy_id in ITEMS}
    for policy_id, sample in ITEMS.items():
        view = views[policy_id]
        if sample["status"] == "draft":
            assert view is None
        else:
            assert view is not None
            assert view.state == sample["status"], policy_id


@pytest.mark.usefixtures("catalogue")
def test_open_policies_come_first_the_soonest_end_before_the_others_and_past_ones_last() -> None:
    page = _search()
    states = [card.state for card in page.items]
    assert (page.total, page.number, page.pages) == (19, 1, 1)
    order = [PolicyState.OPEN, PolicyState.FULL, PolicyState.SCHEDULED, PolicyState.SUSPENDED]
    ranks = [order.index(state) if state in order else len(order) for state in states]
    assert ranks == sorted(ranks)
    open_ends = [card.apply_to for card in page.items if card.state is PolicyState.OPEN]
    assert open_ends == sorted(open_ends)
    assert _ids() == _ids()


@pytest.mark.usefixtures("catalogue")
def test_drafts_are_not_public_and_archived_ones_only_by_their_link() -> None:
    assert {"P-005", "P-016-1"}.isdisjoint(_ids())
    with db.reading() as session:
        assert policies.get(session, "P-005") is None
        archived = policies.get(session, "P-016-1")
        assert policies.get(session, "P-404") is None
        assert policies.get(session, "' OR 1=1 --") is None
    assert archived is not None
    assert archived.state is PolicyState.ARCHIVED
    assert archived.refusal is not None


@pytest.mark.usefixtures("catalogue")
def test_search_by_municipality_finds_what_its_residents_can_get() -> None:
    assert set(_ids(municipality="992011")) == {"P-001", "P-006", "P-009", "P-012", "P-013", "P-014", "P-016"}
    assert "P-018" in _ids(municipality="991015")
    assert "P-001" in _ids(municipality="990001")
    assert _ids(municipality="982016") == []
    assert _ids(municipality="000000") == []


@pytest.mark.usefixtures("catalogue")
def test_search_by_category_and_words() -> None:
    assert set(_ids(category="elderly_care")) == {"P-017"}
    assert _ids(category="nothing") == []
    assert _ids(keyword="ウォーキング") == ["P-012"]
    assert _ids(keyword="うぉーきんぐ") == ["P-012"]
    assert _ids(keyword="ｼﾗｶﾊﾞ") == ["P-017"]
    assert set(_ids(keyword="あさひ 子育て")) == {"P-006", "P-009"}
    assert _ids(keyword="p-001") == ["P-001"]
    assert _ids(keyword="該当なし") == []
    assert len(_ids(keyword="  ")) == 19


@pytest.mark.usefixtures("catalogue")
@pytest.mark.parametrize("keyword", ["%", "_", "\\", "100%_", "'; --", "\x00", "あ" * 5_000])
def test_special_characters_are_plain_text(keyword: str) -> None:
    assert _search(keyword=keyword).total in (0, 19) or "%" in keyword


@pytest.mark.usefixtures("catalogue")
def test_a_percent_sign_finds_percent_signs_only() -> None:
    assert set(_ids(keyword="%")) == {"P-015", "P-016"}


@pytest.mark.usefixtures("catalogue")
def test_open_now_and_at_once() -> None:
    assert all(card.state is PolicyState.OPEN for card in _search(open_now=True).items)
    assert "P-002" not in _ids(open_now=True)
    assert _ids(at_once=True) == ["P-001"]
    with db.reading() as session:
        assert policies.search(session, at_once=True).total == 0


@pytest.mark.usefixtures("catalogue")
def test_br_01_the_catalogue_follows_the_clock_without_any_job() -> None:
    with clock.frozen(datetime.fromisoformat("2027-02-01T00:00:00+09:00")):
        assert "P-001" not in _ids(open_now=True)
    with clock.frozen(datetime.fromisoformat("2027-01-31T23:59:59+09:00")):
        assert "P-001" in _ids(open_now=True)


@pytest.mark.usefixtures("catalogue")
def test_a_page_beyond_the_last_shows_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.policies.search_listings.PAGE_SIZE", 8)
    pages = [_ids(page=number) for number in (1, 2, 3)]
    assert [len(ids) for ids in pages] == [8, 8, 3]
    assert len({policy_id for ids in pages for policy_id in ids}) == 19
    assert _search(page=99).number == 3
    assert _search(page=-5).number == 1


@pytest.mark.usefixtures("catalogue")
def test_a_view_has_everything_a_page_shows() -> None:
    with db.reading() as session:
        view = policies.get(session, "P-001")
        full = policies.get(session, "P-002")
    assert view is not None and full is not None
    assert view.municipality_label == "みらい県あさひ市"
    assert view.category_label == "お買い物支援"
    assert (view.amount, view.amount_text, view.seats_left) == (10_000, "10,000ポイント", None)
    assert (view.can_apply_online, view.apply_block_reason, view.refusal) == (True, None, None)
    assert view.conditions[0].startswith("みらい県あさひ市に住んでいる方")
    assert dict(view.window_rows)["申込期間"] == "2026年10月1日9時から2027年1月31日まで"
    assert (full.state, full.seats_left) == (PolicyState.FULL, 0)
    assert full.refusal is not None
    assert full.refusal.code == "E209"


def test_the_choices_of_the_form_are_the_six_categories() -> None:
    assert len(policies.category_options()) == 6
    assert ("elderly_care", "高齢者・介護") in policies.category_options()


def test_an_empty_catalogue_is_one_empty_page(database: str) -> None:
    page = _search()
    assert (page.items, page.total, page.number, page.pages) == ((), 0, 1, 1)
    with db.transaction() as session:
        policies.load_policies(
            session,
            [item("P-005")],
            source="test",
            known_services=SERVICE_IDS,
            services_with_spend_scope=WITH_SPEND_SCOPE,
            services_with_rebate=WITH_REBATE,
        )
    assert _search().total == 0
