"""Record all frames of a network interface, and read what was said. `python frames.py INTERFACE FILE` records."""

from __future__ import annotations

import socket
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ETH_P_ALL = 0x0003
ETHERNET_HEADER, IPV4, TCP = 14, 0x0800, 6


def record(interface: str, path: str) -> None:
    """Until it is ended. Says "recording" when it is ready."""
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as line,
        Path(path).open("wb") as out,
    ):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        line.bind((interface, 0))
        print("recording", flush=True)  # noqa: T201 -- the sign to whoever started it
        while True:
            frame = line.recv(0x1FFFF)
            out.write(len(frame).to_bytes(4, "big") + frame)
            out.flush()


def frames(path: Path) -> Iterator[bytes]:
    """The frames of a recording."""
    raw = path.read_bytes()
    at = 0
    while at < len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        yield raw[at + 4 : at + 4 + length]
        at += 4 + length


def streams(path: Path) -> list[bytes]:
    """What each end of each TCP connection said, in order."""
    parts: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    for frame in frames(path):
        packet = frame[ETHERNET_HEADER:]
        if int.from_bytes(frame[12:14], "big") != IPV4 or packet[9] != TCP:
            continue
        header = (packet[0] & 0x0F) * 4
        segment = packet[header : int.from_bytes(packet[2:4], "big")]
        data = segment[(segment[12] >> 4) * 4 :]
        if data:
            ends = packet[12:20] + segment[:4]
            parts[ends].setdefault(int.from_bytes(segment[4:8], "big"), data)
    return [b"".join(data for _, data in sorted(said.items())) for said in parts.values()]


if __name__ == "__main__":
    record(*sys.argv[1:])
