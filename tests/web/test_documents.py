"""Pictures of papers with an answer: sent by the person, seen by reviewing staff alone, gone when they must be."""

from __future__ import annotations

import io
import json
from uuid import UUID

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from app import applications, clock, db, pii, pii_rotation, retention
from app.organisations import Role
from app.settings import Keys
from tests.documents.files import MY_NUMBER, SECRET_PLACE, photograph, promised_points, with_qr
from tests.retention.dump import dump
from tests.web.service import Browser, Service, check_is_clear
from tests.web.test_answer_pages import doubtful
from tests.web.test_guardian_pages import words
from tests.web_counter.hands import signed_in_staff

PAPER = "写真1.jpg"


def send(browser: Browser, receipt: str, *files: tuple[str, bytes], **fields: str) -> TestResponse:
    """The form of the question with files, as a browser sends it."""
    data = {"csrf_token": browser.token(), "answer": "", "no_number": "yes"} | fields
    data["pictures"] = [(io.BytesIO(content), name) for name, content in files]
    headers = {"Referer": browser.service.settings.public_url + receipt}
    return browser.post(f"{receipt}/answer", data=data, headers=headers, content_type="multipart/form-data")


def document_ids() -> list[UUID]:
    with db.reading() as session:
        return list(session.scalars(text("SELECT id FROM documents ORDER BY place")))


def test_a_picture_alone_is_an_answer_and_the_review_goes_on(service: Service) -> None:
    browser, receipt = doubtful(service)
    form = browser.get(f"{receipt}/answer").get_data(as_text=True)
    assert 'enctype="multipart/form-data"' in form
    assert 'accept="image/jpeg,image/png"' in form
    sent = send(browser, receipt, (PAPER, photograph()), ("b.png", photograph(kind="PNG")))
    assert sent.headers["Location"].endswith(receipt)
    page = words(browser.get(receipt))
    assert "審査中" in page
    assert "担当窓口へお返事を送りました" in page
    assert "写真2枚" in page
    (row,) = (one for one in service.applications() if one.state == "screening")
    with db.reading() as session:
        assert [each.place for each in applications.documents_of(session, "P-001", row.id)] == [1, 2]


def test_the_answer_sent_twice_keeps_its_pictures_once(service: Service) -> None:
    browser, receipt = doubtful(service)
    for _ in range(2):
        assert send(browser, receipt, (PAPER, photograph()), answer="住民票です").status_code == 303
    assert service.rows("documents") == 1


def test_br_59_without_the_tick_nothing_is_taken(service: Service) -> None:
    browser, receipt = doubtful(service)
    refused = send(browser, receipt, (PAPER, photograph()), answer="住民票です", no_number="")
    check_is_clear(refused, 422)
    page = words(refused)
    assert "印を付けてください" in page
    assert "住民票です" in page, "what was typed is kept"
    assert "もう一度選んでください" in page, "what cannot be kept is said"
    assert service.rows("documents") == 0


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("card.jpg", with_qr(MY_NUMBER), "マイナンバーと思われる番号が含まれています"),
        (f"{MY_NUMBER}.jpg", photograph(), "マイナンバーと思われる番号が含まれています"),
        ("a.pdf", b"%PDF-1.7", "JPEGかPNG"),
        ("a.jpg", b"\xff\xd8\xff broken", "開けませんでした"),
        ("a.png", promised_points(60_000, 60_000), "細かすぎて"),
        ("a.jpg", b"\xff\xd8\xff" + bytes(9 * 1024 * 1024), "8MBまで"),
    ],
)
def test_br_57_what_is_not_taken_is_said_and_nothing_of_it_is_kept(
    service: Service, database: str, name: str, content: bytes, said: str
) -> None:
    browser, receipt = doubtful(service)
    refused = send(browser, receipt, (PAPER, photograph()), (name, content))
    check_is_clear(refused, 422)
    assert said in words(refused)
    assert MY_NUMBER not in refused.get_data(as_text=True)
    assert service.rows("documents") == 0
    assert service.applications()[0].state == "info_requested"


def test_four_pictures_are_one_too_many_and_thirty_megabytes_are_too_much(service: Service) -> None:
    browser, receipt = doubtful(service)
    assert "3枚まで" in words(send(browser, receipt, *[(PAPER, photograph(300, 300))] * 4))
    large = b"\xff\xd8\xff" + bytes(15 * 1024 * 1024)
    refused = send(browser, receipt, ("a.jpg", large), ("b.jpg", large))
    check_is_clear(refused, 413)
    assert "1枚8MBまで、1回に3枚まで" in words(refused)


def test_only_who_is_signed_in_may_send_so_much(service: Service) -> None:
    _, receipt = doubtful(service)
    stranger = service.browser()
    assert send(stranger, receipt, (PAPER, photograph(300, 300))).status_code == 404
    assert send(stranger, receipt, (PAPER, b"\xff\xd8\xff" + bytes(300 * 1024))).status_code == 413
    stranger.read_card("TP-02", "/status")
    assert send(stranger, receipt, (PAPER, photograph())).status_code == 404
    assert service.rows("documents") == 0


def test_nobody_sends_pictures_without_end(service: Service, real_time_stands: None) -> None:
    browser, receipt = doubtful(service)
    statuses = [send(browser, receipt, no_number="").status_code for _ in range(31)]
    assert statuses == [422] * 30 + [429]


