"""domain.md 3.6: who is told what, once, in their own language, and nothing that a message must not carry."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app import applications, clock, db, notifications, points
from app.applications import expire_unassigned
from app.cli.mail_catcher import Caught
from app.errors import DomainError
from app.notifications.handlers import TOLD
from app.notifications.remind import DEADLINES
from app.notifications.words import KINDS
from app.payments.gateways import GatewayAnswer
from app.policies import CheckKind
from app.screening import state_fact
from tests.applications.applicants import (
    applicant,
    apply,
    apply_for_later,
    by_receipt,
    choice,
    grants_of,
    open_policy,
    orders,
    rows_in,
)
from tests.applications.test_receipts import report
from tests.applications.test_receipts import sent as sent_to_card
from tests.cases.town import REVIEWER, refuse
from tests.notifications.conftest import SITE, Post

NAME = "髙橋　龥子"
OPEN_POLICY = {"capacity": 10}
DOUBTFUL = "あさひ市本町１丁目１番"  # which of two cities it is, only staff can find out
CARD = CheckKind.CARD_AUTO


def answer(reply: GatewayAnswer) -> None:
    """The provider's answer to the newest order."""
    order = orders()[-1]
    with db.transaction() as session:
        session.execute(
            text("UPDATE grant_orders SET state = 'sent', sent_at = now() WHERE id = :id"), {"id": order.id}
        )
    with db.transaction() as session:
        points.record_result(session, order.policy_id, order.id, reply)


def states() -> list[tuple[str, str]]:
    with db.reading() as session:
        rows = session.execute(text("SELECT kind, state FROM messages WHERE kind <> 'code'"))
        return sorted((row.kind, row.state) for row in rows)


def the_one(mails: list[Caught]) -> Caught:
    (mail,) = mails
    return mail


