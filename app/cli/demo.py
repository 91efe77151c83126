"""`todoke demo`: the whole system on one machine, every part its own process, data kept between starts."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import click

from app.cli.addresses import Addresses

FIXTURE_TIME = datetime.fromisoformat("2026-11-20T10:00:00+09:00")
READY_SECONDS = 90.0


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port of the service; the next seven are used as well.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of the service; 0.0.0.0 lets phones in.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Where data is kept [default: .state/demo-PORT].")
@click.option("--by-file", multiple=True, metavar="PROVIDER", help="Reach this provider (PRV-03) by file, not by call.")
@click.option("--no-qr", is_flag=True, help="Print no QR code.")
def demo(port: int, host: str, state_dir: Path | None, by_file: tuple[str, ...], no_qr: bool) -> None:
    """Run the whole system on this machine: service, worker, payment providers, tester's desk, reader, mail catcher.

    Sample data and simulated cards; time starts at 2026-11-20 10:00 and then ticks. Ctrl-C stops everything; the next
    start goes on with the same data.
    """
    from app.cli.processes import Processes
    from app.embedded_postgres import EmbeddedPostgres

    addresses = Addresses(host, port)
    state = (state_dir or Path(os.environ.get("TODOKE_STATE_DIR") or f".state/demo-{port}")).resolve()
    _check_ports(addresses)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    started = time.monotonic()
    cluster = EmbeddedPostgres(state / "postgres")
    processes = Processes(state / "logs")
    try:
        _say("データベースを起動しています")
        cluster.start()
        from app.cli import demo_setup

        environment = demo_setup.prepare(cluster, addresses, state, FIXTURE_TIME, _say, by_file=by_file)
        _say("各プロセスを起動しています")
        demo_setup.start_processes(processes, addresses, state, environment)
        if _wait_until_ready(addresses, processes, stop):
            _print_addresses(addresses, started, with_qr=not no_qr)
            _watch(processes, stop)
    finally:
        _say("停止しています")
        processes.stop()
        cluster.stop()
    if processes.failed:
        raise SystemExit(1)


def _say(text: str) -> None:
    click.echo(f"… {text}")


def _check_ports(addresses: Addresses) -> None:
    for port in range(addresses.port, addresses.smtp_port + 1):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((addresses.host if port == addresses.port else "127.0.0.1", port))
            except OSError as error:
                raise click.ClickException(
                    f"port {port} on {addresses.host} can't be used ({error.strerror}). Is another copy running? "
                    f"Choose another port: make demo PORT={addresses.port + 100}"
                ) from None


def _wait_until_ready(addresses: Addresses, processes: object, stop: threading.Event) -> bool:
    import httpx

    from app.cli.processes import Processes

    assert isinstance(processes, Processes)
    checks = [f"{addresses.web_here}/readyz"]
    pages = (addresses.provider_port, addresses.desk_port, addresses.keypad_port, addresses.mail_port)
    checks += [f"{addresses.local(port)}/" for port in pages]
    checks.append(f"{addresses.local(addresses.ocsp_port)}/healthz")
    deadline = time.monotonic() + READY_SECONDS
    while checks and not stop.is_set():
        ended = processes.ended()
        if ended or time.monotonic() > deadline:
            processes.failed = True
            name = ended or "a part"
            click.echo(f"{name} did not start; the end of its log:\n{processes.log_tail(ended)}", err=True)
            return False
        try:
            if httpx.get(checks[0], timeout=2, trust_env=False).status_code == 200:
                checks.pop(0)
                continue
        except httpx.HTTPError:
            pass
        stop.wait(0.1)
    return not stop.is_set()


def _watch(processes: object, stop: threading.Event) -> None:
    from app.cli.processes import Processes

    assert isinstance(processes, Processes)
    while not stop.wait(1.0):
        ended = processes.ended()
        if ended:
            processes.failed = True
            click.echo(f"{ended} ended by itself; the end of its log:\n{processes.log_tail(ended)}", err=True)
            return


def _print_addresses(addresses: Addresses, started: float, *, with_qr: bool) -> None:
    seconds = time.monotonic() - started
    click.echo(f"\nとどけ (試験環境) を起動しました({seconds:.1f} 秒)。Ctrl-C で停止します。")
    click.echo("データは次の起動に引き継がれます。\n")
    rows = (
        (addresses.public_url + "/", "サービス(ここから始めます)"),
        (addresses.local(addresses.desk_port) + "/", "試験用カードデスク(カードを選んで置きます)"),
        (addresses.local(addresses.keypad_port) + "/", "リーダーの暗証番号画面"),
        (addresses.local(addresses.provider_port) + "/", "決済事業者の模擬(セキュリティコードを見ます)"),
        (addresses.local(addresses.mail_port) + "/", "メール受け(送られたお知らせを見ます)"),
    )
    for url, text in rows:
        click.echo(f"  {url:<32} {text}")
    if with_qr:
        _print_qr(addresses.public_url + "/")
    if addresses.web_is_local:
        click.echo(
            "  このアドレスはこのコンピューターだけで開けます。スマートフォンから開くには: make demo HOST=0.0.0.0\n"
        )
    else:
        click.echo("  同じネットワークのスマートフォンで、上のQRコードを読み取ると開けます。\n")
    port = f" --base-url {addresses.local(addresses.port)}" if addresses.port != 8000 else ""
    click.echo(f"  試し: .venv/bin/todoke journey --person TP-02 --policy P-001 --service SVC-QR-01{port}\n")
    sys.stdout.flush()


def _print_qr(url: str) -> None:
    import qrcode

    code = qrcode.QRCode(border=2)
    code.add_data(url)
    click.echo("")
    code.print_ascii(invert=True)
