"""Memory for photos, given in the order in which it is asked for: a large one is not passed by small ones for ever."""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator

_LOOK_EVERY = 1.0  # seconds between two looks whether who waits still wants to


class Budget:
    """Bytes that photos may take together. Safe to use from several threads."""

    def __init__(self, measure: Callable[[], int]) -> None:
        """`measure` says how many bytes there are for photos at a moment when none is at work."""
        self._measure = measure
        self._changed = threading.Condition()
        self._total, self._taken, self._inside = 0, 0, 0
        self._waiting: deque[object] = deque()

    def total(self) -> int:
        """Bytes for a photo that is alone."""
        with self._changed:
            if not self._inside:
                self._total = self._measure()
            return self._total

    @contextlib.contextmanager
    def taken(self, size: int, go_on: Callable[[], None] = lambda: None) -> Iterator[None]:
        """So many bytes, to the end of a `with`; waits for them. `go_on` may raise, to end the waiting.

        One that takes more than there is waits until it is alone.
        """
        self._wait(size, go_on)
        try:
            yield
        finally:
            with self._changed:
                self._taken -= size
                self._inside -= 1
                self._changed.notify_all()

    def _wait(self, size: int, go_on: Callable[[], None]) -> None:
        me = object()
        with self._changed:
            self._waiting.append(me)
        try:
            while not self._enter(me, size):
                go_on()
        finally:
            with self._changed:
                self._waiting.remove(me)
                self._changed.notify_all()

    def _enter(self, me: object, size: int) -> bool:
        """Whether it is my turn and there is room for me, within a moment."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting[0] is me and self._fits(size), _LOOK_EVERY):
                return False
            self._taken += size
            self._inside += 1
            return True

    def _fits(self, size: int) -> bool:
        return not self._inside or self._taken + size <= self._total
