"""BR-32, promise 5, in what reaches people by mail and operators by command: every outcome of a review, all languages.

The steps are those of ``tests.cases.test_cannot_tell_exports``; here everybody in them reads mail.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app import applications, notifications
from app.applications import ApplicationState
from app.cli.check import check as check_command
from app.cli.policies import policies as policies_command
from app.language import LANGUAGES, say, speaking
from app.language_ruby import in_brackets, plain
from app.notifications.words import KINDS
from tests.applications.guardians import apply_for, child, parent
from tests.applications.test_births import ELDER, POST_REVIEW, REVIEWER, SECOND, TOO_OLD, tiered_policy
from tests.cases import test_cannot_tell_exports as steps
from tests.cases.test_cannot_tell import says_not_eligible
from tests.cases.town import Resident, open_policy, resident, stored
from tests.notifications.conftest import Post

REVIEWS = (steps.asked_back, steps.without_an_answer, steps.taken_back, steps.refused)
_READINGS = re.compile(r"\([ぁ-ゖァ-ヺー]+\)")
_EASY = re.compile("対象外では?ありません|対象外と いう ことではありません|対象外という 意味では ありません")
_addresses = itertools.count(1)


def says_no(text: str) -> bool:
    """Whether a message says "not eligible"; readings in brackets are no part of a sentence."""
    return says_not_eligible(_EASY.sub("", _READINGS.sub("", text)))


@pytest.fixture(params=LANGUAGES)
def readers(request: pytest.FixtureRequest, post: Post, monkeypatch: pytest.MonkeyPatch) -> Post:
    """Everybody whose card is read has an address, and the language of this test."""

    def with_address(**who: Any) -> Resident:
        made = resident(**who)
        post.reader(made, language=request.param, address=f"reader{next(_addresses)}@example.jp")
        return made

    monkeypatch.setattr(steps, "resident", with_address)
    return post


def mails(post: Post) -> Iterator[str]:
    notifications.remind()
    for mail in post.send():
        yield f"{mail.subject}\n{mail.text}"


def test_br_32_no_mail_says_not_eligible_but_that_of_a_refusal(readers: Post) -> None:
    open_policy()
    told = set()
    for review in REVIEWS:
        for _, receipt in review():
            state = ApplicationState(stored(receipt).state)
            for text in mails(readers):
                assert says_no(text) <= (state in steps.REFUSED), (state, text)
                told.add((state, says_no(text)))
    # The clock stands, so the second refusal of the same moment is not told twice.
    assert {state for state, says in told if says} == {ApplicationState.REJECTED}, "a refusal is told in this language"
    assert {"screening", "info_requested", "approved", "lapsed", "withdrawn"} <= {state for state, _ in told}


@pytest.mark.parametrize("language", LANGUAGES)
def test_br_32_of_all_kinds_of_messages_one_says_it(language: str) -> None:
    with speaking(language):
        words = {
            kind: plain(in_brackets(f"{say(one.subject)} {say(one.line, amount='1', day='2', days='3')}"))
            for kind, one in KINDS.items()
        }
    assert {kind for kind, text in words.items() if says_no(text)} == {"refused"}


def commands(policy_id: str, folder: Path) -> str:
    """What operators read of results: the file of a policy, and the comparison of the books."""
    file = folder / f"{policy_id}.csv"
    exported = CliRunner().invoke(policies_command, ["export", policy_id, str(file), "--by", "ST-P1"])
    assert exported.exit_code == 0, exported.output
    compared = CliRunner().invoke(check_command, ["invariants"])
    assert compared.exit_code == 0, compared.output
    return exported.output + file.read_text(encoding="utf-8-sig") + compared.output


def test_br_32_no_command_says_it_of_somebody_who_waits(post: Post, tmp_path: Path) -> None:
    open_policy()
    for review in REVIEWS[:3]:
        for _ in review():
            said = commands("P-001", tmp_path)
            assert "P001-" in said
            assert not says_not_eligible(said) and not steps.WORDS_FOR_PROGRAMS.search(said), said
    for _ in steps.refused():
        last = commands("P-001", tmp_path)
    assert steps.WORDS_FOR_PROGRAMS.search(last), "a refusal is in the file, so it would have been found"


@pytest.mark.parametrize("siblings", [None, [ELDER, SECOND], [TOO_OLD, SECOND]])
def test_br_29_a_child_whose_place_is_not_known_or_fits_no_step_is_not_told_no(
    post: Post, tmp_path: Path, siblings: list[Any] | None
) -> None:
    tiered_policy()
    mother = post.reader(parent())
    receipt = apply_for(mother, child("20150601"), "P-010")
    key = ("P-010", stored(receipt).id)
    applications.take_check(*key, POST_REVIEW, REVIEWER)
    if siblings is not None:
        applications.record_births(*key, REVIEWER, siblings=siblings)
    said = [*mails(post), commands("P-010", tmp_path)]
    assert not any(says_not_eligible(text) for text in said)
    row = next(line for line in said[-1].splitlines() if receipt.receipt_no in line)
    assert ("50000" in row) is (siblings == [ELDER, SECOND]), "an amount that is not settled is not exported as one"
