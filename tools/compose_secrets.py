"""Write ``.env`` for compose.yaml with fresh random passwords; what stands there already is never changed.

The keys that encrypt personal data are not among them: ``todoke keys generate`` makes those inside the volume.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

NAMES = ("POSTGRES_PASSWORD", "SERVICE_PASSWORD", "TODOKE_PROVIDER_TOKEN", "TODOKE_PROVIDER_SECRET")
FILE = Path(__file__).resolve().parent.parent / ".env"


def main(file: Path = FILE) -> None:
    """Create the file for its owner only, or add what it lacks; exit 1 with one sentence when nothing is missing."""
    file.touch(mode=0o600)
    text = file.read_text(encoding="utf-8")
    known = {line.partition("=")[0].strip() for line in text.splitlines()}
    missing = [name for name in NAMES if name not in known]
    if not missing:
        print(f"{file.name} has them all; it is left as it is", file=sys.stderr)
        sys.exit(1)
    with file.open("a", encoding="utf-8") as lines:
        lines.write("\n" * bool(text and not text.endswith("\n")))
        lines.writelines(f"{name}={secrets.token_hex(24)}\n" for name in missing)
    print(f"{', '.join(missing)} written to {file.name}")


if __name__ == "__main__":
    main()
