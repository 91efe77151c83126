"""Load a list: read, judge every cell, compare with the version before, keep all of it or nothing (BR-70 to BR-72).

The one use case behind the command line and the portal. It never makes anybody's payment undone: a file that lacks the
row of somebody who has been granted is refused (E605), and a new version changes no decision made before it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import audit, clock, db
from app.lists import store
from app.lists.files import Encoding, Progress, Record, SourceFile, open_file
from app.lists.layout import MyNumberFound, Row, RowReader, read_heading, refuse_my_number
from app.lists.models import ListVersion, RecipientList
from app.lists.problems import MAX_PROBLEMS, ListRefused, Problems, TooManyProblems, problem
from app.lists.store import Connection, Difference, Store
from app.lists.tokens import TokenKey
from app.pii import vault

MAX_ROWS = 3_000_000
STATEMENT_MINUTES = 10
_LOCK_NOT_AVAILABLE = "55P03"

GrantedLookup = Callable[[Session, str, Iterable[UUID]], int]
"""How many of these applications of a policy have been granted; given by who knows grants, a floor above."""


class UnknownList(LookupError):
    """The list was not registered for a policy."""


class LoadInProgress(Exception):
    """Somebody else loads this list at the moment."""


class _Undone(Exception):
    """Leaves the transaction without keeping anything, on purpose."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """What a file would change, or has changed. Row numbers only: it is shown on screens and kept in logs.

    ``version`` is the number of the version that counts now, ``None`` when there is none; it is a new one when the
    load was not a trial and something changed. ``alike``: rows under other control numbers that say the same of a
    person. ``marked``: rows with a sign for a lost character. Both are for staff to look at; nobody is matched to them
    without a person. ``uneven_numbers``: control numbers of digits differ in length, so zeros may be missing.
    """

    list_id: str
    version: int | None
    rows: int
    added: Difference
    changed: Difference
    removed: Difference
    alike: Difference
    marked: Difference
    uneven_numbers: bool
    dry_run: bool

    @property
    def changes(self) -> int:
        """Rows that differ from the version before."""
        return self.added.count + self.changed.count + self.removed.count


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose list it is. ``municipality_code``: where rows without a code of their own live."""

    policy_id: str
    municipality_code: str
    kind: Literal["recipients", "exclusions"] = "recipients"


class OtherOwner(ValueError):
    """The list is another policy's, or of the other kind."""


def register_list(session: Session, list_id: str, owner: Owner) -> None:
    """Make a list known, once. Again with the same owner changes nothing, with another it is ``OtherOwner``."""
    known = session.get(RecipientList, list_id)
    if known is None:
        session.add(
            RecipientList(
                list_id=list_id,
                policy_id=owner.policy_id,
                municipality_code=owner.municipality_code,
                kind=owner.kind,
            )
        )
        session.flush()
    elif (known.policy_id, known.kind) != (owner.policy_id, owner.kind):
        raise OtherOwner(f"the list {list_id} belongs to {known.policy_id} as {known.kind}")


