"""`todoke people`: erase a person, link a renewed card. `todoke retention`: what is kept how long (BR-65)."""

from __future__ import annotations

import json
from datetime import date, datetime
from uuid import UUID

import click

EXIT_REFUSED = 2
REFUSALS = {
    "unknown": "there is no such person or receipt number",
    "in_flight": "an application is not over; withdraw it or wait for its end",
    "return_open": "points are being asked back; settle, write off or cancel the return case first",
    "held": "the policy is on legal hold",
    "kept_until": "the retention of a policy is not over; --before-the-end erases all the same",
}


@click.group()
def people() -> None:
    """Erase people's data; link the record of a renewed card."""


@people.command()
@click.argument("who", metavar="RECEIPT_NO|PERSON_ID")
@click.option("--why", type=click.Choice(["request", "mistake"]), required=True, help="Why, for the certificate.")
@click.option("--by", required=True, help="Who decided (staff id).")
@click.option("--before-the-end", is_flag=True, help="Erase although a policy's retention runs on.")
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(who: str, why: str, by: str, before_the_end: bool, yes: bool) -> None:
    """Erase everything personal of the people of one receipt number, or of one person.

    Ledger, audit and totals stay. Prints a certificate for each person. Exit status 2 when it is refused, with why;
    then nothing was erased of that person. It can't be undone.
    """
    from app import retention, settings, start
    from app.web import handlers

    start.configure(settings.current(), application_name="todoke-cli")
    handlers.register()
    try:
        found = [UUID(who)]
    except ValueError:
        found = retention.person_of_receipt(who)
    if not found:
        _refuse("unknown", "")
    if not yes:
        click.confirm(f"Erase {len(found)} person(s) of {who}? This can't be undone", abort=True)
    for person_id in found:
        try:
            certificate = retention.erase_person(
                person_id,
                reason=why,  # type: ignore[arg-type]  # click has checked it
                by=by,
                before_the_end=before_the_end,
            )
        except retention.ErasureRefused as refusal:
            _refuse(refusal.why, refusal.where)
        click.echo(
            json.dumps(
                {
                    "erasure": str(certificate.erasure_id),
                    "subject": certificate.subject,
                    "erased_at": certificate.erased_at.isoformat(),
                    "keys_kept": certificate.keys_kept,
                    **certificate.counts,
                }
            )
        )


@people.command()
@click.argument("later", type=click.UUID)
@click.argument("earlier", type=click.UUID)
@click.option("--by", required=True, help="Who decided (staff id); on the audit record.")
def link(later: UUID, earlier: UUID, by: str) -> None:
    """The record LATER is the person EARLIER with a renewed card: its keys go over (BR-15).

    Exit status 2 when it is refused: LATER has applications that are not over without a benefit.
    """
    from app import applications, screening, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        linked = applications.link_persons(later, earlier, screening.Staff(by, frozenset({"approver"})))
    except applications.LinkRefused as refusal:
        click.echo(f"not linked: refuse or end these first: {refusal}", err=True)
        raise SystemExit(EXIT_REFUSED) from None
    except (LookupError, ValueError) as wrong:
        raise click.ClickException(str(wrong)) from None
    click.echo(f"linked: {linked.keys} card key(s), {linked.readings} reading(s)")


@people.command()
@click.argument("who", metavar="RECEIPT_NO|PERSON_ID")
@click.option("--on", "died_on", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The day of the death.")
@click.option("--by", required=True, help="Who enters it (staff id of an approver); on the audit record.")
def died(who: str, died_on: datetime, by: str) -> None:
    """A death was reported (BR-30): what is approved and not ordered stops and its amount goes back.

    A receipt number stands for the person who receives, not for a guardian who applied. An order that is out stands.
    The family reads on the status page only that the procedure has ended and whom to ask; mails stop. The one neutral
    notice is the municipality's own letter.
    """
    from app import applications, clock, db, screening, settings, start
    from app import people as records

    start.configure(settings.current(), application_name="todoke-cli")
    try:
        person_id: UUID | None = UUID(who)
    except ValueError:
        with db.reading() as session:
            person_id = applications.beneficiary_of_receipt(session, who)
    with db.transaction() as session:
        if person_id is None or not records.lock_person(session, person_id):
            raise click.ClickException("there is no such person or receipt number")
    if died_on.date() > clock.today():
        raise click.ClickException("the day has not come yet")
    stopped = applications.record_death(person_id, died_on.date(), screening.Staff(by, frozenset({"approver"})))
    click.echo(f"recorded; {stopped} application(s) stopped before the order")


def _refuse(why: str, where: str) -> None:
    click.echo(f"not erased: {REFUSALS[why]}" + (f" [{where}]" if where else ""), err=True)
    raise SystemExit(EXIT_REFUSED)


@click.group("retention")
def keeping() -> None:
    """How long the personal data of each policy is kept."""


@keeping.command("list")
def list_() -> None:
    """Every policy with a decision or an end."""
    from app import retention, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    for rule in retention.view_rules():
        state = f"erased {rule.erased_at:%Y-%m-%d}" if rule.erased_at else f"erasable from {rule.erasable_from}"
        held = f", on hold by {rule.held_by}" if rule.held_by else ""
        keys = "" if rule.keep_keys else ", keyed values go with a person"
        click.echo(f"{rule.policy_id}: completed {rule.completed_on}, {state}{held}{keys}")


@keeping.command("set")
@click.argument("policy_id")
@click.option("--by", required=True, help="Who decided (staff id).")
@click.option("--completed", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the policy was completed.")
@click.option("--fiscal-years", type=click.IntRange(0, 30), help="Kept so many fiscal years after that [default: 5].")
@click.option("--keep-keys/--no-keep-keys", default=None, help="Keep keyed values of people erased before the end.")
@click.option("--hold/--release", "held", default=None, help="Legal hold: nothing of it is erased until released.")
def set_(  # noqa: PLR0917  # one parameter for each option
    policy_id: str,
    by: str,
    completed: datetime | None,
    fiscal_years: int | None,
    keep_keys: bool | None,
    held: bool | None,
) -> None:
    """Decide about one policy; what is not named stays as it is."""
    from app import retention, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    day: date | None = completed.date() if completed else None
    try:
        retention.set_rule(
            policy_id, by=by, completed_on=day, kept_fiscal_years=fiscal_years, keep_keys=keep_keys, held=held
        )
    except LookupError as unknown:
        raise click.ClickException(f"no such policy, or it is erased: {unknown}") from None


@keeping.command()
def run() -> None:
    """Do now what the nightly job does: erase what no policy needs any more."""
    from app import retention, settings, start
    from app.web import handlers

    start.configure(settings.current(), application_name="todoke-cli")
    handlers.register()
    retention.note_ended_policies()
    done = retention.erase_ended_policies()
    for policy_id in done:
        click.echo(f"erased: {policy_id}")
    if not done:
        click.echo("nothing is due")
