"""The command line: `slackbot` is the bot, `slackbot enhance` enhances files without Slack."""

import argparse
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from slackbot import __version__
from slackbot.errors import BotError
from slackbot.inference.endpoint import TRITON_URL, Endpoint
from slackbot.limits import Limits
from slackbot.ops import redaction, tracing

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run, and exit: 0 all well, 1 something could not be done, 2 a wrong command line, 130 stopped by Ctrl-C."""
    options = make_parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("slackbot").setLevel(logging.INFO if options.command is None else logging.ERROR)
    redaction.begin()
    try:
        code = _bot(options.env_file) if options.command is None else _enhance(options)
    except BotError as error:
        for sentence in str(error).splitlines():
            print(f"slackbot: {sentence}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        code = 130
    except Exception:
        log.exception("ended by an error that nobody foresaw")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of the job queue and of gRPC may still wait for something; what they do is written down.
    os._exit(code)


def _bot(env_file: Path) -> int:
    from slackbot.load_settings import is_open_to_others, load, telemetry

    os.umask(0o077)  # whatever the bot writes is its user's alone: photos, and the database
    configuration = load(env_file)  # before what else the bot needs: a mistake is told at once
    if is_open_to_others(env_file):
        log.warning("%s can be read by others on this machine, and holds tokens: chmod 600 %s", env_file, env_file)
    from slackbot.app import serve

    logging.getLogger("slackbot").setLevel(configuration.settings.log_level.upper())
    redaction.begin(configuration.settings.log_format == "json")
    os.environ.update(telemetry(env_file))
    tracing.begin()
    serve(configuration, lambda text: print(text, flush=True))
    return 0


def _enhance(arguments: argparse.Namespace) -> int:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # files that are half written are to be deleted
    from slackbot.imaging import forkserver

    forkserver.begin()
    from slackbot.enhance_files import Order, enhance_files
    from slackbot.inference.enhancer import Enhancer
    from slackbot.job import Options
    from slackbot.ops import memory
    from slackbot.ops.budget import Budget

    endpoint, limits, megabytes = _told(arguments.env_file, arguments.triton)
    most, _ = memory.limit(megabytes)

    def begin() -> Enhancer:
        from slackbot.inference.triton import ModelServer  # loads while the first picture is being opened

        return Enhancer(ModelServer(endpoint, limits.server), limits.server, limits.photo)

    options = Options(
        scale=arguments.scale,
        format={"png": "PNG", "jpeg": "JPEG", "webp": "WebP"}.get(arguments.format, ""),
        compare=arguments.compare,
        bicubic=arguments.bicubic,
        metadata=arguments.keep_metadata,
    )
    output = arguments.output
    order = Order(
        inputs=arguments.input,
        output=Path(output) if output else None,
        options=options,
        force=arguments.force,
        recursive=arguments.recursive,
        is_folder=output.endswith(("/", os.sep)),
        only_check=arguments.check,
    )
    return min(1, enhance_files(order, begin, limits, Budget(lambda: memory.for_photos(most))))


def _told(env_file: Path, triton: str) -> tuple[Endpoint, Limits, int | None]:
    """Where the model server is, the limits, and how many megabytes there are if somebody says so.

    Where nothing is set, what reads settings is not loaded: that would take a third of a second."""
    if not env_file.exists() and not any(
        name.upper().startswith(("TRITON_", "LIMIT_", "MEMORY_")) for name in os.environ
    ):
        return Endpoint(triton or TRITON_URL), Limits(), None
    from slackbot.load_settings import load_for_files

    return load_for_files(env_file, triton)


def make_parser() -> argparse.ArgumentParser:
    """The command line, for `main` and for docs/settings.md."""
    parser = argparse.ArgumentParser(
        prog="slackbot",
        description="Without a command: the Slack bot. It reads its settings from the environment and from .env; "
        "docs/settings.md describes them.",
    )
    parser.add_argument(
        "--env-file",
        type=Path,
        default=Path(".env"),
        metavar="FILE",
        help="where to read the settings that the environment lacks (.env)",
    )
    parser.add_argument("--version", action="version", version=__version__, help="print the version, and end")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND")
    enhance = commands.add_parser(
        "enhance",
        help="enhance files, without Slack",
        description="Enhance photos through the model server, or with bicubic interpolation where there is none. "
        "The result of cat.jpg is cat_4x.jpg, with the date and the permissions of cat.jpg; results of one name are "
        "numbered.",
        epilog="Exit status: 0 all well, 1 something could not be done, 2 a wrong command line, 130 stopped by Ctrl-C.",
    )
    enhance.add_argument("input", nargs="+", type=Path, help="a photo, or a folder of photos")
    enhance.add_argument(
        "-o",
        "--output",
        default="",
        metavar="OUT",
        help="file, or folder, for the result; end the name of a new folder with /",
    )
    enhance.add_argument("-r", "--recursive", action="store_true", help="search subfolders, too")
    enhance.add_argument("--scale", type=int, choices=(2, 4), default=4, help="how many times as wide and high (4)")
    enhance.add_argument("--format", choices=("png", "jpeg", "webp"), help="another kind of file than the photo's own")
    enhance.add_argument(
        "--compare", action="store_true", help="write cat_compare.jpg as well: bicubic left, enhanced right"
    )
    enhance.add_argument("--bicubic", action="store_true", help="use bicubic interpolation instead of the model")
    enhance.add_argument("--keep-metadata", action="store_true", help="keep time, camera, place and the like")
    enhance.add_argument(
        "--triton",
        metavar="HOST:PORT",
        default="",
        help=f"gRPC address of the model server (TRITON_URL, else {TRITON_URL}); docs/settings.md describes more",
    )
    enhance.add_argument(
        "--check", action="store_true", help="only check the files and options; no model server is needed"
    )
    enhance.add_argument("--force", action="store_true", help="overwrite files that are there")
    return parser
