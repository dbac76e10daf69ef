"""What the parts of the server need to know about this run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ServerConfig:
    """One run of the embedded AWS."""

    instance: str
    port: int
    state_dir: Path

    @property
    def work_dir(self) -> Path:
        """Files of this run only; the launcher deletes the folder before a start and after a stop."""
        return self.state_dir / "work"

    @property
    def trust_bundle(self) -> Path:
        """Where the certificate authority of the PostgreSQL behind Aurora is published (PEM)."""
        return self.state_dir / "database-trust.pem"
