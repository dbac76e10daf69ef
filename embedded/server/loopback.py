"""Addresses on loopback that no other deployment on the machine uses."""

import hashlib
import socket
import sys
from pathlib import Path

from embedded.server.postgres_home import PostgresError

ADDRESSES = 30  # per deployment: one for each cluster and each global cluster
PROBED = 4  # addresses that a small deployment needs; the port must be free on all of them
PORTS = range(12_000, 32_000)  # below the ports that operating systems give away by themselves
ATTEMPTS = 50
STEP = 37


class Loopback:
    """Addresses in 127/8 that belong to one deployment, and a port that was free on them."""

    def __init__(self, state_dir: Path) -> None:
        digest = hashlib.sha256(str(state_dir.resolve()).encode()).digest()
        # 127.0 and 127.1 are what people use by hand; 127.255 holds the broadcast address.
        prefix = f"127.{2 + digest[0] % 250}.{digest[1]}"
        self.addresses = [f"{prefix}.{host}" for host in range(1, ADDRESSES + 1)]
        self.port = self._free_port(int.from_bytes(digest[2:4]))
        self._free = list(self.addresses)

    def take(self) -> str:
        """An address that is not in use. Raises PostgresError when all are."""
        if not self._free:
            raise PostgresError(f"The embedded AWS has {ADDRESSES} database addresses, and all are in use.")
        return self._free.pop(0)

    def give_back(self, address: str) -> None:
        """Make an address free again."""
        self._free = [known for known in self.addresses if known in self._free or known == address]

    def _free_port(self, start: int) -> int:
        problem: OSError | None = None
        for attempt in range(ATTEMPTS):
            port = PORTS.start + (start + attempt * STEP) % len(PORTS)
            try:
                for address in self.addresses[:PROBED]:
                    _bind(address, port)
            except OSError as error:
                problem = error
            else:
                return port
        hint = ""
        if sys.platform == "darwin":
            hint = f" Add it: sudo ifconfig lo0 alias {self.addresses[0]}, and the same for the next three."
        raise PostgresError(f"No port of {self.addresses[0]} can be used for PostgreSQL: {problem}.{hint}")


def _bind(address: str, port: int) -> None:
    with socket.socket() as probe:
        probe.bind((address, port))