def test_a_picture_lies_encrypted_and_without_what_the_phone_wrote_into_it(service: Service, database: str) -> None:
    browser, receipt = doubtful(service)
    send(browser, receipt, (PAPER, photograph()))
    whole = dump(database)
    for trace in (b"\xff\xd8\xff\xe0".hex(), SECRET_PLACE.encode().hex()):
        assert trace.encode() not in whole
    assert PAPER.encode() not in whole, "not even its name"


def test_reviewing_staff_of_the_municipality_see_it_and_each_look_is_on_record(service: Service) -> None:
    browser, receipt = doubtful(service)
    send(browser, receipt, (PAPER, photograph()))
    (document_id,) = document_ids()
    path = f"/counter/documents/{document_id}"
    reviewer, _ = signed_in_staff(service, "4番窓口", "ST-02", Role.REVIEWER)
    page = reviewer.get(path)
    assert receipt.rpartition("/")[2] in words(page)
    assert f'src="{path}/picture"' in page.get_data(as_text=True)
    assert looks() == 0, "the page alone shows nothing"
    picture = reviewer.get(f"{path}/picture")
    assert picture.data.startswith(b"\xff\xd8\xff")
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.headers["Cache-Control"] == "no-store"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert looks() == 1
    for visitor in (browser, service.browser()):
        assert visitor.get(path).status_code == 303
        assert visitor.get(f"{path}/picture").status_code == 403
    at_the_counter, _ = signed_in_staff(service, "5番窓口", "ST-05", Role.COUNTER, Role.AUDITOR)
    assert at_the_counter.get(f"{path}/picture").status_code == 403
    elsewhere, _ = signed_in_staff(service, "6番窓口", "ST-06", Role.REVIEWER, town="993018")
    assert elsewhere.get(path).status_code == elsewhere.get(f"{path}/picture").status_code == 404
    assert looks() == 1


def test_br_59_staff_mark_the_back_of_a_card_and_it_is_gone_at_once(service: Service, database: str) -> None:
    browser, receipt = doubtful(service)
    send(browser, receipt, (PAPER, photograph()))
    (document_id,) = document_ids()
    path = f"/counter/documents/{document_id}"
    reviewer, _ = signed_in_staff(service, "4番窓口", "ST-02", Role.REVIEWER)
    assert reviewer.send(path).status_code == 422, "a reason is needed"
    for _ in range(2):
        assert reviewer.send(path, why="back_of_card").status_code == 303
    assert "この写真は消去しました" in words(reviewer.get(path))
    assert reviewer.get(f"{path}/picture").status_code == 404
    with db.reading() as session:
        assert session.scalar(text("SELECT octet_length(content_enc) FROM documents")) == 0
        events = session.scalars(text("SELECT facts FROM audit_events WHERE action = 'document.discarded'")).all()
    assert events == [{"document": str(document_id), "why": "back_of_card"}]


def test_br_65_erasing_the_person_erases_the_pictures(service: Service) -> None:
    browser, receipt = doubtful(service)
    send(browser, receipt, (PAPER, photograph()))
    assert browser.send(f"{receipt}/withdraw").status_code == 303
    (row,) = (one for one in service.applications() if one.state == "withdrawn")
    certificate = retention.erase_person(row.beneficiary_id, reason="request", by="S-1", before_the_end=True)
    assert certificate.counts["documents"] == 1
    with db.reading() as session:
        left = session.execute(text("SELECT octet_length(content_enc), erased_at FROM documents")).one()
    assert tuple(left) == (0, clock.now())


def test_the_pictures_follow_when_the_keys_are_rotated(service: Service) -> None:
    browser, receipt = doubtful(service)
    send(browser, receipt, *[(PAPER, photograph())] * 3)
    (row,) = (one for one in service.applications() if one.state == "screening")
    keys = json.loads(service.settings.keys_json.get_secret_value())
    newer = json.loads(Keys.generate_json())["encryption"]
    pii.configure(Keys.from_json(json.dumps(keys | {"encryption": newer | keys["encryption"]})))
    assert pii_rotation.rewrap_all() > 3
    pii.configure(Keys.from_json(json.dumps(keys | {"encryption": newer})))
    reviewer, _ = signed_in_staff(service, "4番窓口", "ST-02", Role.REVIEWER)
    with db.reading() as session:
        found = applications.documents_of(session, "P-001", row.id)
    for each in found:
        assert reviewer.get(f"/counter/documents/{each.document_id}/picture").data.startswith(b"\xff\xd8\xff")


def test_the_database_keeps_the_two_ends_apart(service: Service) -> None:
    """A row without a picture that nobody took away, or with one that somebody did, cannot be."""
    browser, receipt = doubtful(service)
    send(browser, receipt, (PAPER, photograph()))
    for change in ("content_enc = ''", "discarded_at = now(), discarded_by = 'x', discarded_for = 'not_needed'"):
        with pytest.raises(Exception, match="ck_documents_content"), db.transaction() as session:
            session.execute(text(f"UPDATE documents SET {change}"))


def looks() -> int:
    with db.reading() as session:
        return int(session.scalar(text("SELECT count(*) FROM audit_events WHERE action = 'document.viewed'")) or 0)
