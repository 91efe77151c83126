"""Write ``.env`` for compose.yaml with fresh random passwords; never over an existing file.

The keys that encrypt personal data are not among them: ``todoke keys generate`` makes those inside the volume.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

NAMES = ("POSTGRES_PASSWORD", "SERVICE_PASSWORD", "TODOKE_PROVIDER_TOKEN")
FILE = Path(__file__).resolve().parent.parent / ".env"


def main() -> None:
    """Create the file for its owner only; exit 1 with one sentence when it is there already."""
    try:
        FILE.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        print(f"{FILE.name} exists; it is left as it is", file=sys.stderr)
        sys.exit(1)
    FILE.write_text("".join(f"{name}={secrets.token_hex(24)}\n" for name in NAMES), encoding="ascii")
    print(f"passwords written to {FILE.name}")


if __name__ == "__main__":
    main()
