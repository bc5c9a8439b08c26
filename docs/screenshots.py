"""Walk the playground's page at three widths, light and dark, and write a screenshot of every screen.

usage: make screenshots [OUT=folder]
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playground.testing.browser import NoBrowserError, chromium
from playground.testing.client import PlaygroundClient
from playground.testing.walk import walk

SIZES = {360: 740, 1280: 800, 3840: 2160}  # pixels: width and height
SCHEMES = ("light", "dark")


@contextmanager
def demo() -> Iterator[PlaygroundClient]:
    """`make demo AGENT=1` on any free port, once its bot is connected."""
    command = [sys.executable, "-m", "playground.demo", "--model-server", f"{sys.executable} -m serving"]
    others = {name: value for name, value in os.environ.items() if name != "TRITON_URL"}
    environment = others | {"PORT": "0", "AGENT": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            lines = process.stdout or ()
            address = next((found[0] for line in lines if (found := re.search(r"http://[\d.:]+", line))), None)
            if address is None:
                raise SystemExit("The demo did not start.")
            workspace = PlaygroundClient(address)
            workspace.wait_for_connection()
            yield workspace
        finally:
            process.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m docs.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("out/screenshots"), help="default: %(default)s")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    try:
        with demo() as workspace, chromium() as browser:
            for width, height in SIZES.items():
                for scheme in SCHEMES:
                    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
                    page = context.new_page()
                    for number, name in enumerate(walk(page, workspace, server=True), 1):
                        page.wait_for_timeout(250)  # for what fades in
                        page.screenshot(path=out / f"{width}-{scheme}-{number:02}-{name}.png")
                    context.close()
    except NoBrowserError as error:
        raise SystemExit(str(error)) from None
    print(f"{len(list(out.glob('*.png')))} screenshots in {out}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
