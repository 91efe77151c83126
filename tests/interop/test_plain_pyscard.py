"""A client of a few lines, as other programs use pyscard: long-hand commands, no code of ours (card.md 5, 15)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.interop.conftest import CANARY, PEOPLE, OpenCard
from tests.interop.private_readers import READER_NAMES, Diary, PrivateReaders, until

pytestmark = pytest.mark.interop

PERSON = PEOPLE[CANARY]
TEXT_AP = bytes.fromhex("D3921000310001010408")
UNPOWER, RESET, LEAVE, EJECT = "SCARD_UNPOWER_CARD", "SCARD_RESET_CARD", "SCARD_LEAVE_CARD", "SCARD_EJECT_CARD"
SHARING_VIOLATION = 0x8010000B


@pytest.fixture
def card(readers: PrivateReaders, open_card: OpenCard) -> Iterator[Diary]:
    diary = Diary(open_card())
    with readers.lay(diary):
        yield diary


def connect(disposition: str = UNPOWER, *, shared: bool = False) -> Any:
    from smartcard import scard
    from smartcard.CardConnection import CardConnection
    from smartcard.System import readers

    (reader,) = [reader for reader in readers() if str(reader) == READER_NAMES[0]]
    connection = reader.createConnection()
    connection.connect(
        CardConnection.T1_protocol,
        mode=scard.SCARD_SHARE_SHARED if shared else scard.SCARD_SHARE_EXCLUSIVE,
        disposition=getattr(scard, disposition),
    )
    return connection


def send(connection: Any, *parts: bytes | str) -> tuple[bytes, int]:
    apdu = b"".join(bytes.fromhex(part) if isinstance(part, str) else part for part in parts)
    data, sw1, sw2 = connection.transmit(list(apdu))
    return bytes(data), sw1 << 8 | sw2


def value_of(record: bytes, tag: str) -> bytes:
    """The value of a DF22 to DF25 object, found by its tag."""
    at = record.index(bytes.fromhex(tag)) + 2
    header, length = length_at(record, at)
    return record[at + header : at + header + length]


def length_at(record: bytes, at: int) -> tuple[int, int]:
    """How many bytes a length takes, and the length, in the short, the 81 or the 82 form."""
    if record[at] == 0x82:
        return 3, int.from_bytes(record[at + 1 : at + 3], "big")
    return (2, record[at + 1]) if record[at] == 0x81 else (1, record[at])


@pytest.mark.parametrize("person_id", [CANARY, "TP-20B"], ids=["ordinary", "longest address"])
def test_the_four_items_are_read_with_the_long_hand_commands_of_other_programs(
    readers: PrivateReaders, open_card: OpenCard, person_id: str
) -> None:
    person = PEOPLE[person_id]
    assert person.pins.text is not None
    with readers.lay(open_card(person_id)):
        connection = connect()
        assert send(connection, "00A4040C0A", TEXT_AP) == (b"", 0x9000)
        assert send(connection, "00A4020C020011") == (b"", 0x9000)
        assert send(connection, "00200080") == (b"", 0x63C3)
        assert send(connection, "0020008004", person.pins.text.encode()) == (b"", 0x9000)
        assert send(connection, "00A4020C020002") == (b"", 0x9000)
        head, _ = send(connection, "00B0000007")
        header, length = length_at(head, 2)
        total, record = 2 + header + length, b""
        while len(record) < total:
            offset, wanted = len(record).to_bytes(2, "big"), min(256, total - len(record)) % 256
            part, word = send(connection, "00B0", offset, bytes([wanted]))
            assert word == 0x9000
            record += part
        connection.disconnect()
    assert value_of(record, "DF22").decode() == person.name
    assert value_of(record, "DF23").decode() == person.address
    assert value_of(record, "DF24").decode() == f"{person.birth_date:%Y%m%d}"
    assert value_of(record, "DF25").decode() == person.sex


def test_a_second_client_is_turned_away_while_one_holds_the_card(card: Diary) -> None:
    from smartcard.Exceptions import SmartcardException

    connection = connect()
    with pytest.raises(SmartcardException) as refusal:
        connect(shared=True)
    assert refusal.value.hresult & 0xFFFFFFFF == SHARING_VIOLATION
    connection.disconnect()
    connect(shared=True).disconnect()


@pytest.mark.parametrize(("disposition", "happens"), [(UNPOWER, "off"), (RESET, "reset")])
def test_unpower_and_reset_act_at_once(card: Diary, disposition: str, happens: str) -> None:
    connection = connect(disposition)
    send(connection, "00A4040C0A", TEXT_AP)
    connection.disconnect()
    # vpcd's message reaches the card on its own time: on a busy machine after this process goes on.
    until(lambda: happens in card.entries[card.entries.index("apdu") :], f"the card is told: {happens}")


@pytest.mark.parametrize("disposition", [LEAVE, EJECT])
def test_leave_and_eject_do_nothing_at_once_and_pcscd_powers_off_later(card: Diary, disposition: str) -> None:
    connection = connect(disposition)
    send(connection, "00A4040C0A", TEXT_AP)
    connection.disconnect()
    assert not {"off", "reset"} & set(card.entries[card.entries.index("apdu") :])
    until(lambda: card.entries[-1] == "off", "pcscd powers the card off")


@pytest.mark.parametrize(("disposition", "still_open"), [(LEAVE, True), (UNPOWER, False)])
def test_only_unpower_closes_what_a_pin_opened_for_the_next_client(
    card: Diary, disposition: str, still_open: bool
) -> None:
    """Why our transport unpowers (N10): a client that comes right after LEAVE finds the PIN verified."""
    assert PERSON.pins.text is not None
    first = connect(disposition)
    send(first, "00A4040C0A", TEXT_AP)
    assert send(first, "0020009104", PERSON.pins.text.encode())[1] == 0x9000
    first.disconnect()
    second = connect()
    if not still_open:
        send(second, "00A4040C0A", TEXT_AP)
    assert send(second, "00B0820007")[1] == (0x9000 if still_open else 0x6982)
    second.disconnect()


def test_every_form_of_command_arrives_as_it_was_sent(card: Diary) -> None:
    """Case 1 to 4, short and extended, unchanged by pcscd and vpcd (card.md 12.1)."""
    connection = connect()
    forms = [
        "00200091",
        "00B0840004",
        "00A4040C0A" + TEXT_AP.hex(),
        "00A404000A" + TEXT_AP.hex() + "00",
        "00B08400000000",
        "00A4040C00000A" + TEXT_AP.hex(),
    ]
    send(connection, "00A4040C0A", TEXT_AP)
    for form in forms:
        send(connection, form)
    connection.disconnect()
    assert [command.hex().upper() for command in card.commands[1:]] == [form.upper() for form in forms]


def test_an_extended_read_brings_a_whole_file_at_once(card: Diary) -> None:
    connection = connect()
    send(connection, "00A4040C0A", TEXT_AP)
    data, word = send(connection, "00B08400000000")
    connection.disconnect()
    assert (len(data), word) == (568, 0x9000)
