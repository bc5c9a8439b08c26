"""A tritonserver process: its command line, its start, its readiness, its end."""

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from serving import devices, model_control
from serving.errors import ServerCrashed, ServerFailed
from serving.log import GAVE_UP_A_STUB, LOG_LINE, is_trouble, reason
from serving.ports import Ports
from serving.wheel import Wheel

PR_SET_PDEATHSIG = 1
HUGE_PAGES = "glibc.malloc.hugetlb=1"  # by madvise; without effect before glibc 2.35, or where the kernel has none
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where POSIX shared memory lives on Linux
POLL = 0.05
START = 120.0  # seconds for all models to load: 3 where the machine has nothing else to do
UNLOAD = 2.0  # seconds for the last answers to leave; models unload meanwhile, for longer, and only free memory
ANSWERED = "All models are stopped, unloading models"  # what tritonserver logs at that moment


@dataclass(frozen=True)
class Tls:
    """PEM files for the gRPC port; with `root` a client must show a certificate that one of those in it signed."""

    certificate: Path
    key: Path
    root: Path | None = None

    def command(self) -> list[str]:
        """Options of tritonserver."""
        files = [f"--grpc-server-cert={self.certificate}", f"--grpc-server-key={self.key}"]
        if not self.root:
            return ["--grpc-use-ssl=true", *files]
        return ["--grpc-use-ssl-mutual=true", *files, f"--grpc-root-cert={self.root}"]


@dataclass(frozen=True)
class Options:
    """What to serve, and where."""

    repository: Path
    models: tuple[str, ...] = ("enhancer",)
    host: str = "127.0.0.1"
    ports: Ports = field(default_factory=Ports)
    threads: int | None = None
    tls: Tls | None = None
    key: str = field(default_factory=model_control.new_key, repr=False)
    restarts: int = 5
    grace: int = 15  # seconds for requests in flight to finish before the server is killed
    device: str = "cpu"
    inference: str = "float"
    verbose: bool = False
    extra: tuple[str, ...] = ()


def command(wheel: Wheel, backends: Path, options: Options) -> list[str]:
    """The command line of tritonserver; `options.extra` comes last, so it may overrule."""
    return [
        str(wheel.tritonserver),
        f"--backend-directory={backends}",
        f"--model-repository={options.repository.resolve()}",
        # Explicit, so that a version is loaded when it is complete and never because a file appeared.
        "--model-control-mode=explicit",
        *(f"--load-model={model}" for model in options.models),
        f"--allow-http={str(options.ports.http is not None).lower()}",
        *model_control.options(options.key, http=options.ports.http is not None),
        f"--grpc-address={options.host}",
        f"--metrics-address={options.host}",
        *(
            [f"--http-address={options.host}", f"--http-port={options.ports.http}"]
            if options.ports.http is not None
            else ()
        ),
        f"--grpc-port={options.ports.grpc}",
        f"--metrics-port={options.ports.metrics}",
        # Clients connect anew, so that a server that joined behind the same name gets its share; a model is let load.
        "--grpc-max-connection-age=20000",
        "--grpc-max-connection-age-grace=600000",
        *(options.tls.command() if options.tls else ()),
        f"--exit-timeout-secs={options.grace}",
        f"--backend-config=python,shm-region-prefix-name={shared_memory_prefix()}",
        # The server ends only after this interval has passed once more; the default is 2 s.
        "--metrics-interval-ms=500",
        f"--log-verbose={int(options.verbose)}",
        *options.extra,
    ]


def shared_memory_prefix() -> str:
    """What the names of our stubs' shared memory begin with, so that a killed server's can be found and removed."""
    return f"serving-{os.getpid()}-"


def close_shared_memory() -> None:
    """Take our stubs' shared memory, where tiles of people's photos lie, from other users: Triton lets them read it."""
    for region in SHARED_MEMORY.glob(f"{shared_memory_prefix()}*"):
        with contextlib.suppress(OSError):  # it is gone
            region.chmod(0o600)


def environment(wheel: Wheel, options: Options) -> dict[str, str]:
    """The stub finds its libraries by LD_LIBRARY_PATH, and its Python by the first `python3` on PATH.

    Where it does not run on the CPU, it takes ONNX Runtime from the folder of the GPU's packages, if they are there.

    glibc asks for huge pages: a layer's activations are megabytes, and tiles above 256x256 take a tenth less CPU time
    where each of their pages is not one of thousands.
    """
    ours = {
        "LD_LIBRARY_PATH": [*map(str, wheel.libraries), os.environ.get("LD_LIBRARY_PATH", "")],
        "PATH": [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)],
    }
    if options.device in ("gpu", "onnxruntime-cpu"):
        ours["PYTHONPATH"] = [str(devices.PACKAGES), os.environ.get("PYTHONPATH", "")]
    joined = {name: os.pathsep.join(filter(None, parts)) for name, parts in ours.items()}
    joined["GLIBC_TUNABLES"] = ":".join(filter(None, [HUGE_PAGES, os.environ.get("GLIBC_TUNABLES", "")]))
    inherited = {name: value for name, value in os.environ.items() if name != model_control.KEY}
    chosen = {"SERVING_DEVICE": options.device, "INFERENCE": options.inference}
    if options.device != "gpu":
        chosen["CUDA_VISIBLE_DEVICES"] = "-1"  # Triton would make as many instances for each GPU
    if options.threads:
        chosen["SERVING_THREADS"] = str(options.threads)
    return {**inherited, **joined, **chosen}


