"""The big fuzz run, `make fuzz`: a million mutated commands for simulated cards, a million mutated answers for `nfc`.

`python -m tests.fuzz.run --count 1000000 --seed 7`: the same seed does the same. Ends with status 1 on a failure.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.fuzz import commands, responses

COUNT = 1_000_000


def main() -> int:
    """Run both halves and print what they did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=COUNT, help="mutated commands, and mutated responses")
    parser.add_argument("--seed", type=int, help="another run than the usual one")
    parser.add_argument("--only", choices=["commands", "responses"], help="one half")
    chosen = parser.parse_args()
    try:
        if chosen.only != "responses":
            sent = commands.card_sim_fuzz(chosen.count, chosen.seed or commands.SEED, _say)
            _tell("card_sim", sent.commands, sent.words, sent.seconds, sent.slowest_seconds, sent.memory_growth)
        if chosen.only != "commands":
            got = responses.response_fuzz(chosen.count, chosen.seed or responses.SEED, _say)
            _tell("nfc", got.responses, got.ends, got.seconds, got.slowest_seconds, got.memory_growth)
    except AssertionError as failure:
        _say(f"FAILED: {failure}")
        return 1
    return 0


def _tell(  # the columns of one line
    what: str, count: int, ends: Counter[str], seconds: float, slowest: float, growth: int
) -> None:
    _say(
        f"{what}: {count} in {seconds:.0f} s, slowest {slowest * 1000:.0f} ms, memory {growth / 2**20:+.1f} MiB, "
        f"{len(ends)} kinds of ends"
    )
    for end, times in ends.most_common(12):
        _say(f"  {times:>9} {end}")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
