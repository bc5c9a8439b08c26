"""`python -m serving`: Triton on this machine, from its wheel, until SIGINT or SIGTERM."""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest is imported, Ctrl-C ends it without a traceback

import argparse
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from serving import backends, devices, model_control, ports, repository, wheel
from serving.errors import CannotServe, ServerCrashed
from serving.ports import Ports
from serving.server import Options, Server, Tls
from serving.wheel import Wheel

REPOSITORY = Path(__file__).parent.parent / "model_repository"
STEADY = 60.0
"""Seconds after which a server that crashed counts as one that works."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m serving",
        usage="%(prog)s [options] [-- tritonserver options]",
        description="Serve the model repository with the tritonserver of the nvidia-pytriton wheel. "
        "Prints one line that begins with 'ready' once every model answers, and runs until SIGINT or SIGTERM. "
        f"Loading a model requires the key: {model_control.KEY} in the environment, or one made at "
        "each start, which export/to_onnx.py --activate finds by itself.",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help=f"address to listen on; another than loopback needs {model_control.KEY} (default: %(default)s)",
    )
    parser.add_argument(
        "--grpc-port", type=_port, default=Ports.grpc, help="0 takes any free one (default: %(default)s)"
    )
    parser.add_argument("--http-port", type=_port, default=Ports.http, help="answer HTTP, too (default: do not)")
    parser.add_argument("--metrics-port", type=_port, default=Ports.metrics, help="default: %(default)s")
    parser.add_argument(
        "--model-repository", type=Path, default=REPOSITORY, metavar="FOLDER", help="default: this project's own"
    )
    parser.add_argument(
        "--model", action="append", metavar="NAME", help="a model to load; may be repeated (default: enhancer)"
    )
    parser.add_argument(
        "--device",
        choices=devices.CHOICES,
        default="auto",
        help="what runs the models: auto (an NVIDIA GPU if there is one, else the CPU), cpu, gpu (ONNX Runtime), or "
        "one of the engines for CPUs, to compare them (default: %(default)s)",
    )
    parser.add_argument(
        "--inference",
        choices=devices.ARITHMETICS,
        default=os.environ.get("INFERENCE") or Options.inference,
        help="on a CPU with VNNI, int8 computes the trunk of the model in eight bits, faster and a little less exactly "
        "(default: INFERENCE in the environment, else float)",
    )
    parser.add_argument("--threads", type=_count, help="cores for inference, shared by all instances (default: all)")
    parser.add_argument(
        "--cache", type=Path, default=None, metavar="FOLDER", help="where to lay out backends (default: the XDG cache)"
    )
    for name, what in (
        ("certificate", "speak TLS on the gRPC port: its certificate (PEM)"),
        ("key", "the certificate's key"),
        ("root", "ask clients for a certificate that this one signed"),
    ):
        parser.add_argument(f"--grpc-{name}", type=_file, metavar="FILE", help=what)
    parser.add_argument(
        "--restarts",
        type=_natural,
        default=Options.restarts,
        metavar="N",
        help="how often in a row a crashed server is started again (default: %(default)s)",
    )
    parser.add_argument(
        "--grace",
        type=_natural,
        default=Options.grace,
        metavar="SECONDS",
        help="how long requests in flight may take at the end; 0 ends at once (default: %(default)s)",
    )
    parser.add_argument("--verbose", action="store_true", help="show tritonserver's whole log")
    return parser


def parse(arguments: list[str]) -> tuple[Options, Path]:
    """The options, and the cache folder; what follows `--` goes to tritonserver as it is. Raises KeyMissing."""
    ours, extra = _split(arguments)
    parser = _parser()
    given = parser.parse_args(ours)
    if bool(given.grpc_certificate) != bool(given.grpc_key) or (given.grpc_root and not given.grpc_key):
        parser.error("--grpc-certificate and --grpc-key belong together, and --grpc-root needs both")
    if given.inference not in devices.ARITHMETICS:  # from the environment
        parser.error(f"INFERENCE is {given.inference!r}: it has to be {' or '.join(devices.ARITHMETICS)}")
    key = model_control.given_key(dict(os.environ))
    model_control.check_host(given.host, key)
    options = Options(
        repository=given.model_repository,
        models=tuple(given.model or ["enhancer"]),
        host=given.host,
        ports=Ports(given.http_port, given.grpc_port, given.metrics_port),
        threads=given.threads,
        tls=Tls(given.grpc_certificate, given.grpc_key, given.grpc_root) if given.grpc_key else None,
        key=key or model_control.new_key(),
        restarts=given.restarts,
        grace=given.grace,
        device=given.device,
        inference=given.inference,
        verbose=given.verbose,
        extra=tuple(extra),
    )
    return options, given.cache or backends.default_cache()


def ready_line(options: Options) -> str:
    """The line that tells others where the server is."""
    at = {name: f"{options.host}:{port}" for name, port in vars(options.ports).items()}
    scheme = "grpcs" if options.tls else "grpc"
    web = f" http://{at['http']}" if options.ports.http is not None else ""
    return f"ready: {', '.join(options.models)} at {scheme}://{at['grpc']}{web} metrics http://{at['metrics']}/metrics"


def serve(options: Options, cache: Path, stop: threading.Event) -> None:
    """Run a server until `stop` is set; raises CannotServe.

    One that crashes is started again on the same ports, at most `options.restarts` times in a row; after STEADY seconds
    without a crash the count begins anew.
    """
    found = wheel.find()
    repository.check(options.repository, options.models)
    device, said = devices.choose(options.device, devices.gpus())
    if said:
        print(f"serving: {said}", file=sys.stderr, flush=True)
    laid_out = backends.lay_out(found, cache)
    options = replace(options, device=device, ports=ports.settle(options.host, options.ports))
    crashes = 0
    with model_control.key_file(backends.default_cache(), options.ports.grpc, options.key):
        while True:
            begun = time.monotonic()
            try:
                return _serve(found, laid_out, options, stop)
            except ServerCrashed as error:
                crashes = 1 if time.monotonic() - begun > STEADY else crashes + 1
                if crashes > options.restarts:
                    raise ServerCrashed(f"{error} (crash {crashes} in a row: given up)") from None
                print(f"{error}: starting it again", file=sys.stderr, flush=True)


def _serve(found: Wheel, laid_out: Path, options: Options, stop: threading.Event) -> None:
    """Run one tritonserver; on stdout `ready` when it is, and `restarting` when it is not any more."""
    server = Server(found, laid_out, options, log=lambda line: print(line, file=sys.stderr))
    try:
        if server.wait_until_ready(stop):
            print(ready_line(options), flush=True)
            server.wait(stop)
    except ServerCrashed:
        if server.was_ready:
            print("restarting", flush=True)
        raise
    finally:
        server.end()


def main() -> int:
    """Exit status: 0 after a clean end, 1 when nothing could be served (with the reason on stderr)."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        options, cache = parse(sys.argv[1:])
        serve(options, cache, stop)
    except CannotServe as error:
        print(f"serving: {error}", file=sys.stderr)
        return 1
    return 0


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    if "--" not in arguments:
        return arguments, []
    at = arguments.index("--")
    return arguments[:at], arguments[at + 1 :]


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{port} is not a port (0 to 65535)")
    return port


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text)


def _natural(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError("at least 0")
    return count


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return count


if __name__ == "__main__":
    sys.exit(main())
