"""Certificates for TLS on loopback, made by the `openssl` command."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM files."""

    certificate: Path
    key: Path


class Authority:
    """Signs certificates; `pem` is the file that those who trust it are given."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._own = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        files = ("-keyout", str(self._own.key), "-out", str(self._own.certificate))
        _openssl("req", "-x509", *KEY, *files, "-days", "2", "-subj", f"/CN={name}")

    @property
    def pem(self) -> Path:
        return self._own.certificate

    def issue(self, name: str, stands_for: str) -> Pair:
        """A certificate for `stands_for`, such as "DNS:localhost,IP:127.0.0.1"."""
        wanted, extension = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        pair = Pair(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        extension.write_text(f"subjectAltName={stands_for}\n")
        _openssl("req", *KEY, "-keyout", str(pair.key), "-out", str(wanted), "-subj", f"/CN={name}")
        signing = ("-CA", str(self._own.certificate), "-CAkey", str(self._own.key), "-CAcreateserial", "-days", "2")
        files = ("-in", str(wanted), "-out", str(pair.certificate), "-extfile", str(extension))
        _openssl("x509", "-req", *signing, *files)
        return pair


def _openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
