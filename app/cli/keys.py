"""`todoke keys`: the secrets of an installation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.group()
def keys() -> None:
    """Make and rotate the keys of an installation: encryption, index, audit, signing."""


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def generate(file: Path) -> None:
    """Write new random keys to FILE (mode 0600; never over an existing file).

    Name the file in TODOKE_KEYS_FILE, and keep a copy where the database backup is not: without the keys the personal
    data of a backup can't be read.
    """
    from app.settings import Keys, write_private_file

    try:
        write_private_file(file, Keys.generate_json())
    except FileExistsError:
        raise click.ClickException(f"{file} exists; keys are never overwritten") from None
    click.echo(f"keys written to {file}")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def add(file: Path) -> None:
    """Add a new encryption key to FILE: known after a new start, and not yet used for new values."""
    import base64
    import secrets

    content = _read(file)
    key_id = f"k{secrets.token_hex(3)}"
    content["encryption"][key_id] = base64.b64encode(secrets.token_bytes(32)).decode()
    _replace(file, content)
    click.echo(f"key {key_id} added; start every process again, then: todoke keys promote {file} {key_id}")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("key_id")
def promote(file: Path, key_id: str) -> None:
    """Let KEY_ID encrypt new values from the next start on; all others go on decrypting."""
    content = _read(file)
    if key_id not in content["encryption"]:
        raise click.ClickException(f"{key_id} is not in {file}")
    first = {key_id: content["encryption"].pop(key_id)}
    content["encryption"] = first | content["encryption"]
    _replace(file, content)
    click.echo(f"key {key_id} encrypts after the next start; then: todoke keys rewrap")


@keys.command()
def status() -> None:
    """How many values each key wraps, by column; the first key of the file is the current one."""
    from app import pii, pii_rotation, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    found = pii_rotation.values_by_key()
    for key_id in settings.current().keys.encryption:
        columns = ", ".join(f"{name} {count}" for name, count in sorted(found.pop(key_id, {}).items()))
        current = " (current)" if key_id == pii.vault().current_key_id else ""
        click.echo(f"{key_id}{current}: {columns or 'nothing'}")
    for key_id in found:
        click.echo(f"{key_id}: MISSING in the keys, and values lie under it")
    if found:
        raise SystemExit(1)


@keys.command()
def rewrap() -> None:
    """Bring values under the current key while everything runs; may be stopped and started again."""
    from app import pii_rotation, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    click.echo(f"{pii_rotation.rewrap_all()} values are now under the current key")


@keys.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.argument("key_id")
def drop(file: Path, key_id: str) -> None:
    """Take KEY_ID out of FILE; refused while a value lies under it, or when it is the current one."""
    from app import pii_rotation, settings, start

    start.configure(settings.current(), application_name="todoke-cli")
    content = _read(file)
    if next(iter(content["encryption"])) == key_id or key_id not in content["encryption"]:
        raise click.ClickException(f"{key_id} is the current key or is not in {file}")
    left = pii_rotation.values_by_key().get(key_id)
    if left:
        raise click.ClickException(f"{sum(left.values())} values lie under {key_id}: {', '.join(sorted(left))}")
    del content["encryption"][key_id]
    _replace(file, content)
    click.echo(f"key {key_id} dropped; keep it with the backups that were made under it")


def _read(file: Path) -> dict[str, Any]:
    from app.settings import Keys

    text = file.read_text(encoding="ascii")
    Keys.from_json(text)  # refuses what is not a key file
    content: dict[str, Any] = json.loads(text)
    return content


def _replace(file: Path, content: dict[str, Any]) -> None:
    """Whole or not at all, and for the owner only."""
    from app.settings import write_private_file

    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    write_private_file(fresh, json.dumps(content, indent=1))
    fresh.replace(file)
