"""A payment's way into the ledger: one transaction, in which the epoch cannot change."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pg8000.native import Connection

from domain.payment_store import StoredPayment


class StaleEpochError(Exception):
    """The ledger's epoch is not the one that this region works in: a failover is under way, or is over."""


class Outcome(StrEnum):
    """What the ledger has made of a payment."""

    SETTLED = "settled"
    REPEATED = "repeated"
    """It was there already, with the same content."""
    CONFLICT = "conflict"
    """Its id was there with other content; the contradiction is recorded, and nothing is settled."""


@dataclass(frozen=True)
class Entry:
    """What the ledger's row says beside the payment's content; once written it never changes."""

    region: str
    epoch: int
    accepted_at: datetime
    settled_at: datetime


@dataclass(frozen=True)
class Settled:
    """What has become of a payment, and its row; None after a conflict, which has no row of its own."""

    outcome: Outcome
    entry: Entry | None = None


@dataclass(frozen=True)
class Settlement:
    """Settles payments over one connection, for one epoch of this region."""

    connection: Connection
    epoch: int

    def settle(self, payment: StoredPayment) -> Settled:
        """Write ``payment`` once; whatever fails rolls everything back.

        Raises StaleEpochError, and what pg8000 raises.
        """
        self.connection.run("BEGIN")
        try:
            settled = self._write(payment)
        except BaseException:
            self.connection.run("ROLLBACK")
            raise
        self.connection.run("COMMIT")
        return settled

    def _write(self, payment: StoredPayment) -> Settled:
        (held,) = self.connection.run("SELECT ledger.hold_epoch()") or [[None]]
        if held != [self.epoch]:
            raise StaleEpochError(f"the ledger is in epoch {held[0]}, this region in {self.epoch}")
        written = self.connection.run(
            "INSERT INTO ledger.payments (payment_id, body_sha256, amount, currency, region, epoch, accepted_at)"
            " VALUES (:id, :sha, :amount, :currency, :region, :epoch, CAST(:accepted_at AS timestamptz))"
            " ON CONFLICT (payment_id) DO NOTHING RETURNING region, epoch, accepted_at, settled_at",
            **self._columns(payment),
            accepted_at=payment.accepted_at,
        )
        if written:
            return Settled(Outcome.SETTLED, Entry(*written[0]))
        known = self.connection.run(
            "SELECT region, epoch, accepted_at, settled_at FROM ledger.payments"
            " WHERE payment_id = :id AND body_sha256 = :sha",
            id=payment.id,
            sha=payment.body_sha256,
        )
        if known:
            return Settled(Outcome.REPEATED, Entry(*known[0]))
        self.connection.run(
            "INSERT INTO ledger.conflicts (payment_id, body_sha256, amount, currency, region, epoch)"
            " VALUES (:id, :sha, :amount, :currency, :region, :epoch) ON CONFLICT DO NOTHING",
            **self._columns(payment),
        )
        return Settled(Outcome.CONFLICT)

    def _columns(self, payment: StoredPayment) -> dict[str, str | int]:
        return {
            "id": payment.id,
            "sha": payment.body_sha256,
            "amount": payment.amount,
            "currency": payment.currency,
            "region": payment.region,
            "epoch": self.epoch,
        }
