"""A PostgreSQL of the tests' own: started on loopback in a temporary folder, hurt and stopped again."""

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg import sql

_SETTINGS = ("fsync=off", "full_page_writes=off", "max_connections=200")  # it survives its crash, not the machine's


def programs() -> Path | None:
    """The folder of PostgreSQL's programs. Debian keeps them apart from those that everybody calls."""
    found = shutil.which("initdb")
    if found and shutil.which("pg_ctl", path=Path(found).resolve().parent):
        return Path(found).resolve().parent
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return newest[-1].parent if newest else None


class Postgres:
    """A server of many databases, on a port that it keeps."""

    def __init__(self, at: Path) -> None:
        """`at` is the folder of its programs. The server refuses to be root, so root runs it as somebody else."""
        self._programs = at
        self._user = _somebody() if os.geteuid() == 0 else None
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._port = _lasting_port()
        self._made = 0
        if self._user:
            shutil.chown(self._folder, self._user)
        self._call("initdb", "--no-sync", "--auth=trust", "--username=bot", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        """Run, until connections are taken."""
        options = " ".join(f"-c {one}" for one in _SETTINGS)
        options += f" -c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories={self._folder}"
        self._call("pg_ctl", "start", "--wait", f"--log={self._folder}/log", f"--options={options}")

    def stop(self, mode: str = "fast") -> None:
        """End; "fast" cuts off who is connected, "immediate" is a crash."""
        self._call("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def new_database(self) -> str:
        """The URL of an empty database."""
        self._made += 1
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(f"test{self._made}")))
        return self._url(f"test{self._made}")

    def remove(self) -> None:
        """End, and delete everything."""
        self._call("pg_ctl", "stop", "--mode=immediate", check=False)
        shutil.rmtree(self._folder)

    def _url(self, database: str) -> str:
        return f"postgresql://bot@127.0.0.1:{self._port}/{database}"

    def _call(self, program: str, *options: str, check: bool = True) -> None:
        command = [str(self._programs / program), f"--pgdata={self._folder}/data", *options]
        if self._user:  # with `user=` subprocess would fork, under threads of gRPC's that do not survive it
            command = ["setpriv", f"--reuid={self._user}", *command]
        log = self._folder / "log"
        ended = subprocess.run(
            command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        said = log.read_text() if log.exists() else ""
        assert not check or ended.returncode == 0, f"{command} failed with {ended.returncode}\n{said}"


def _lasting_port() -> int:
    """A free port that no connection is given while the server is away: those come from a range above it."""
    for port in random.sample(range(20_000, 32_768), 100):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port between 20000 and 32768")


def _somebody() -> str:
    """A user who is not root: Debian's package makes one."""
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
