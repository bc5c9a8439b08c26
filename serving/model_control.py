"""The key to what runs code or reads memory in a server: loading models, shared memory, traces, log files.

A load request carries files, a Python model among them, so whoever may load a model may run anything. Triton asks for
the key with each such request (`triton-grpc-protocol-admin-key`); a server without a key is never started.
"""

import contextlib
import ipaddress
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import KeyMissing

KEY = "TRITON_ADMIN_KEY"
"""The environment variable of a key that is given; else one is made for each start."""
RESTRICTED = "model-repository,shared-memory,trace,logging"
_STRONG = re.compile(r"[\w.~+-]{16,256}", re.ASCII)  # no comma, colon or equals sign, which Triton's option is made of


def new_key() -> str:
    """A key that nobody guesses."""
    return secrets.token_hex(32)


def given_key(environ: dict[str, str]) -> str | None:
    """The key of the environment, or None. Raises KeyMissing where it is too short to be one."""
    key = environ.get(KEY) or None
    if key is not None and not _STRONG.fullmatch(key):
        raise KeyMissing(f"{KEY} must be 16 to 256 letters, digits or any of _.~+-, as `openssl rand -hex 32` makes it")
    return key


def check_host(host: str, key: str | None) -> None:
    """Raise KeyMissing where other machines could reach a server whose key nobody chose."""
    if key is None and not is_loopback(host):
        raise KeyMissing(f"--host {host} lets other machines in, so a key is needed: set {KEY} to a long random word")


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def options(key: str, *, http: bool) -> list[str]:
    """Options of tritonserver."""
    restricted = f"{RESTRICTED}:admin-key={key}"
    return [f"--grpc-restricted-protocol={restricted}", *([f"--http-restricted-api={restricted}"] if http else [])]


@contextmanager
def key_file(folder: Path, port: int, key: str) -> Iterator[Path]:
    """A file for its owner alone, from which `export/to_onnx.py --activate` has the key of the server at `port`.

    Where it cannot be written there is none: whoever gave the key has it.
    """
    path = folder / f"key-{port}"
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # of a server that was killed
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(key)
    try:
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def hide(pid: int, key: str) -> bool:
    """Overwrite the key in a process's command line, which everybody on the machine may read; False where it stays.

    tritonserver takes it as an option alone. It must have read its options by then, or it would take what is written
    here for the key.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])  # arg_start, arg_end
        with Path(f"/proc/{pid}/mem").open("r+b", buffering=0) as memory:
            memory.seek(start)
            line = memory.read(end - start)
            memory.seek(start)
            memory.write(line.replace(key.encode(), b"*" * len(key)))
    try:
        return key.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it has ended, so there is nothing to read
        return True
