"""Where the model server is, and how each side proves who it is."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slackbot.errors import SettingsError

TRITON_URL = "127.0.0.1:8001"
PLAIN, SECURE = "grpc://", "grpcs://"


@dataclass(frozen=True)
class Endpoint:
    """One model server, a name for several, or the IP addresses of several.

    Raises SettingsError, with a line for each mistake.

    `url` is HOST:PORT of Triton's gRPC port, or IP:PORT,IP:PORT..., after grpc:// (the default) or grpcs:// (TLS).
    `ca` is the file of certificates that the servers' are signed with (else: those that gRPC brings along);
    `certificate` and `key` are the bot's own, for servers that want one; `name` is what the servers' certificates say
    where that is not the HOST of `url`. All files are PEM.
    """

    url: str = TRITON_URL
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    name: str = ""

    def __post_init__(self) -> None:
        mistakes = [*self._wrong_places(), *self._wrong_tls()]
        if mistakes:
            raise SettingsError("\n".join(mistakes))

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted, and the server must prove who it is."""
        return self.url.startswith(SECURE)

    @property
    def target(self) -> str:
        """What gRPC calls it (https://grpc.github.io/grpc/core/md_doc_naming.html)."""
        places = ",".join(self.places)
        return f"{self._family}:{places}" if len(self.places) > 1 else places

    @property
    def host(self) -> str:
        """The host of the first, which its certificate names."""
        return self.places[0].removeprefix("dns:///").rpartition(":")[0].strip("[]")

    @property
    def fixed(self) -> bool:
        """Whether it holds no name, whose addresses may change."""
        return self._family is not None

    @property
    def places(self) -> list[str]:
        """Each HOST:PORT of the URL."""
        return [place.strip() for place in self.url.removeprefix(PLAIN).removeprefix(SECURE).split(",")]

    @property
    def _family(self) -> str | None:
        """gRPC's word for the kind of IP addresses that these are, or None."""
        try:
            kinds = {ipaddress.ip_address(place.rpartition(":")[0].strip("[]")).version for place in self.places}
        except ValueError:
            return None
        return f"ipv{kinds.pop()}" if len(kinds) == 1 else None

    def _wrong_places(self) -> Iterator[str]:
        for place in self.places:
            host, _, port = place.rpartition(":")
            if not host or host.startswith(("http:", "https:")) or not port.isdecimal() or not 0 < int(port) < 65536:
                yield (
                    "TRITON_URL must be HOST:PORT of Triton's gRPC port, such as 127.0.0.1:8001, or "
                    "grpcs://HOST:PORT where it speaks TLS."
                )
                return
        if len(self.places) > 1 and self._family is None:
            yield (
                "TRITON_URL may list several servers by their IP addresses, all of one kind; or give them one name "
                "that stands for all their addresses."
            )

    def _wrong_tls(self) -> Iterator[str]:
        if not self.tls:
            if self.ca or self.certificate or self.key or self.name:
                yield "TRITON_TLS_... are for a TRITON_URL that begins with grpcs://."
            return
        if len(self.places) > 1 and not self.name:
            yield "TRITON_TLS_NAME must say what the certificates of the servers in TRITON_URL name."
        import ssl  # what a plain connection starts faster without

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            if self.ca:
                context.load_verify_locations(self.ca)
        except (OSError, ssl.SSLError):
            yield f"TRITON_TLS_CA: {self.ca} holds no certificates that I can read."
        if bool(self.certificate) != bool(self.key):
            yield "TRITON_TLS_CERT and TRITON_TLS_KEY belong together: set both, or neither."
        elif self.certificate:
            try:
                # Without an answer to it OpenSSL would ask for a password on the terminal.
                context.load_cert_chain(self.certificate, self.key, password="")
            except (OSError, ssl.SSLError):
                yield (
                    f"TRITON_TLS_CERT and TRITON_TLS_KEY: {self.certificate} and {self.key} are no certificate and "
                    "its key, without a password, that I can read."
                )
