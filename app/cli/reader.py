"""`todoke reader`: the reader agent. Needs the base distribution only."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command()
@click.option("--server", required=True, help="Public address of the service, such as https://todoke.example.jp.")
@click.option("--agent-id", required=True, help="Id that `todoke agents enrol` printed.")
@click.option("--key-file", required=True, type=click.Path(path_type=Path, exists=True), help="The agent's device key.")
@click.option("--keypad-port", default=8001, show_default=True, help="Port of the keypad page (this machine only).")
@click.option(
    "--virtual",
    required=True,
    metavar="HOST:PORT",
    help="Listen here as a virtual reader; the tester's desk lays simulated cards on it.",
)
@click.option("--issuer-keys", type=click.Path(path_type=Path, exists=True), help="Issuer keys (JSON), card.md 9.")
def reader(  # noqa: PLR0917  # one parameter for each option
    server: str, agent_id: str, key_file: Path, keypad_port: int, virtual: str, issuer_keys: Path | None
) -> None:
    """Run the reader agent: it waits for card sessions of the service, shows on its own keypad page what will be read
    and why, takes the PINs there, reads the card and posts the signed result.

    The PINs exist in this program's memory only, for one use each; they never reach the service.
    """
    from nfc.agent.reading import IssuerKeys
    from nfc.agent.run import main_loop
    from nfc.transports.virtual import VirtualReader
    from nfc.trust import load_cv_keys

    host, _, port = virtual.rpartition(":")
    if not port.isdigit():
        raise click.UsageError("--virtual wants HOST:PORT, such as 127.0.0.1:8004")
    table = VirtualReader(host, int(port))
    table.start()
    try:
        keys = IssuerKeys(load_cv_keys(issuer_keys, "test"), "test") if issuer_keys else None
        status = main_loop(
            server_url=server,
            agent_id=agent_id,
            key_path=key_file,
            reader=table,
            keypad_port=keypad_port,
            issuer_keys=keys,
        )
    finally:
        table.stop()
    sys.exit(status)
