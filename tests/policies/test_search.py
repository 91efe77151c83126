"""The search: short words, filters, counts, stable pages, and listings that follow states and counters."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text, update

from app import clock, db, policies, settings
from app.cli import cli
from app.policies import Found, PolicyState
from app.policies import catalogue as catalogue_module
from app.policies.catalogue import folded, index_text, list_outdated
from app.policies.models import Policy, PolicyListing
from app.policies.tasks import bring_listings_up_to_date_now
from tests.policies.samples import AT_ONCE_SERVICES, ITEMS, SERVICE_IDS, WITH_REBATE, WITH_SPEND_SCOPE, document, item

HIDDEN = {"P-005", "P-016-1"}


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


def found(**filters: Any) -> Found:
    with db.reading() as session:
        return policies.search(session, at_once_services=AT_ONCE_SERVICES, **filters)


def ids(**filters: Any) -> list[str]:
    return [card.policy_id for card in found(**filters).items]


@pytest.mark.usefixtures("catalogue")
def test_words_of_every_length_find_exactly_the_texts_that_contain_them() -> None:
    texts = {policy_id: index_text(document(policy_id)) for policy_id in ITEMS if policy_id not in HIDDEN}
    everything = "\n".join(texts.values())
    words = {everything[start : start + length] for start in range(0, len(everything), 37) for length in (1, 2, 3, 5)}
    words |= {"市", "子", "育て", "10", "%", "_", "\\", "ー", "。", "ƿ", "ww", "該当"}
    for word in sorted(words):
        if word.split() == [word]:
            expected = {policy_id for policy_id, content in texts.items() if folded(word) in content}
            assert set(ids(keyword=word)) == expected, word


@pytest.mark.usefixtures("catalogue")
def test_several_words_must_all_occur_and_width_and_kana_do_not_matter() -> None:
    assert set(ids(keyword="あさひ 子")) == {"P-006", "P-009"}
    assert ids(keyword="ＱＲ") == ids(keyword="qr") == ["P-014"]
    assert ids(keyword="ｸﾗｼ") == ids(keyword="くらし") != []
    assert "P-017" in ids(keyword="歳 村"), "one character each, in the conditions and in the place"


@pytest.mark.usefixtures("catalogue")
def test_amount_timing_service_and_what_begins_or_ends_soon() -> None:
    assert set(ids(least_amount=100_000)) == {"P-009"}
    assert set(ids(timing="rebate")) == {"P-015", "P-016"}
    assert set(ids(service="SVC-PAPER-01")) == {
        one for one, sample in ITEMS.items() if "SVC-PAPER-01" in sample["services"] and one not in HIDDEN
    }
    now = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
    for card in found(soon="begin").items:
        assert card.state is PolicyState.SCHEDULED
        assert (card.apply_from - now).days < 30
    for card in found(soon="end").items:
        assert card.state is PolicyState.OPEN
        assert (card.apply_to - now).days < 14
    with clock.frozen(datetime.fromisoformat("2027-01-25T00:00:00+09:00")):
        assert "P-001" in ids(soon="end")
        assert "P-001" in ids(soon="end", open_now=True)
    assert ids(soon="begin", open_now=True) == []
    assert ids(soon="never") == ids(timing="sometimes") == ids(service="SVC-NONE") == []


@pytest.mark.usefixtures("catalogue")
def test_results_say_at_once_whether_one_can_still_apply() -> None:
    said = {card.policy_id: (card.can_apply, card.apply_text) for card in found().items}
    assert said["P-001"] == (True, "いま申し込めます（あと72日）")
    assert said["P-015"] == (True, "いま申し込めます（あと41日）")
    assert said["P-009"][0], "a guardian applies for the child online, too"
    assert said["P-002"] == (False, "定員に達したため、いまは申し込めません")
    assert said["P-020"] == (False, "一時停止中のため、いまは申し込めません")
    assert said["P-003"][1].endswith("から申し込めます")
    assert said["P-011"][1].startswith("受付は終わりました")
    with clock.frozen(datetime.fromisoformat("2027-01-31T23:59:59+09:00")):
        assert {card.policy_id: card.apply_text for card in found().items}["P-001"] == "いま申し込めます（今日まで）"


@pytest.mark.usefixtures("catalogue")
def test_counts_add_up_and_lead_to_what_they_say() -> None:
    everything = found()
    for name in ("category", "timing", "place", "state"):
        assert sum(choice.count for choice in everything.facets[name]) == everything.total, name
    filters = {"category": "category", "timing": "timing", "place": "municipality", "service": "service"}
    for facet, parameter in filters.items():
        for choice in everything.facets[facet]:
            if facet != "place":
                assert found(**{parameter: choice.value}).total == choice.count, choice
    in_mirai = found(municipality="990001")
    assert {choice.value for choice in in_mirai.facets["place"]} > {"992011", "993018"}
    assert sum(choice.count for choice in in_mirai.facets["place"]) == in_mirai.total


@pytest.mark.usefixtures("catalogue")
def test_pages_neither_repeat_nor_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.policies.search_listings.PAGE_SIZE", 3)
    shown = [one for number in range(1, 8) for one in ids(page=number)]
    assert len(shown) == len(set(shown)) == found().total == 19


@pytest.mark.usefixtures("catalogue")
def test_a_listing_follows_the_counters_and_the_state_in_their_own_transaction() -> None:
    assert "P-001" in ids(open_now=True)
    with db.transaction() as session:
        policies.counters.apply(session, "P-001", budget=-260_000_000, reserved=260_000_000)
    assert "P-001" not in ids(open_now=True)
    with db.transaction() as session:
        policies.counters.apply(session, "P-001", budget=260_000_000, reserved=-260_000_000)
    assert "P-001" not in ids(open_now=True), "BR-35: without reopen a released budget opens nothing"
    with db.transaction() as session:
        session.execute(update(Policy).where(Policy.policy_id == "P-004").values(state="suspended"))
    assert {card.policy_id: card.state for card in found().items}["P-004"] is PolicyState.SUSPENDED
    with db.transaction() as session:
        session.execute(update(Policy).where(Policy.policy_id == "P-004").values(state="archived"))
    assert "P-004" not in ids()


@pytest.mark.usefixtures("catalogue")
def test_every_state_in_the_list_is_the_one_on_the_policys_own_page() -> None:
    for moment in ("2026-10-01T08:59:59", "2026-11-20T10:00:00", "2027-01-31T23:59:59", "2027-02-01T00:00:00"):
        with clock.frozen(datetime.fromisoformat(f"{moment}+09:00")), db.reading() as session:
            for card in policies.search(session).items:
                view = policies.get(session, card.policy_id)
                assert view is not None
                assert card.state is view.state, (moment, card.policy_id)


@pytest.mark.usefixtures("catalogue")
def test_a_submit_that_fills_nothing_writes_no_listing() -> None:
    with db.transaction() as session:
        before = session.scalar(text("SELECT xmin::text FROM policy_listings WHERE policy_id = 'P-001'"))
        policies.counters.apply(session, "P-001", budget=-10_000, reserved=10_000)
        assert session.scalar(text("SELECT xmin::text FROM policy_listings WHERE policy_id = 'P-001'")) == before


@pytest.mark.usefixtures("catalogue")
def test_listings_that_are_missing_or_outdated_are_made_again() -> None:
    before = found().items
    with db.transaction() as session:
        session.execute(
            update(PolicyListing).where(PolicyListing.policy_id < "P-010").values(index_version=0, title="?")
        )
        session.execute(text("DELETE FROM policy_listings WHERE policy_id >= 'P-018'"))
    assert found().items != before
    with db.transaction() as session:
        assert list_outdated(session) == len([one for one in ITEMS if one < "P-010" or one >= "P-018"])
    assert found().items == before
    with db.transaction() as session:
        assert list_outdated(session) == 0


@pytest.mark.usefixtures("catalogue")
def test_an_upgrade_fills_a_catalogue_that_came_from_before_there_were_listings(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = found().items
    with db.transaction() as session:
        session.execute(text("DELETE FROM policy_listings"))
    assert found().items == ()
    monkeypatch.setenv("TODOKE_ENVIRONMENT", "test")
    monkeypatch.setenv("TODOKE_PUBLIC_URL", "http://localhost")
    monkeypatch.setenv("TODOKE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("TODOKE_DATABASE_URL", database)
    settings.current.cache_clear()
    for said in (f"{len(ITEMS)} listings of the search made anew", "revision"):
        done = CliRunner().invoke(cli, ["db", "upgrade"], catch_exceptions=False)
        assert said in done.output
    settings.current.cache_clear()
    db.configure(database)
    assert found().items == before


@pytest.mark.usefixtures("catalogue")
def test_the_worker_makes_listings_of_an_older_release_anew_and_leaves_those_of_a_newer_one() -> None:
    before = found().items
    with db.transaction() as session:
        session.execute(update(PolicyListing).values(index_version=0, title="?"))
        session.execute(update(PolicyListing).where(PolicyListing.policy_id == "P-001").values(index_version=99))
    bring_listings_up_to_date_now.func(timestamp=0)
    with db.reading() as session:
        left = session.scalars(select(PolicyListing.policy_id).where(PolicyListing.title == "?")).all()
    assert left == ["P-001"], "a release that is being rolled out is newer than this one"
    assert len(found().items) == len(before)


@pytest.mark.usefixtures("catalogue")
def test_many_listings_are_made_in_pieces_and_several_at_once_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    before = found().items
    monkeypatch.setattr(catalogue_module, "_BATCH", 3)
    with db.transaction() as session:
        session.execute(text("DELETE FROM policy_listings"))
    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(lambda _: policies.bring_listings_up_to_date(), range(3)))
    assert sum(made) >= len(ITEMS)
    assert found().items == before


@pytest.mark.usefixtures("catalogue")
def test_a_new_version_is_found_by_its_new_words_only() -> None:
    with db.transaction() as session:
        changed = item("P-001", {"title": "あさひ市 冬の灯油券"})
        policies.load_policies(
            session,
            [changed],
            source="test",
            known_services=SERVICE_IDS,
            services_with_spend_scope=WITH_SPEND_SCOPE,
            services_with_rebate=WITH_REBATE,
        )
    assert ids(keyword="灯油") == ["P-001"]
    assert "P-001" not in ids(keyword="くらし応援")
