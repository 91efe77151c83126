"""The drawer with everybody's simulated cards: hands one out, and remembers its counters between power-ups."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from card_sim import faults
from card_sim.bad_cards import Bench
from card_sim.card import SimulatedCard
from card_sim.disturbances import Card
from card_sim.faults import Fault, Scene
from card_sim.files import FileRef
from card_sim.issuer import TestIssuer
from card_sim.keys import KeyPool, KeyStore
from card_sim.people import CardTries, Persona, load_people
from card_sim.personalise import PIN_FILES, card_profile
from card_sim.profile import Behaviour, CardProfile
from card_sim.state import CardState, StateStore, StateUnavailable
from card_sim.storage import alone_with, private_folder, write_whole


class FileStore:
    """A card's counters in one JSON file, shared by every program that holds the card."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> CardState:
        try:
            return _decode(self._path.read_bytes())
        except FileNotFoundError:
            return CardState()
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as problem:
            raise StateUnavailable("the counters of a card can't be read") from problem

    @contextmanager
    def update(self) -> Iterator[CardState]:
        try:
            with alone_with(self._path):
                state = self.read()
                yield state
                write_whole(self._path, _encode(state))
        except OSError as problem:
            raise StateUnavailable("the counters of a card can't be written") from problem

    def clear(self) -> None:
        """Forget everything that happened to the card. Raises StateUnavailable."""
        try:
            with alone_with(self._path):
                self._path.unlink(missing_ok=True)
        except OSError as problem:
            raise StateUnavailable("the counters of a card can't be written") from problem


class BlockedStore:
    """Another store, in which some keys have no try left; what is counted about the others is kept there."""

    def __init__(self, store: StateStore, blocked: frozenset[FileRef]) -> None:
        self._store = store
        self._blocked = blocked

    def read(self) -> CardState:
        state = self._store.read()
        return replace(state, tries_left=state.tries_left | dict.fromkeys(self._blocked, 0))

    @contextmanager
    def update(self) -> Iterator[CardState]:
        with self._store.update() as kept:
            state = replace(kept, tries_left=kept.tries_left | dict.fromkeys(self._blocked, 0))
            yield state
            kept.tries_left |= {key: left for key, left in state.tries_left.items() if key not in self._blocked}
            kept.changed_secrets |= state.changed_secrets


class Wallet:
    """Cards by person id. Several wallets, in several processes, may stand on one state directory."""

    def __init__(self, state_dir: Path, issuer: TestIssuer, people: Mapping[str, Persona] | None = None) -> None:
        self._folder = private_folder(state_dir / "cards")
        self._issuer = issuer
        self._people = load_people() if people is None else people
        self._pool = KeyPool(state_dir / "key_pool")

    def open_card(
        self,
        person_id: str,
        now: datetime,
        *,
        behaviour: Behaviour | None = None,
    ) -> SimulatedCard:
        """The person's card as it is at `now`, unpowered. Made at first use (about a quarter of a second).

        Raises KeyError when nobody has this id, OSError when the state directory can't be used.
        """
        profile = self._profile(self._people[person_id], now, behaviour)
        return SimulatedCard(profile, state_store=self._store(person_id))

    def open_with(
        self, person_id: str, now: datetime, chosen: Iterable[Fault], *, behaviour: Behaviour | None = None
    ) -> Card:
        """The person's card with faults, unpowered; its counters are those of the card without.

        Raises KeyError when nobody has this id, OSError when the state directory can't be used.
        """
        ordered = faults.in_order(chosen)
        persona = faults.changed_holder(ordered, self._people[person_id], now)
        switches = faults.changed_behaviour(ordered, behaviour or Behaviour())
        store = KeyStore(self._folder / person_id)
        scene = Scene(
            persona=persona,
            bench=Bench(persona, self._issuer, store),
            keys=store,
            now=now,
            other_card=lambda: self.open_card(self._somebody_else(person_id), now, behaviour=behaviour),
        )
        profile = faults.changed_profile(ordered, self._profile(persona, now, switches), scene)
        counters = BlockedStore(self._store(person_id), faults.blocked_keys(ordered))
        return faults.disturbed(ordered, SimulatedCard(profile, state_store=counters), scene)

    def tries_left(self, person_id: str) -> CardTries:
        """The counters of the three PINs as they stand. Raises KeyError, StateUnavailable."""
        kept, first = self._store(person_id).read().tries_left, self._people[person_id].tries_left
        return CardTries(**{name: kept.get(reference, getattr(first, name)) for name, reference in PIN_FILES.items()})

    def reset(self, person_id: str) -> None:
        """Put counters and changed PINs back to how the card was handed out. Raises KeyError, StateUnavailable."""
        self._store(person_id).clear()

    def prepare(self, now: datetime, *, stop: Callable[[], bool] = lambda: False) -> None:
        """Make all cards that are not made yet, so that the first reading of each is quick (about ten seconds).

        Meant for a thread in the background: it looks at `stop` before every card.
        """
        for person_id, persona in self._people.items():
            if stop():
                return
            if not persona.from_population:
                self.open_card(person_id, now)

    def _profile(self, persona: Persona, now: datetime, behaviour: Behaviour | None) -> CardProfile:
        keys = self._pool.of(persona.person_id) if persona.from_population else None
        return card_profile(persona, self._issuer, self._folder / persona.person_id, now, behaviour, keys)

    def _somebody_else(self, person_id: str) -> str:
        """Another holder whose card has PINs; the data set's order decides."""
        return next(
            persona.person_id
            for persona in self._people.values()
            if persona.person_id != person_id and not persona.face_authentication
        )

    def _store(self, person_id: str) -> FileStore:
        # The id becomes a file name: only ids of the data set may pass.
        return FileStore(self._folder / f"{self._people[person_id].person_id}.json")


def _encode(state: CardState) -> bytes:
    raw = {
        "tries_left": {str(key): left for key, left in state.tries_left.items()},
        "changed_secrets": {str(key): value.hex() for key, value in state.changed_secrets.items()},
    }
    return json.dumps(raw, indent=1).encode()


def _decode(raw: bytes) -> CardState:
    value = json.loads(raw)
    return CardState(
        tries_left={_reference(key): _tries(left) for key, left in value["tries_left"].items()},
        changed_secrets={_reference(key): bytes.fromhex(text) for key, text in value["changed_secrets"].items()},
    )


def _reference(text: str) -> FileRef:
    application, _, fid = text.partition(":")
    return FileRef(application, int(fid, 16))


def _tries(left: object) -> int:
    if not isinstance(left, int) or not 0 <= left <= 15:
        raise ValueError("a counter outside 0 to 15")
    return left
