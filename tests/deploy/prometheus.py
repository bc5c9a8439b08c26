"""A genuine Prometheus, Debian's, for the length of a test, and who hears of its alerts."""

import http.server
import json
import queue
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from tests.processes import PATIENCE, ROOT, free_port


def promtool() -> str:
    return _program("promtool")


@contextmanager
def alertmanager() -> Iterator[tuple[str, queue.Queue[list[dict[str, Any]]]]]:
    """HOST:PORT that takes alerts as an Alertmanager does, and the alerts of each request."""
    received: queue.Queue[list[dict[str, Any]]] = queue.Queue()

    class Takes(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            alerts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known = self.path == "/api/v2/alerts"
            if known:
                received.put(alerts)
            self.send_response(200 if known else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...  # pyright: ignore[reportIncompatibleMethodOverride]

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Takes) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}", received
        finally:
            server.shutdown()


def _program(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed (Debian: apt-get install prometheus)")
    return found


class Prometheus:
    """That of deploy/monitoring in haste: it asks `jobs`, each at one address, and no other; its alerts are `rules`."""

    def __init__(self, folder: Path, rules: Path, jobs: dict[str, str]) -> None:
        config = yaml.safe_load((ROOT / "deploy" / "monitoring" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "1s"}
        config["rule_files"] = [str(rules)]
        config["scrape_configs"] = [job for job in config["scrape_configs"] if job["job_name"] in jobs]
        for job in config["scrape_configs"]:
            job["static_configs"][0]["targets"] = [jobs[job["job_name"]]]
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._address = f"127.0.0.1:{free_port()}"
        self._log = (folder / "log").open("w")
        self._process = subprocess.Popen(
            [
                _program("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self._address}",
                "--rules.alert.resend-delay=1s",
            ],
            stdout=self._log, stderr=self._log,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._log.close()

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """The samples that an instant query finds; raises AssertionError with Prometheus's own words."""
        return self._get("query", query=expression)["result"]

    @property
    def alerts(self) -> dict[str, str]:
        """The health of each alert: "ok" once it has been evaluated without an error."""
        groups = self._get("rules")["groups"]
        return {rule["name"]: rule["health"] for group in groups for rule in group["rules"]}

    def wait_for(self, expression: str) -> None:
        """Return once a query finds something; the test's own timeout ends it otherwise."""
        while self._process.poll() is None:
            try:
                if self.ask(expression):
                    return
            except OSError:
                pass  # it has not begun to listen
            time.sleep(0.2)
        pytest.fail(Path(self._log.name).read_text())

    def _get(self, page: str, **parameters: str) -> dict[str, Any]:
        url = f"http://{self._address}/api/v1/{page}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE * 30) as reply:
                return json.loads(reply.read())["data"]
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 503:
                    raise OSError("not ready") from None
                raise AssertionError(error.read().decode()) from None