def test_who_gave_no_address_is_told_nothing_and_nothing_is_written(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    apply(applicant())
    assert (rows_in("messages"), post.send()) == (0, [])


def test_an_address_that_nobody_proved_gets_nothing_but_its_code(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = applicant()
    notifications.give_address(who.person_id, "taro@example.jp", "ja")
    apply(who)
    assert "確認コード" in the_one(post.send()).text
    assert states() == []


def test_the_receipt_says_number_policy_state_and_where_to_look_and_comes_once(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader(applicant(NAME))
    receipt = apply(who)
    mail = the_one(post.send())
    assert receipt.receipt_no in mail.subject
    assert receipt.receipt_no in mail.text
    assert "申込を受け付けました" in mail.subject
    assert "いまの状況: 付与手続中" in mail.text
    assert [line for line in mail.text.splitlines() if "://" in line] == [f"{SITE}/"]
    assert post.send() == []


def test_a_message_holds_nothing_of_the_person_but_the_receipt_and_four_digits(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader(applicant(NAME, address="みらい県あさひ市本町９丁目８７番６５号", birth_date="19670203"))
    apply(who, account="4242424242421")
    post.send()
    answer(GatewayAnswer("succeeded", "T-1"))
    mail = the_one(post.send())
    assert "10,000ポイントが届きました。" in mail.text
    assert "2421" in mail.text
    for secret in ("髙橋", "龥子", "本町", "1967", "42424242", str(who.person_id)):
        assert secret not in mail.text + mail.subject
    assert states() == [("granted", "sent"), ("receipt", "sent")]
    with db.reading() as session:
        stored = str(session.execute(text("SELECT string_agg(m::text, '') FROM messages m")).scalar_one())
        stored += str(session.execute(text("SELECT string_agg(args::text, '') FROM procrastinate_jobs")).scalar_one())
    for secret in ("example.jp", "髙橋", "2421"):
        assert secret not in stored


def test_a_refused_submit_tells_nothing(post: Post) -> None:
    open_policy(capacity=1)
    post.reader(who := applicant())
    apply(applicant())
    with pytest.raises(DomainError, match="E209"):
        apply(who)
    assert states() == []


def test_the_same_happening_is_written_once(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader()
    apply(who)
    answer(GatewayAnswer("succeeded", "T-1"))
    answer_again = orders()[-1]
    with db.transaction() as session:
        points.record_result(session, answer_again.policy_id, answer_again.id, GatewayAnswer("succeeded", "T-1"))
    assert [kind for kind, _ in states()] == ["granted", "receipt"]


def test_e401_a_failure_says_why_and_until_when_to_choose_again(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader()
    receipt = apply(who)
    post.send()
    answer(GatewayAnswer("failed", reason="balance_cap"))
    mail = the_one(post.send())
    assert "付与できませんでした" in mail.subject
    assert "申込は有効です" in mail.text
    assert "残高の上限を超えるため" in mail.text
    assert "日まで" in mail.text
    # Chosen again before the next failure is told of: what was overtaken is not sent.
    assert applications.assign(receipt.receipt_no, who.person_id, choice())
    answer(GatewayAnswer("failed", reason="account_closed"))
    assert applications.assign(receipt.receipt_no, who.person_id, choice())
    assert post.send() == []
    assert states() == [("failed", "dropped"), ("failed", "sent"), ("receipt", "sent")]


def test_reminders_come_14_7_3_and_1_days_before_the_last_day_to_choose_and_once_each(post: Post) -> None:
    open_policy(**OPEN_POLICY, assign_days=20)
    who = post.reader()
    receipt = apply_for_later(who)
    post.send()
    begin = clock.now()
    told: dict[int, str] = {}
    for day in range(1, 21):
        with clock.frozen(begin + timedelta(days=day)):
            notifications.remind()
            notifications.remind()
            for mail in post.send():
                told[20 - day] = mail.text
    assert sorted(told, reverse=True) == [14, 7, 3, 1]
    last = by_receipt(receipt).assign_by
    assert last is not None
    assert f"{last.astimezone(clock.TOKYO):%Y年%-m月%-d日}です(あと3日)" in told[3]
    with clock.frozen(begin + timedelta(days=21)):
        assert expire_unassigned() == 1
        assert "手続が終わりました" in the_one(post.send()).subject


def test_who_has_chosen_is_not_reminded_and_nobody_is_at_night(post: Post) -> None:
    open_policy(**OPEN_POLICY, assign_days=20)
    who = post.reader()
    receipt = apply_for_later(who)
    in_time = clock.now() + timedelta(days=6)
    with clock.frozen(in_time.astimezone(clock.TOKYO).replace(hour=3)):
        assert notifications.remind() == 0
    with clock.frozen(in_time):
        assert notifications.remind() == 1
        assert applications.assign(receipt.receipt_no, who.person_id, choice())
        assert [mail for mail in post.send() if "選んで" in mail.subject] == []
    assert ("choose_by", "dropped") in states()
    with clock.frozen(clock.now() + timedelta(days=13)):
        assert notifications.remind() == 0


def test_br_32_while_staff_look_the_message_says_that_it_is_no_refusal(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    apply(post.reader(applicant(address=DOUBTFUL)))
    mail = the_one(post.send())
    assert "対象外ということではありません" in mail.text
    assert "対象外となりました" not in mail.text


def test_br_64_a_refusal_says_reason_date_office_and_how_to_object(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    application = by_receipt(apply(post.reader(applicant(address=DOUBTFUL))))
    post.send()
    letter = refuse(application, CARD)
    mail = the_one(post.send())
    assert "審査の結果、今回は対象外となりました。" in mail.text
    for part in (letter.reason, letter.office, letter.objection, "決定の日: 2026年11月20日"):
        assert part in mail.text


def test_what_staff_ask_is_told_with_its_last_day_and_not_in_the_message(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader(applicant(address=DOUBTFUL))
    receipt = apply(who)
    post.send()
    where = ("P-001", by_receipt(receipt).id, CARD)
    applications.take_check(*where, REVIEWER)
    applications.ask(*where, REVIEWER, "お住まいの都道府県を教えてください。", clock.now() + timedelta(days=7))
    mail = the_one(post.send())
    assert "確認したいことがあります" in mail.subject
    assert "都道府県" not in mail.text
    assert notifications.remind() == 1
    assert "お尋ねしていることに答える期限は2026年11月27日です(あと7日)" in the_one(post.send()).text
    with clock.frozen(clock.now() + timedelta(days=6)):
        assert notifications.remind() == 1
        assert applications.answer(receipt.receipt_no, who.person_id, "みらい県です")
        assert post.send() == [], "answered before it could be sent"
    assert applications.pass_check(*where, REVIEWER)
    assert "審査が終わりました" in the_one(post.send()).subject


def test_e402_points_that_must_be_taken_are_never_said_to_have_arrived_and_their_last_day_is_told(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader()
    receipt, order_id = sent_to_card(who)
    post.send()
    assert report(order_id, "succeeded") is points.Taken.RECORDED
    mail = the_one(post.send())
    assert "受取操作が必要です" in mail.subject
    assert "届きました" not in mail.text + mail.subject
    (grant,) = grants_of(by_receipt(receipt).id)
    assert grant.receive_by is not None
    told = []
    for days in range(16, -1, -1):
        with clock.frozen(grant.receive_by - timedelta(days=days, hours=12)):
            notifications.remind()
            told += [days for mail in post.send() if f"(あと{days}日)" in mail.text]
    assert told == [14, 3, 1]
    with clock.frozen(grant.receive_by + timedelta(seconds=1)):
        assert report(order_id, "not_received") is points.Taken.RECORDED
        mail = the_one(post.send())
    assert "受取期限が過ぎました" in mail.subject


def test_a_withdrawal_is_confirmed(post: Post) -> None:
    open_policy(**OPEN_POLICY, cooling_off_hours=24)
    who = post.reader()
    receipt = apply(who)
    assert applications.withdraw(receipt.receipt_no, who.person_id)
    assert applications.withdraw(receipt.receipt_no, who.person_id)
    assert [mail.subject.partition("】")[2] for mail in post.send()] == [
        f"申込を受け付けました ({receipt.receipt_no})",
        f"申込を取り下げました ({receipt.receipt_no})",
    ]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_message_asks_for_a_pin_a_number_or_a_code(kind: str) -> None:
    for words in (KINDS[kind].subject, KINDS[kind].line):
        for asked in ("暗証番号", "マイナンバー", "コード", "http"):
            assert asked not in words


def test_every_happening_that_is_told_has_its_words() -> None:
    by_points = {"granted", "to_take", "not_received", "failed"}
    of_rebates = {"return_opened", "return_over"}
    of_policies = {"queue_moved", "suspended", "resumed"}
    assert {kind for kind, _ in TOLD.values()} | by_points | of_rebates | of_policies | set(DEADLINES) == set(KINDS)


def test_in_the_language_of_its_reader(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader(language="en")
    apply(who)
    english = the_one(post.send())
    assert "We have received your application" in english.text
    assert "Receipt number" in english.text
    easy = post.reader(applicant(), language="ja@easy")
    apply(easy)
    mail = the_one(post.send())
    assert "申込(もうしこみ)を受(う)け付(つ)けました" in mail.text, "readings stand in brackets"
    assert "\ufff9" not in mail.text + mail.subject


def test_br_31_a_support_measure_lets_nothing_out_by_mail(post: Post) -> None:
    open_policy(**OPEN_POLICY)
    who = post.reader()
    apply(who)
    with db.transaction() as session:
        state_fact(session, who.person_id, "support_measure", "", "set", stated_by="S-9")
    assert post.send() == []
    assert states() == [("receipt", "dropped")]
