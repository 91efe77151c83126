"""The provider's exchange by file: it takes files of orders, carries each order out once, and writes files of results.

Its reading and writing of the format are its own, on purpose: a mistake on either side should show.
"""

from __future__ import annotations

import csv
import hashlib
import io
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, g, jsonify, request

from app.provider_simulator.api import authenticate
from app.provider_simulator.faults import DECISIONS, FaultKind, FaultSwitch
from app.provider_simulator.store import Instruction, OrderConflict, OrderOfOther, Row, Store

blueprint = Blueprint("files", __name__)
blueprint.before_request(authenticate)
NOTE = "架空の結果"
ORDERS_AT_ONCE = 1_000


@blueprint.post("/v1/grant-files")
def take_grant_file() -> tuple[Response, int] | Response:
    """Take a file of orders; the same file again changes nothing, another one under its number is refused."""
    fault = _switch().take("grant_file")
    if fault is not None and fault.kind is FaultKind.LOST:
        return jsonify(taken=0)
    if fault is not None and fault.kind is FaultKind.MAINTENANCE:
        return jsonify(error="maintenance"), 503
    content = request.get_data()
    try:
        sequence_no, instructions = _read(content)
    except (ValueError, IndexError):
        return jsonify(error="not a file of grant orders, or its totals are wrong"), 422
    digest = hashlib.sha256(content).digest()
    with _store().pool.connection() as connection:
        connection.execute(
            "INSERT INTO grant_files VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (g.provider_id, sequence_no, digest, [instruction.order_id for instruction in instructions]),
        )
        known = connection.execute(
            "SELECT digest FROM grant_files WHERE provider_id = %s AND sequence_no = %s", (g.provider_id, sequence_no)
        ).fetchone()
    if known is None or bytes(known["digest"]) != digest:
        return jsonify(error="another file had this number"), 409
    decision = DECISIONS.get(fault.kind) if fault else None
    try:
        for first in range(0, len(instructions), ORDERS_AT_ONCE):
            _store().receive_all(instructions[first : first + ORDERS_AT_ONCE], decision)
    except (OrderConflict, OrderOfOther):
        return jsonify(error="an order id was used with another content"), 409
    return jsonify(taken=len(instructions))


@blueprint.post("/v1/result-files/<int:answers>")
def write_result_file(answers: int) -> tuple[Response, int] | Response:
    """Write the next file of results, about the orders of one grant file. ``encoding`` is utf-8 or cp932."""
    _settle(answers)
    fault = _switch().take("result_file")
    kind = fault.kind if fault else None
    with _store().pool.connection() as connection:
        file = connection.execute(
            "SELECT order_ids FROM grant_files WHERE provider_id = %s AND sequence_no = %s", (g.provider_id, answers)
        ).fetchone()
        if file is None:
            return jsonify(error="that file never arrived"), 404
        rows = connection.execute(
            "SELECT * FROM received_orders WHERE order_id = ANY(%s) AND state <> 'accepted' ORDER BY order_id",
            (file["order_ids"],),
        ).fetchall()
        number = connection.execute(
            "SELECT coalesce(max(sequence_no), 0) + 1 AS next FROM result_files WHERE provider_id = %s",
            (g.provider_id,),
        ).fetchone()
        assert number is not None
        partial = kind is FaultKind.PARTIAL or len(rows) < len(file["order_ids"])
        content = _write(number["next"], answers, _changed(rows, kind), partial, kind is FaultKind.WRONG_TOTAL)
        data = content.encode(request.args.get("encoding", "utf-8"))
        if kind is not FaultKind.WRONG_TOTAL:  # the corrected file will carry the number of the wrong one
            connection.execute("INSERT INTO result_files VALUES (%s, %s, %s)", (g.provider_id, number["next"], data))
    if kind is FaultKind.LOST:
        return Response(status=204)
    return Response(data, mimetype="text/csv", headers={"X-Sequence-No": str(number["next"])})


@blueprint.get("/v1/result-files/<int:sequence_no>")
def result_file_again(sequence_no: int) -> tuple[Response, int] | Response:
    """A file of results that was written before, byte for byte."""
    with _store().pool.connection() as connection:
        file = connection.execute(
            "SELECT content FROM result_files WHERE provider_id = %s AND sequence_no = %s", (g.provider_id, sequence_no)
        ).fetchone()
    return Response(bytes(file["content"]), mimetype="text/csv") if file else (jsonify(error="no such file"), 404)


def _settle(sequence_no: int) -> None:
    """What fell due of the orders of one file, so that its results can be complete."""
    with _store().pool.connection() as connection:
        file = connection.execute(
            "SELECT order_ids FROM grant_files WHERE provider_id = %s AND sequence_no = %s",
            (g.provider_id, sequence_no),
        ).fetchone()
    order_ids: list[UUID] = file["order_ids"] if file else []
    for first in range(0, len(order_ids), ORDERS_AT_ONCE):
        _store().settle_due(order_ids[first : first + ORDERS_AT_ONCE])


def _read(content: bytes) -> tuple[int, list[Instruction]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp932")
    head, *rows, foot = list(csv.reader(io.StringIO(text)))
    if head[:4] != ["H", "todoke-grant-orders", "1", g.provider_id] or foot[0] != "T":
        raise ValueError
    found = [
        Instruction(UUID(order_id), g.provider_id, service_id, account, int(amount), policy_id)
        for _, order_id, policy_id, service_id, account, amount in rows
    ]
    if (int(foot[1]), int(foot[2])) != (len(found), sum(instruction.amount for instruction in found)):
        raise ValueError
    return int(head[4]), found


def _changed(rows: list[Row], kind: FaultKind | None) -> list[Row]:
    if kind is FaultKind.PARTIAL:
        return rows[: len(rows) // 2]
    if kind is FaultKind.DUPLICATE:
        return [*rows, *rows]
    if kind is FaultKind.CONTRADICTORY:
        other = {"state": "failed", "transaction_no": None, "reason": "account_closed"}
        return [*rows, *(row | other for row in rows if row["state"] == "succeeded")]
    return rows


def _write(number: int, answers: int, rows: list[Row], partial: bool, wrong_total: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["H", "todoke-grant-results", "1", g.provider_id, number, answers, "PARTIAL" if partial else "FULL"]
    )
    done: list[dict[str, Any]] = [row for row in rows if row["state"] == "succeeded"]
    for row in rows:
        state = "failed" if row["state"] == "closed" else row["state"]
        reason = "closed" if row["state"] == "closed" else row["reason"]
        line = [
            row["order_id"],
            row["policy_id"],
            state,
            row["amount"],
            row["transaction_no"] or "",
            reason or "",
            NOTE,
        ]
        writer.writerow(["D", *line])
    total = sum(row["amount"] for row in done)
    writer.writerow(["T", len(rows), len(done), total + (1 if wrong_total else 0)])
    return out.getvalue()


def _store() -> Store:
    store: Store = current_app.extensions["store"]
    return store


def _switch() -> FaultSwitch:
    switch: FaultSwitch = current_app.extensions["faults"]
    return switch
