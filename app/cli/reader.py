"""`todoke reader`: the reader agent. Needs the base distribution only, but for `--pcsc` (pyscard) and `--desk`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nfc.agent.reading import Reader
    from nfc.trust import Environment


@click.group(invoke_without_command=True)
@click.option("--server", help="Public address of the service, such as https://todoke.example.jp.")
@click.option("--agent-id", help="Id that `todoke agents enrol` printed; not needed after `todoke reader pair`.")
@click.option("--key-file", type=click.Path(path_type=Path), help="The agent's device key.")
@click.option("--keypad-port", default=8001, show_default=True, help="Port of the keypad page (this machine only).")
@click.option("--pcsc", is_flag=True, help="Read cards on a PC/SC reader of this machine (extra `pcsc`).")
@click.option("--pcsc-reader", metavar="NAME", help="Only the PC/SC reader whose name contains NAME.")
@click.option(
    "--desk",
    "desk_port",
    type=int,
    metavar="PORT",
    help="Simulated cards: a tester's desk on this port of this machine (extra `server`).",
)
@click.option(
    "--virtual",
    metavar="HOST:PORT",
    help="Listen here as a virtual reader; a tester's desk lays simulated cards on it.",
)
@click.option("--state-dir", type=click.Path(path_type=Path), default=Path(".state"), help="Simulated cards (--desk).")
@click.option("--issuer-keys", type=click.Path(path_type=Path, exists=True), help="Issuer keys (JSON), card.md 9.")
@click.option(
    "--environment",
    type=click.Choice(["production", "test"]),
    help="Which issuer keys count; TEST cards need `test` [default: production with --pcsc, else test].",
)
@click.option("--shuffle-digits", is_flag=True, help="Show the keypad's digits in a new order each time.")
@click.option(
    "--extended-length",
    type=click.Choice(["off", "auto", "declared"]),
    default="off",
    show_default=True,
    help="Read long files at once: never, always tried first, or where the card says that it can.",
)
@click.option("--allow-plain-http", is_flag=True, hidden=True, help="For a closed test network only.")
@click.pass_context
def reader(  # noqa: PLR0917  # one parameter for each option
    context: click.Context,
    server: str | None,
    agent_id: str | None,
    key_file: Path | None,
    keypad_port: int,
    pcsc: bool,
    pcsc_reader: str | None,
    desk_port: int | None,
    virtual: str | None,
    state_dir: Path,
    issuer_keys: Path | None,
    environment: Environment | None,
    shuffle_digits: bool,
    extended_length: str,
    allow_plain_http: bool,
) -> None:
    """Run the reader agent: it waits for card sessions of the service, shows on its own keypad page what will be read
    and why, takes the PINs there, reads the card and posts the signed result.

    The PINs exist in this program's memory only, for one use each; they never reach the service. Readers with a keypad
    of their own are used like any other: their keypad stays off.

    Pair it once: `todoke reader pair --server URL --code CODE --key-file FILE`. Then one of --pcsc, --desk, --virtual
    says where cards lie.
    """
    if context.invoked_subcommand is not None:
        return
    from nfc.agent.pairing import remembered_agent_id
    from nfc.agent.reading import IssuerKeys
    from nfc.agent.run import main_loop
    from nfc.exchanges import ExtendedLength
    from nfc.trust import AnchorError, load_cv_keys

    if server is None or key_file is None:
        raise click.UsageError("--server and --key-file are needed")
    known_id = agent_id or remembered_agent_id(key_file)
    if known_id is None:
        raise click.UsageError("--agent-id is needed: this key was not paired by `todoke reader pair`")
    pcsc = pcsc or pcsc_reader is not None
    if sum((pcsc, desk_port is not None, virtual is not None)) != 1:
        raise click.UsageError("one of --pcsc, --desk and --virtual says where cards lie")
    world: Environment = environment or ("production" if pcsc else "test")
    if desk_port is not None and issuer_keys is None:
        own_issuer = state_dir / "trust" / "cv_keys.json"
        issuer_keys = own_issuer if own_issuer.exists() else None
    try:
        keys = IssuerKeys(load_cv_keys(issuer_keys, world) if issuer_keys else {}, world)
    except AnchorError as error:
        raise click.ClickException(f"--issuer-keys: {error}") from None
    if pcsc:
        from nfc.transports.pcsc import PcscReader

        cards: AbstractContextManager[Reader] = nullcontext(PcscReader(pcsc_reader))
    else:
        cards = _virtual_cards(virtual, desk_port, state_dir, keypad_port=keypad_port, server=server)
    with cards as table:
        status = main_loop(
            server_url=server,
            agent_id=known_id,
            key_path=key_file,
            reader=table,
            keypad_port=keypad_port,
            issuer_keys=keys,
            allow_plain_http=allow_plain_http,
            shuffled_digits=shuffle_digits,
            extended=ExtendedLength(extended_length),
        )
    sys.exit(status)


@reader.command()
@click.option("--server", required=True, help="Public address of the service, such as https://todoke.example.jp.")
@click.option(
    "--code", required=True, help="The code from the page of the counter, or that `todoke agents pair-code` printed."
)
@click.option("--key-file", required=True, type=click.Path(path_type=Path), help="Device key; made when missing.")
@click.option("--allow-plain-http", is_flag=True, hidden=True, help="For a closed test network only.")
def pair(server: str, code: str, key_file: Path, allow_plain_http: bool) -> None:
    """Enrol this program's device key at the service with a code, once."""
    from nfc.agent import pairing
    from nfc.agent.client import AgentConfigurationError
    from nfc.agent.signing import DeviceKey, DeviceKeyError

    try:
        key = DeviceKey.load(key_file) if key_file.exists() else DeviceKey.create(key_file)
        paired = pairing.pair(server, code, key, allow_plain_http=allow_plain_http)
        pairing.remember(key_file, paired)
    except (AgentConfigurationError, DeviceKeyError, pairing.PairingFailed) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"paired as {paired.name}: agent {paired.agent_id}, reader number {paired.reader_no}")


@contextmanager
def _virtual_cards(
    virtual: str | None, desk_port: int | None, state_dir: Path, *, keypad_port: int, server: str
) -> Iterator[Reader]:
    """A virtual reader for as long as the agent runs, with a desk beside it if wanted."""
    from nfc.transports.virtual import VirtualReader

    host, _, port = (virtual or "127.0.0.1:0").rpartition(":")
    if not port.isdigit():
        raise click.UsageError("--virtual wants HOST:PORT, such as 127.0.0.1:8004")
    table = VirtualReader(host, int(port))
    table.start()
    try:
        if desk_port is not None:
            from app.cli.reader_desk import serve_beside

            keypad_url = f"http://127.0.0.1:{keypad_port}"
            serve_beside(table.address, desk_port, state_dir, keypad_url=keypad_url, service_url=server)
        yield table
    finally:
        table.stop()
