"""Exchange APDUs with a card in the hexadecimal of card.md."""

from __future__ import annotations

from dataclasses import dataclass

from card_sim.card import SimulatedCard

SELECT_TEXT = "00A4040C0A D3921000310001010408"
SELECT_JPKI = "00A4040C0A D392F000260100000001"
SELECT_VISUAL = "00A4040C0A D3921000310001010402"
SELECT_RESIDENCE = "00A4040C0A D3921000310001010401"
SELECT_COMMON = "00A4040C0A D3921000310001010100"
DIGEST_INFO_PREFIX = "3031300D060960864801650304020105000420"

TEXT_PIN, AUTH_PIN, SIGN_PASSWORD = b"2580", b"1470", b"TEST123"


@dataclass(frozen=True)
class Talk:
    """A card in use."""

    card: SimulatedCard

    @classmethod
    def powered(cls, card: SimulatedCard) -> Talk:
        card.power_on()
        return cls(card)

    def send(self, apdu: str) -> str:
        """The whole answer, data and status word, as upper-case hexadecimal."""
        return self.card.transmit(bytes.fromhex(apdu)).hex().upper()

    def status(self, apdu: str) -> str:
        """The status word alone."""
        return self.send(apdu)[-4:]

    def data(self, apdu: str) -> bytes:
        """The data of an answer that must end in 9000."""
        answer = self.card.transmit(bytes.fromhex(apdu))
        assert answer[-2:].hex() == "9000", answer[-2:].hex()
        return answer[:-2]

    def verify(self, p2: str, value: bytes) -> str:
        return self.status(f"002000{p2}{len(value):02X}{value.hex()}")

    def tries(self, p2: str) -> str:
        return self.status(f"002000{p2}")

    def read_file(self, sfi: int) -> bytes:
        """A whole file with short commands, as far as the card gives it."""
        content = self.data(f"00B0{0x80 | sfi:02X}0000")
        while True:
            answer = self.card.transmit(bytes.fromhex(f"00B0{len(content):04X}00"))
            if answer[-2:].hex() == "6b00":
                return content
            content += answer[:-2]
