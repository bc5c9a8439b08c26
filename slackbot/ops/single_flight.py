"""Ask what may hang, such as a database, without hanging oneself."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from slackbot.errors import NotReady

_DEADLINE = 2.0  # seconds; whoever asks a health page waits for six
T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A function in a thread of its own, called once at a time: whoever asks meanwhile gets the same result.

    A call that never ends costs that one thread.
    """

    def __init__(self, function: Callable[[], T]) -> None:
        self._function = function
        self._lock = threading.Lock()
        self._call: Future[T] | None = None
        self._deadline = 0.0

    def __call__(self) -> T:
        """Its result, or what it raises. Raises NotReady where it has not ended two seconds after it began."""
        call, deadline = self._current()
        wait([call], max(0.0, deadline - time.monotonic()))
        if not call.done():
            raise NotReady("does not answer")
        return call.result()

    def _current(self) -> tuple[Future[T], float]:
        """The call that is under way, else a new one; and until when to wait for it."""
        with self._lock:
            if self._call is None or self._call.done():
                call: Future[T] = Future()
                threading.Thread(target=self._run, args=(call,), name="health check", daemon=True).start()
                self._call, self._deadline = call, time.monotonic() + _DEADLINE
            return self._call, self._deadline

    def _run(self, call: Future[T]) -> None:
        try:
            call.set_result(self._function())
        except BaseException as error:  # for whoever asked
            call.set_exception(error)
