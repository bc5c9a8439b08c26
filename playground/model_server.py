"""The model server as a process that people stop and start from the page."""

import asyncio
import contextlib
from collections.abc import Sequence

_GRACE = 20.0  # seconds that it has to end by itself


class ModelServer:
    """`command` prints a line that begins with `ready` once it serves, `restarting` after a crash, and ends on SIGTERM.

    `state` is "down", "starting", "up", "stopping", or "failed" where it ended by itself.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.state = "down"

    def start(self) -> None:
        """Run it, and do not wait. Does nothing where it runs."""
        if self.state in ("down", "failed"):
            self.state = "starting"
            self._watch = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End it, with all its children. Does nothing where it does not run."""
        if self.state in ("starting", "up"):
            self.state = "stopping"
        if self._watch is None:
            return
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
        done, _ = await asyncio.wait([self._watch], timeout=_GRACE)
        if not done and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._watch

    async def _run(self) -> None:
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdout=asyncio.subprocess.PIPE,
                start_new_session=True,  # Ctrl-C reaches the program that started all this, which ends it in its turn
            )
        except OSError:
            self.state = "failed"
            return
        if self.state == "stopping":
            self._process.terminate()
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        async for line in self._process.stdout:
            if line.startswith(b"ready") and self.state == "starting":
                self.state = "up"
            elif line.startswith(b"restarting") and self.state == "up":
                self.state = "starting"
        await self._process.wait()
        self.state = "down" if self.state == "stopping" else "failed"