def load_list(
    path: Path,
    *,
    list_id: str,
    loaded_by: str,
    granted: GrantedLookup,
    owner: Owner | None = None,
    encoding: Encoding = "auto",
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ListReport:
    """Load a file as the new version of a list, in a transaction of its own.

    ``owner`` makes a new list known; without it the list must be. ``dry_run`` tells the same and keeps nothing. The
    same content again makes no new version. Raises ``ListRefused`` with every bad cell named, ``UnknownList``,
    ``OtherOwner`` or ``LoadInProgress``. A My Number anywhere, also in the file's name, ends the reading at once
    (E607): nothing of it is stored or logged but that it happened, in the audit.
    """
    try:
        refuse_my_number(path.name, 1, 1)
        source = open_file(path, encoding)
        return _load(source, list_id, owner, loaded_by, granted, dry_run=dry_run, progress=progress)
    except MyNumberFound as found:
        with db.transaction() as session:
            audit.record(
                session,
                "list.my_number_refused",
                actor_kind="staff",
                actor=loaded_by,
                object_kind="list",
                object_id=list_id,
            )
        raise ListRefused((problem("E607", found.row, found.column),)) from None


def _load(
    source: SourceFile,
    list_id: str,
    owner: Owner | None,
    loaded_by: str,
    granted: GrantedLookup,
    *,
    dry_run: bool,
    progress: Progress | None,
) -> ListReport:
    report: ListReport | None = None
    try:
        with db.transaction() as session:
            if owner is not None:
                register_list(session, list_id, owner)
            target = _lock(session, list_id)
            before = _current(session, list_id)
            digest = vault().index("lists.file", source.digest)
            if before is not None and before.file_digest == digest:
                return _unchanged(before, dry_run=dry_run)
            connection = _prepare(session)
            new_id = _next_version_id(connection)
            place = (store.Trial if dry_run else store.Permanent)(connection, TokenKey(list_id), new_id)
            counted = _write_rows(source, target, place, progress)
            report = _judge(session, place, target, before, counted, granted=granted, dry_run=dry_run)
            if dry_run or (before is not None and report.changes == 0):
                raise _Undone
            report = _keep(session, report, new_id, loaded_by, digest)
    except _Undone:
        pass
    assert report is not None
    return report


def _lock(session: Session, list_id: str) -> RecipientList:
    """One load of a list at a time."""
    statement = select(RecipientList).where(RecipientList.list_id == list_id).with_for_update(nowait=True)
    try:
        target = session.scalar(statement)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise LoadInProgress(list_id) from None
        raise
    if target is None:
        raise UnknownList(list_id)
    return target


def _current(session: Session, list_id: str) -> ListVersion | None:
    newest = select(ListVersion).where(ListVersion.list_id == list_id).order_by(ListVersion.version.desc()).limit(1)
    return session.scalar(newest)


def _unchanged(before: ListVersion, *, dry_run: bool) -> ListReport:
    """The very bytes of the last load: nothing to read again."""
    none = Difference(0, ())
    return ListReport(
        before.list_id, before.version, before.row_count, none, none, none, none, none, uneven_numbers=False,
        dry_run=dry_run,
    )  # fmt: skip


def _prepare(session: Session) -> Connection:
    """A million rows take longer than any request may; comparing them needs more than a request's memory."""
    session.execute(text(f"SET LOCAL statement_timeout = '{STATEMENT_MINUTES}min'"))
    session.execute(text("SET LOCAL work_mem = '64MB'"))
    return db.driver_connection(session)


def _next_version_id(connection: Connection) -> int:
    row = connection.execute("SELECT nextval(pg_get_serial_sequence('list_versions', 'id'))").fetchone()
    assert row is not None
    return int(row[0])


@dataclass(frozen=True, slots=True)
class _Counted:
    rows: int
    uneven_numbers: bool


def _write_rows(source: SourceFile, target: RecipientList, place: Store, progress: Progress | None) -> _Counted:
    """Read and store every good row; raise ``ListRefused`` at the end when one was bad."""
    problems = Problems()
    count = 0
    lengths: set[int] = set()
    try:
        records = source.records(progress)
        reader = _reader(next(records, None), target, problems)
        lengths = reader.control_no_lengths
        batch: list[Row] = []
        for record in records:
            row = reader.read(record.row_no, record.cells, record.rewritten)
            if row is None:
                continue
            count += 1
            batch.append(row)
            if len(batch) == store.BATCH_ROWS:
                _write_if_good(place, batch, problems, count)
                batch = []
        _write_if_good(place, batch, problems, count)
    except TooManyProblems:
        pass
    problems.refuse_if_any()
    if count == 0:
        raise ListRefused((problem("layout:empty_file"),))
    return _Counted(count, len(lengths) > 1)


def _reader(heading: Record | None, target: RecipientList, problems: Problems) -> RowReader:
    if heading is None:
        raise ListRefused((problem("layout:empty_file"),))
    positions = read_heading(heading.cells, problems)
    problems.refuse_if_any()
    today = clock.local(clock.now()).date()
    return RowReader(positions, len(heading.cells), target.municipality_code, today, problems)


def _write_if_good(place: Store, batch: list[Row], problems: Problems, count: int) -> None:
    """After the first fault nothing more is stored: the rest is read for its faults only."""
    if count > MAX_ROWS:
        raise ListRefused((problem("layout:rows", n=MAX_ROWS),))
    if not problems.found:
        place.write(batch)


def _judge(
    session: Session,
    place: Store,
    target: RecipientList,
    before: ListVersion | None,
    counted: _Counted,
    *,
    granted: GrantedLookup,
    dry_run: bool,
) -> ListReport:  # fmt: skip
    """What the stored rows change; ``ListRefused`` for rows that are there twice or must not go."""
    twice = place.twice_in_file(MAX_PROBLEMS)
    if twice:
        raise ListRefused(tuple(problem("E604", first, row2=second) for first, second in twice))
    old = None if before is None else before.id
    changes = place.differences(old)
    if old is not None:
        _refuse_removal_of_granted(session, place.claims_of_removed(old, target.list_id), granted)
    return ListReport(
        list_id=target.list_id,
        version=None if before is None else before.version,
        rows=counted.rows,
        added=changes["added"],
        changed=changes["changed"],
        removed=changes["removed"],
        alike=place.alike_in_file(),
        marked=place.marked_in_file(),
        uneven_numbers=counted.uneven_numbers,
        dry_run=dry_run,
    )


def _refuse_removal_of_granted(session: Session, claims: list[tuple[str, UUID]], granted: GrantedLookup) -> None:
    by_policy: dict[str, list[UUID]] = {}
    for policy_id, application_id in claims:
        by_policy.setdefault(policy_id, []).append(application_id)
    count = sum(granted(session, policy_id, applications) for policy_id, applications in by_policy.items())
    if count:
        raise ListRefused((problem("E605", n=count),), total=count)


def _keep(session: Session, report: ListReport, new_id: int, loaded_by: str, digest: bytes) -> ListReport:
    """Make the stored rows a version. From here on they count."""
    kept = replace(report, version=(report.version or 0) + 1)
    assert kept.version is not None
    session.add(
        ListVersion(
            id=new_id,
            list_id=kept.list_id,
            version=kept.version,
            loaded_at=clock.now(),
            loaded_by=loaded_by,
            file_digest=digest,
            row_count=kept.rows,
            added=kept.added.count,
            changed=kept.changed.count,
            removed=kept.removed.count,
        )
    )
    audit.record(
        session,
        "list.loaded",
        actor_kind="staff",
        actor=loaded_by,
        object_kind="list",
        object_id=kept.list_id,
        facts={
            "version": kept.version,
            "rows": kept.rows,
            "added": kept.added.count,
            "changed": kept.changed.count,
            "removed": kept.removed.count,
        },
    )
    return kept
