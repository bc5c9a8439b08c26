"""Finds a Chromium for whoever wants to look at the page by program: the tests, the README's screenshots."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Nothing but the page itself is to be loaded, and a container's root has no sandbox.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
)


EXPECT = 30_000  # milliseconds for what is expected to be seen: a machine may be busy


class NoBrowserError(Exception):
    """No Chromium on this machine; the text says what would help."""


def executable() -> str | None:
    """The machine's own Chromium; None leaves the choice to Playwright, which may have one."""
    return next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
    )


@contextlib.contextmanager
def chromium() -> Iterator[Any]:
    """A headless Chromium as a Playwright browser. Raises NoBrowserError where there is none."""
    try:
        from playwright.sync_api import Error, expect, sync_playwright
    except ImportError:
        raise NoBrowserError("Playwright is not installed.") from None
    with sync_playwright() as playwright:
        path = executable() or playwright.chromium.executable_path
        if not Path(path).exists():
            raise NoBrowserError("No Chromium: install the package `chromium`, or run `playwright install chromium`.")
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        except Error as reason:
            raise NoBrowserError(f"Chromium does not start: {reason.message.splitlines()[0]}") from None
        expect.set_options(timeout=EXPECT)
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":  # the exit status tells whether there is one
    import sys

    try:
        with chromium():
            pass
    except NoBrowserError as reason:
        sys.exit(str(reason))
