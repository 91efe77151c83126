"""Results by file: a file is checked and taken as a whole, then its rows are booked, each once, wherever it stopped."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app import audit, clock, db, db_rows, jobs
from app.payments.gateways import GatewayAnswer
from app.payments.gateways.file import FileFault, FileRefused, ResultFileContent, read_result_file
from app.points.models import GrantFile, GrantOrder, ResultFile, ResultFileRow
from app.points.problems import Source
from app.points.quarantine import Reported
from app.points.states import FINAL_ORDER
from app.points.take_result import Taken, take_results

_FILE_LOCK = 7_340_003
_BOOKED = (
    ResultFileRow.row_no,
    ResultFileRow.policy_id,
    ResultFileRow.order_id,
    ResultFileRow.state,
    ResultFileRow.transaction_no,
    ResultFileRow.reason,
    ResultFileRow.amount,
)


@dataclass(frozen=True)
class TakenFile:
    """A file of results that was taken; ``already`` when it was taken before, unchanged."""

    provider_id: str
    sequence_no: int
    row_count: int
    already: bool


def take_result_file(provider_id: str, content: bytes) -> TakenFile:
    """Take a provider's file of results as a whole; booking its rows is a job of its own (``book_result_file``).

    Raises ``FileRefused``, with nothing taken: for a form or totals that are wrong, a file of another provider, a
    number that is not the next one, a grant file that was never made, or a full file that leaves orders out.
    """
    # Imported here because the tasks import this module.
    from app.points.tasks import book_result_file_rows

    found = read_result_file(content)
    if found.provider_id != provider_id:
        raise FileRefused(FileFault(1, "E703", "ほかの決済事業者のファイルです。"))
    digest = hashlib.sha256(content).digest()
    with db.transaction() as session:
        session.execute(select(func.pg_advisory_xact_lock(_FILE_LOCK, func.hashtext(provider_id))))
        before = session.get(ResultFile, (provider_id, found.sequence_no))
        if before is not None:
            if before.digest != digest:
                text = "同じ通し番号で、内容の異なるファイルを受信済みです。"
                raise FileRefused(FileFault(1, "E704", text))
            return TakenFile(provider_id, found.sequence_no, len(found.rows), already=True)
        _check_is_next(session, found)
        _check_answers(session, found)
        _store(session, found, digest)
        jobs.defer(session, book_result_file_rows, provider_id=provider_id, sequence_no=found.sequence_no)
    return TakenFile(provider_id, found.sequence_no, len(found.rows), already=False)


def book_result_file(provider_id: str, sequence_no: int, *, rows_at_once: int = 1) -> Mapping[Taken, int]:
    """Book the rows of a taken file that were not booked yet, each in a transaction of its own; counts what they did.

    With ``rows_at_once``, so many share one and are booked together, policy by policy: for replays, where nobody waits
    for a policy's counters.

    May run again or at the same time: a row is booked once, in the transaction that notes it.
    """
    done: Counter[Taken] = Counter()
    with db.reading() as session:
        open_rows = session.scalars(
            select(ResultFileRow.row_no)
            .where(
                ResultFileRow.provider_id == provider_id,
                ResultFileRow.sequence_no == sequence_no,
                ResultFileRow.outcome.is_(None),
            )
            .order_by(*([] if rows_at_once == 1 else [ResultFileRow.policy_id]), ResultFileRow.row_no)
        ).all()
    for first in range(0, len(open_rows), rows_at_once):
        with db.transaction() as session:
            done.update(_book_rows(session, provider_id, sequence_no, open_rows[first : first + rows_at_once]))
    with db.transaction() as session:
        file = session.get_one(ResultFile, (provider_id, sequence_no), with_for_update=True)
        file.booked_at = file.booked_at or clock.now()
    return done


def unbooked_result_files(session: Session) -> list[tuple[str, int]]:
    """Files whose rows are not all booked: a worker died in between, or the job was lost."""
    rows = session.execute(
        select(ResultFile.provider_id, ResultFile.sequence_no)
        .where(ResultFile.booked_at.is_(None))
        .order_by(ResultFile.taken_at)
    )
    return [(provider_id, sequence_no) for provider_id, sequence_no in rows]


def _book_rows(session: Session, provider_id: str, sequence_no: int, row_nos: Sequence[int]) -> list[Taken]:
    """Book those of these rows, in this order, that nobody booked meanwhile."""
    rows = session.execute(
        select(*_BOOKED)
        .where(
            ResultFileRow.provider_id == provider_id,
            ResultFileRow.sequence_no == sequence_no,
            db_rows.among(ResultFileRow.row_no, row_nos),
            ResultFileRow.outcome.is_(None),
        )
        .order_by(ResultFileRow.row_no)
        .with_for_update()
    ).all()
    by_no = {row.row_no: row for row in rows}
    mine = [by_no[row_no] for row_no in row_nos if row_no in by_no]
    taken = take_results(session, [_reported(provider_id, sequence_no, row) for row in mine])
    outcomes = [
        {"provider_id": provider_id, "sequence_no": sequence_no, "row_no": row.row_no, "outcome": one.name.lower()}
        for row, one in zip(mine, taken, strict=True)
    ]
    db_rows.update_rows(session, ResultFileRow, outcomes, keys=("provider_id", "sequence_no", "row_no"))
    return taken


def _reported(
    provider_id: str, sequence_no: int, row: Row[int, str, UUID, str, str | None, str | None, int]
) -> Reported:
    state = cast(Literal["accepted", "succeeded", "failed", "received", "not_received"], row.state)
    return Reported(
        provider_id=provider_id,
        policy_id=row.policy_id,
        order_id=row.order_id,
        answer=GatewayAnswer(state, row.transaction_no, row.reason),
        source=Source.FILE,
        source_ref=f"{sequence_no}/{row.row_no}",
        amount=row.amount,
    )


def _check_is_next(session: Session, found: ResultFileContent) -> None:
    last = session.scalar(select(func.max(ResultFile.sequence_no)).where(ResultFile.provider_id == found.provider_id))
    expected = (last or 0) + 1
    if found.sequence_no != expected:
        raise FileRefused(FileFault(1, "E705", f"通し番号が続いていません。次は{expected}番です。"))


def _check_answers(session: Session, found: ResultFileContent) -> None:
    if session.get(GrantFile, (found.provider_id, found.answers)) is None:
        raise FileRefused(FileFault(1, "E701", "該当する付与指図のファイルがありません。"))
    if found.is_partial:
        return
    named = {row.order_id for row in found.rows}
    missing = [order_id for order_id in _unanswered(session, found) if order_id not in named]
    if missing:
        text = f"FULLのファイルに、付与指図{len(missing)}件の結果がありません。"
        raise FileRefused(FileFault(1, "E705", text))


def _unanswered(session: Session, found: ResultFileContent) -> list[UUID]:
    query = select(GrantOrder.id).where(
        GrantOrder.provider_id == found.provider_id,
        GrantOrder.file_no == found.answers,
        GrantOrder.state.not_in(FINAL_ORDER),
    )
    return list(session.scalars(query))


def _store(session: Session, found: ResultFileContent, digest: bytes) -> None:
    session.add(
        ResultFile(
            provider_id=found.provider_id,
            sequence_no=found.sequence_no,
            answers=found.answers,
            is_partial=found.is_partial,
            taken_at=clock.now(),
            digest=digest,
        )
    )
    session.flush()
    rows = [
        {
            "provider_id": found.provider_id,
            "sequence_no": found.sequence_no,
            "row_no": row.row_no,
            "order_id": row.order_id,
            "policy_id": row.policy_id,
            "state": row.answer.state,
            "amount": row.amount,
            "transaction_no": row.answer.transaction_no,
            "reason": row.answer.reason,
        }
        for row in found.rows
    ]
    db_rows.insert_rows(session, ResultFileRow, rows)
    audit.record(
        session,
        "grant.result_file_taken",
        actor_kind="provider",
        actor=found.provider_id,
        object_kind="result_file",
        object_id=f"{found.provider_id}/{found.sequence_no}",
        facts={"rows": len(rows), "answers": found.answers, "total": found.succeeded_total},
    )
