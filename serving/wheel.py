"""Find the genuine `tritonserver` inside the installed nvidia-pytriton wheel.

The wheel's Python package is never imported: it needs a dozen packages that the server does not.
"""

import ctypes.util
import os
import platform
import sys
import sysconfig
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from serving.errors import Unsupported

GLIBC = (2, 35)  # the wheel's manylinux tag
INSTALL = "run `make .venv/serve`"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Wheel:
    """The files of the wheel that a server needs, for the running Python."""

    tritonserver: Path
    python_backend: Path
    stub: Path
    libraries: tuple[Path, ...]


def find() -> Wheel:
    """The installed wheel; raises Unsupported with the sentence that says what is missing."""
    check_machine(sys.platform, platform.machine(), _glibc())
    for package in ("openvino", "ncnn", "numpy"):
        if util.find_spec(package) is None:
            raise Unsupported(f"{package} is not installed: run `make .venv/serve`")
    try:
        distribution = metadata.distribution("nvidia-pytriton")
    except metadata.PackageNotFoundError:
        raise Unsupported(
            f"the nvidia-pytriton wheel, which carries tritonserver, is not installed: {INSTALL}"
        ) from None
    root = Path(str(distribution.locate_file("pytriton"))) / "tritonserver"
    wheel = Wheel(
        tritonserver=root / "bin" / "tritonserver",
        python_backend=root / "backends" / "python",
        stub=root / "python_backend_stubs" / PYTHON / "triton_python_backend_stub",
        libraries=(root.parent.parent / "nvidia_pytriton.libs", *_libpython()),
    )
    if not wheel.stub.is_file():
        raise Unsupported(f"the nvidia-pytriton wheel has no stub for Python {PYTHON}: use Python 3.11, 3.12 or 3.13")
    if not wheel.tritonserver.is_file():
        raise Unsupported(f"the nvidia-pytriton wheel holds no tritonserver: remove .venv, and {INSTALL}")
    return wheel


def check_machine(system: str, machine: str, glibc: tuple[int, ...] | None) -> None:
    """Raise Unsupported unless this is Linux on x86-64 with a recent enough glibc (None: another C library)."""
    if system != "linux" or machine != "x86_64":
        raise Unsupported(f"Triton's wheel runs on Linux x86-64 only, and this is {system} on {machine}")
    if glibc is None or glibc < GLIBC:
        found = "another C library" if glibc is None else f"glibc {'.'.join(map(str, glibc))}"
        raise Unsupported(
            f"Triton's wheel needs glibc {'.'.join(map(str, GLIBC))} or newer, and this machine has {found}"
        )


def _glibc() -> tuple[int, ...] | None:
    try:
        name, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").split()
    except (AttributeError, ValueError, OSError):
        return None
    return tuple(map(int, version.split("."))) if name == "glibc" else None


def _libpython() -> tuple[Path, ...]:
    # The stub embeds Python, so it needs the shared library even where `python` itself is linked statically.
    name = f"libpython{PYTHON}.so.1.0"
    folders = [Path(sysconfig.get_config_var("LIBDIR") or "/nowhere"), Path(sys.base_prefix) / "lib"]
    for folder in folders:
        if (folder / name).is_file():
            return (folder,)
    if ctypes.util.find_library(f"python{PYTHON}"):
        return ()
    raise Unsupported(f"Triton's Python stub needs {name}: install it (Debian: apt-get install libpython{PYTHON})")
