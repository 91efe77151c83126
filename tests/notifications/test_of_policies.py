"""domain.md 3.6: end moved, suspended, resumed: who has an application in flight is told, once, in their language."""

from __future__ import annotations

from datetime import timedelta

import pytest
from click.testing import CliRunner

from app import applications, clock, db, maintenance, policies
from app.cli.policies import policies as command
from app.errors import DomainError
from app.notifications.tasks import tell_those_in_flight
from app.policies import PolicyState
from app.policies.suspend import SuspendRefused
from tests.applications.applicants import applicant, apply, apply_for_later, by_receipt, open_policy, stored
from tests.applications.submitting import at, audited
from tests.notifications.conftest import Post
from tests.rebates.conftest import run_jobs

JOBS = ["applications.follow_end_of", "notifications.tell_those_in_flight"]
NIGHT = ("2027-01-31T20:00:00", "2027-02-01T06:00:00")


def subjects(post: Post) -> list[str]:
    run_jobs(JOBS)
    return [mail.subject for mail in post.send()]


def announce() -> maintenance.Window:
    return maintenance.add_window(at(NIGHT[0]), at(NIGHT[1]), note="基盤の更新", by="ST-1", stops_orders=False)


# --- suspended and resumed ----------------------------------------------------------------------------------------


def test_who_is_in_flight_is_told_that_a_policy_is_suspended_and_resumed_and_nobody_else(post: Post) -> None:
    open_policy(assign_later=True)
    english = post.reader(language="en")
    easy = post.reader(language="ja@easy", address="hanako@example.jp")
    gone = post.reader(address="jiro@example.jp")
    for who in (english, easy, gone):
        receipt = apply_for_later(who)
    applications.withdraw(receipt.receipt_no, gone.person_id)
    apply(applicant())  # without an address
    post.send()
    policies.suspend("P-001", by="ST-A1", reason="名簿を確かめる")
    with pytest.raises(DomainError, match="E210"):
        apply(applicant())
    run_jobs(JOBS)
    told = {mail.to: mail for mail in post.send()}
    assert set(told) == {"taro.shiken@example.jp", "hanako@example.jp"}
    assert "Applications are paused" in told["taro.shiken@example.jp"].subject
    assert "とめています" in told["hanako@example.jp"].text
    assert "名簿を確かめる" not in told["hanako@example.jp"].text, "the reason is for the record"
    policies.resume("P-001", by="ST-A1")
    assert len(subjects(post)) == 2
    assert (audited("policy.suspended"), audited("policy.resumed")) == (1, 1)
    apply(applicant())


def test_a_job_that_died_half_way_tells_nobody_twice(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    open_policy(assign_later=True)
    for number in range(5):
        apply_for_later(post.reader(address=f"a{number}@example.jp"))
    post.send()
    monkeypatch.setattr("app.notifications.of_policies.BATCH", 2)
    for _ in range(2):
        tell_those_in_flight("P-001", "suspended", "policy.suspended:1")
    assert len(post.send()) == 5
    tell_those_in_flight("P-001", "suspended", "policy.suspended:2")
    assert len(post.send()) == 5, "suspended another time, told another time"


def test_only_what_is_open_is_suspended_and_only_what_is_suspended_resumes(post: Post) -> None:
    open_policy()
    with pytest.raises(SuspendRefused, match="open, not suspended"):
        policies.resume("P-001", by="ST-A1")
    with pytest.raises(LookupError):
        policies.suspend("P-404", by="ST-A1", reason="確かめる")
    for reason in ("", " ", "あ" * 201, "123456789018"):
        with pytest.raises(SuspendRefused, match="reason"):
            policies.suspend("P-001", by="ST-A1", reason=reason)
    policies.suspend("P-001", by="ST-A1", reason="確かめる")
    with pytest.raises(SuspendRefused, match="suspended, not open"):
        policies.suspend("P-001", by="ST-A1", reason="確かめる")
    with clock.frozen(at("2027-04-01T00:00:00")), pytest.raises(SuspendRefused, match="closed"):
        policies.resume("P-001", by="ST-A1")
    policies.resume("P-001", by="ST-A1")


def test_a_full_policy_with_a_queue_can_be_suspended_and_is_full_again_afterwards(post: Post) -> None:
    open_policy(capacity=1, overflow="waitlist", reopen=True)
    apply(applicant())
    policies.suspend("P-001", by="ST-A1", reason="確かめる")
    with pytest.raises(DomainError, match="E210"):
        apply(applicant())
    policies.resume("P-001", by="ST-A1")
    assert apply(applicant()).state is applications.ApplicationState.WAITLISTED


def test_the_commands_suspend_resume_and_say_why_not(post: Post) -> None:
    open_policy()
    run = CliRunner().invoke
    first = run(command, ["suspend", "P-001", "--by", "ST-A1", "--reason", "確かめる"])
    assert (first.exit_code, first.output) == (0, "P-001: suspended\n")
    again = run(command, ["suspend", "P-001", "--by", "ST-A1", "--reason", "確かめる"])
    assert (again.exit_code, "suspended, not open" in again.output) == (2, True)
    assert run(command, ["resume", "P-001", "--by", "ST-A1"]).output == "P-001: open again\n"
    assert run(command, ["resume", "P-404", "--by", "ST-A1"]).exit_code == 1
    with db.reading() as session:
        found = policies.get(session, "P-001")
    assert found is not None
    assert found.state is PolicyState.OPEN


# --- ends that maintenance moves ----------------------------------------------------------------------------------


def test_br_07_who_has_to_choose_a_service_gets_the_moved_day_and_is_told_once(post: Post) -> None:
    open_policy(assign_later=True, window__assign_by="2027-01-31T23:59:59+09:00")
    who = post.reader()
    application_id = by_receipt(apply_for_later(who)).id
    post.send()
    assert _last_day(application_id) == "2027-01-31"
    window = announce()
    run_jobs(JOBS)
    (mail,) = post.send()
    assert _last_day(application_id) == "2027-02-01"
    assert "期限が変わりました" in mail.subject
    assert "2月1日" in mail.text
    run_jobs(JOBS)
    applications.follow_end("P-001")
    assert post.send() == []
    maintenance.cancel_window(window.window_id, "ST-1")
    assert subjects(post) == []
    assert _last_day(application_id) == "2027-02-01", "what was told once stands"


def test_br_07_who_waits_for_a_seat_is_told_of_the_moved_end_and_of_its_going_back(post: Post) -> None:
    open_policy(capacity=1, overflow="waitlist", reopen=True)
    apply(applicant())
    who = post.reader()
    assert apply(who).state is applications.ApplicationState.WAITLISTED
    post.send()
    window = announce()
    run_jobs(JOBS)
    (mail,) = post.send()
    assert "2月1日" in mail.text
    maintenance.cancel_window(window.window_id, "ST-1")
    run_jobs(JOBS)
    (back,) = post.send()
    assert "1月31日" in back.text


def test_a_window_that_moves_no_end_is_told_to_nobody(post: Post) -> None:
    open_policy(assign_later=True)
    apply_for_later(post.reader())
    post.send()
    soon = clock.now() + timedelta(days=1)
    maintenance.add_window(soon, soon + timedelta(hours=2), note="点検", by="ST-1", stops_orders=False)
    assert subjects(post) == []


def _last_day(application_id: object) -> str:
    assign_by = stored(application_id).assign_by
    assert assign_by is not None
    return clock.local(assign_by).date().isoformat()
