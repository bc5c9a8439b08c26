"""Lay out the folder in which Triton looks for its backends.

    python/       the wheel's Python backend with the stub of the running Python
    onnxruntime/  our stand-in, which every model with `backend: "onnxruntime"` is then served by

Copies, because Triton refuses a link that leads out of this folder. `python -m serving.backends FOLDER` lays them out
ahead of time, for a server that may write nowhere.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from serving.errors import Unsupported
from serving.wheel import Wheel, find

STAND_IN = Path(__file__).parent / "onnxruntime"


def lay_out(wheel: Wheel, cache: Path) -> Path:
    """The folder of backends under `cache`, named after its content: written once, never changed, safe to share."""
    files = {Path("python") / file.name: file for file in (*wheel.python_backend.glob("*.*"), wheel.stub)}
    files |= {Path("onnxruntime") / file.name: file for file in STAND_IN.glob("[!_]*.py")}
    folder = cache / f"backends-{_digest(files)}"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backends-", dir=cache) as draft:
        for place, source in files.items():
            (Path(draft) / place).parent.mkdir(exist_ok=True)
            shutil.copy(source, Path(draft) / place)
        Path(draft).chmod(0o755)  # temporary folders are for their maker alone; the server may run as another
        with contextlib.suppress(OSError):  # another server was first
            Path(draft).rename(folder)
            Path(draft).mkdir()
    return folder


def default_cache() -> Path:
    """The person's cache folder, by the XDG rules."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "resolution-enhancer"


def _digest(files: dict[Path, Path]) -> str:
    content = hashlib.sha256()
    for place, source in sorted(files.items()):
        content.update(f"{place} {source.stat().st_size}\n".encode())
        content.update(source.read_bytes())
    return content.hexdigest()[:12]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m serving.backends", description="Lay Triton's backends out in FOLDER, and print where."
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    folder = parser.parse_args().folder
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what is half laid out is to be deleted
    try:
        print(lay_out(find(), folder))
    except Unsupported as error:
        print(f"serving.backends: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