class Server:
    """A running tritonserver and its stubs, in a process group of their own."""

    def __init__(self, wheel: Wheel, backends: Path, options: Options, log: Callable[[str], None]) -> None:
        """Start it; `log` gets the lines worth showing: warnings and errors, or with `verbose` every one."""
        self._options = options
        self._log = log
        self._tail: deque[str] = deque(maxlen=200)
        self._ready = False
        self._answered = threading.Event()
        self._process = subprocess.Popen(
            command(wheel, backends, options),
            env=environment(wheel, options),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - no other thread runs, and nothing else survives SIGKILL
        )
        self._reader = threading.Thread(target=self._read, name="tritonserver-log", daemon=True)
        self._reader.start()

    @property
    def was_ready(self) -> bool:
        """Whether it served."""
        return self._ready

    @property
    def pid(self) -> int:
        """The process id, which is also its group's."""
        return self._process.pid

    def wait_until_ready(self, stop: threading.Event) -> bool:
        """Return True once every model and the metrics answer, False if `stop` was set first.

        Raises ServerCrashed if a signal ended it, or if it gave up a stub that got no CPU for a second while its model
        loaded: tritonserver 2.51 ends then, or waits for that stub's end for ever, so also if it is not ready after
        START. Raises ServerFailed if it ended otherwise.
        """
        deadline = time.monotonic() + START
        host = "127.0.0.1" if self._options.host == "0.0.0.0" else self._options.host  # noqa: S104
        ports = self._options.ports
        without_metrics = any(option.startswith("--allow-metrics") for option in self._options.extra)
        while not stop.wait(POLL):
            close_shared_memory()
            if (status := self._process.poll()) is not None:
                raise self._failure("while starting", crashed=status < 0)
            # tritonserver opens its ports when every model is loaded, and that of the metrics last.
            if _listens(host, ports.grpc) and (without_metrics or _answers(host, ports.metrics, "/metrics")):
                self._ready = True
                return True
            if time.monotonic() > deadline:
                raise ServerCrashed(f"tritonserver is not ready after {START:.0f} s: has this machine too much to do?")
        return False

    def wait(self, stop: threading.Event) -> None:
        """Return when `stop` is set; raise ServerCrashed if the server ends by itself before."""
        while not stop.wait(POLL * 4):
            close_shared_memory()  # each load of a model makes more
            if self._process.poll() is not None:
                raise self._failure("by itself", crashed=True)

    def end(self) -> None:
        """Let requests in flight finish, where there is time for that; then leave no process behind."""
        if self._ready and self._options.grace:
            self._process.terminate()
            deadline = time.monotonic() + self._options.grace
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._answered.wait(POLL):
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        self._process.wait(UNLOAD)
                    break
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)  # the server too, where it has not ended
        self._process.wait()
        for left in SHARED_MEMORY.glob(f"{shared_memory_prefix()}*"):
            left.unlink(missing_ok=True)
        self._reader.join(timeout=1)
        if self._process.stdout and not self._reader.is_alive():
            self._process.stdout.close()

    def _failure(self, when: str, *, crashed: bool) -> ServerFailed:
        self._reader.join(timeout=2)
        why = reason(list(self._tail), self._process.returncode)
        kind = ServerCrashed if crashed or GAVE_UP_A_STUB.search(why) else ServerFailed
        return kind(f"tritonserver ended {when}: {why}")

    def _read(self) -> None:
        hidden = False
        for raw in self._process.stdout or ():
            line = raw.rstrip()
            if not hidden and LOG_LINE.match(line):  # it has read its options
                hidden = True
                if not model_control.hide(self.pid, self._options.key):
                    self._log("the key of the model control can be read in tritonserver's command line")
            self._tail.append(line)
            if ANSWERED in line:
                self._answered.set()
            if self._options.verbose or is_trouble(line, gpu=self._options.device == "gpu"):
                self._log(line)


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), 2).close()
    except OSError:
        return False
    return True


def _answers(host: str, port: int, page: str) -> bool:
    # Not urllib, which would ask a proxy of the environment.
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", page)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _die_with(parent: int) -> Callable[[], None]:
    """Between fork and exec: let no other user read what the server writes, and have it end when this process dies.

    However it dies: the kernel sees to that.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        os.umask(0o077)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return ask
