"""`todoke ocsp` and `todoke population`: the TEST issuer's responder, and holders by the thousand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

STATE_OPTION = click.option(
    "--state-dir",
    type=click.Path(path_type=Path),
    envvar="TODOKE_STATE_DIR",
    default=Path(".state") / "demo-8000",
    show_default=True,
    help="State folder of the installation whose TEST issuer this is.",
)
VARIANTS = (
    *("true", "good", "revoked", "unknown", "stale", "forged"),
    *("wrong_serial", "missing_eku", "nonce_wrong", "nonce_left_out"),
)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8005, show_default=True, help="Port to listen on; 0 takes any free one.")
@click.option("--variant", type=click.Choice(VARIANTS), default="true", show_default=True, help="How to answer.")
@click.option("--delegated", is_flag=True, help="Sign with a delegated responder's key instead of the CA's.")
@click.option("--at", help="Answer as of this moment, such as 2026-11-20T10:00:00+09:00 [default: the service's time].")
@click.option("--announce", metavar="URL", help="Write this address into all TEST certificates made from now on.")
@STATE_OPTION
def ocsp(  # noqa: PLR0917  # one parameter for each option
    host: str, port: int, variant: str, delegated: bool, at: str | None, announce: str | None, state_dir: Path
) -> None:
    """Run the OCSP responder of the TEST issuer, and give out its revocation lists.

    `/ocsp` answers as told here; `/ocsp/VARIANT/ca` and `/ocsp/VARIANT/delegated` answer in every other way.
    `/crl/VARIANT/N.crl` gives the list of authentication root N, VARIANT being one of good, affiliation_changed,
    key_compromise, hold, stale, forged, other_issuer, large.
    """
    from card_sim.issuer import TestIssuer
    from card_sim.ocsp import OcspVariant, Responder, SignedBy
    from card_sim.ocsp_server import OcspServer
    from card_sim.population import everybody

    now = _clock(state_dir, _moment(at))
    issuer = TestIssuer.open(state_dir, now(), everybody(state_dir))
    if announce:
        issuer.announce_ocsp(announce)
    responder = Responder(issuer, OcspVariant(variant), SignedBy.DELEGATED if delegated else SignedBy.CA)
    with OcspServer((host, port), responder, now) as server:
        address, bound = server.server_address[:2]
        click.echo(f"TEST OCSP responder at http://{address!s}:{bound}/ocsp (Ctrl-C stops it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)


@click.command()
@click.option("--municipality", required=True, help="Five-digit code of a fictional municipality, such as 99201.")
@click.option("--size", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, help="How many people.")
@click.option("--seed", default=1, show_default=True, help="Another seed gives other people.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="Day on which they are as old as they are.")
@STATE_OPTION
def population(municipality: str, size: int, seed: int, day: datetime | None, state_dir: Path) -> None:
    """Generate fictional holders of one municipality into the state folder: families, difficult characters, residents
    from abroad, a realistic age pyramid. The same options give the same people.

    The tester's desk finds them after its next start; their cards share keys from a pool.
    """
    from card_sim.population import DEFAULT_DAY, Town, save

    try:
        town = Town.of(municipality, size, seed, day.date() if day else DEFAULT_DAY)
    except KeyError:
        raise click.ClickException(f"there is no fictional municipality with the code {municipality}") from None
    path = save(town, state_dir)
    click.echo(f"{size} people of {town.municipality.full_name} written to {path}")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise click.BadParameter("write the moment as 2026-11-20T10:00:00+09:00", param_hint="--at") from None


def _clock(state_dir: Path, fixed: datetime | None) -> Callable[[], datetime]:
    """A moment that stands still, or the time of the installation (a demo's is simulated)."""
    from app.cli.card_holder import service_time

    alone = threading.Lock()

    def now() -> datetime:
        if fixed is not None:
            return fixed
        with alone:  # the connection to the installation's database is one for the process
            return service_time(state_dir)

    return now
