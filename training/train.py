"""Fine-tune the served weights on a folder of photos, or train a generator from nothing, for one stage.

usage: python training/train.py --photos FOLDER [--minutes 30 | --steps N] [--from WEIGHTS | nothing] [--out runs/NAME]
       python training/train.py --photos FOLDER --resume runs/NAME/checkpoint.pt
       torchrun --nproc-per-node 2 training/train.py --photos FOLDER

`training/recipe.py` runs the stages of a recipe. The loop is in `training/loop.py`.
"""

from __future__ import annotations

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until it trains, Ctrl-C ends it at once, without a traceback

import argparse
import os
import shlex
import sys
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from training.checkpoint import Checkpoint
    from training.generator import Generator
    from training.stage import Stage

MINUTES = 30.0
START = "start.safetensors"
"""In the output folder: the weights that training began from."""
NOTHING = "nothing"
FINE_TUNING: dict[str, Any] = {"batch_size": 8, "learning_rate": 1e-4, "adversarial_weight": 0.0}
FROM_NOTHING: dict[str, Any] = {"learning_rate": 6e-4, "perceptual_weight": 0.0, "adversarial_weight": 0.0}
SHAPE = {"blocks": 16, "channels": 64, "fold": 1}


def arguments() -> argparse.ArgumentParser:
    from training.stage import Stage

    parser = argparse.ArgumentParser(
        prog="train.py",
        description="Fine-tune the served weights on your photos, or train a generator from nothing. Ctrl-C saves what "
        "was learned.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--photos", type=Path, required=True, help="folder of photos; the larger, sharper and more varied the better")
    add("--drawings", type=Path, help="folder of drawings, for an eighth of the crops: see training/drawings/")
    add("--minutes", type=float, help=f"about how long to train (default: {MINUTES:.0f}, where --steps is not given)")
    add(
        "--from",
        dest="start",
        metavar="WEIGHTS",
        help=f"weights to start from, or `{NOTHING}`, which takes days on a GPU (default: the served ones)",
    )
    add("--out", type=Path, help="output folder (default: runs/NAME-OF-PHOTOS, or that of --resume)")
    add("--resume", type=Path, metavar="CHECKPOINT", help="checkpoint to resume; only the learning rates may change")
    add(
        "--perceptual",
        nargs="+",
        metavar="NETWORK",
        help="networks of the perceptual loss, used in turn: lite0, lite1, lite2, vgg16 or alexnet, each with :FILE "
        "for weights of your own; squeezenet:FILE; or MODULE:FACTORY (default: lite0)",
    )
    add(
        "--compile",
        action=argparse.BooleanOptionalAction,
        help="make the perceptual loss faster, after a minute; needs a C++ compiler",
    )
    add("--workers", type=int, default=1, help="processes that prepare pairs of crops (default: %(default)s)")
    add(
        "--save-every",
        type=int,
        default=500,
        metavar="STEPS",
        help="how often to save and evaluate (default: %(default)s)",
    )
    add("--device", help="cpu or cuda (default: cuda where there is one)")
    shape = parser.add_argument_group(f"shape of a new generator, with --from {NOTHING}")
    shape.add_argument("--blocks", type=int, help=f"residual blocks (default: {SHAPE['blocks']})")
    shape.add_argument("--channels", type=int, help=f"channels of its trunk (default: {SHAPE['channels']})")
    shape.add_argument(
        "--fold", type=int, choices=(1, 2), help=f"its trunk works at 1/FOLD of the width (default: {SHAPE['fold']})"
    )
    stage = parser.add_argument_group("how it is trained")
    for option in fields(Stage):
        kind: dict[str, Any] = (
            {"action": argparse.BooleanOptionalAction} if option.type is bool else {"type": option.type}
        )
        flag = f"--{option.name.replace('_', '-')}"
        stage.add_argument(flag, default=None, help=f"{option.metadata['help']} ({_default(option.name)})", **kind)
    return parser


def _default(name: str) -> str:
    """What an option of the stage is where it is not typed."""
    from training.stage import Stage

    if name == "steps":
        return "default: as many as fit into --minutes"
    if name == "bf16":
        return "default: where the machine is fast at it"
    tuned, fresh = (getattr(Stage(**base), name) for base in (FINE_TUNING, FROM_NOTHING))
    return f"default: {tuned}" if tuned == fresh else f"default: {tuned}; from nothing {fresh}"


def contradiction(options: argparse.Namespace) -> str:
    """What does not go together, as a sentence; empty where all is well."""
    fresh = options.start == NOTHING
    if options.minutes is not None and options.minutes <= 0:
        return "--minutes has to be more than 0"
    if options.minutes is not None and options.steps is not None:
        return "say either --minutes or --steps"
    if options.resume and (options.start or options.minutes):
        return "--resume goes on with the weights and the steps of its checkpoint: leave out --from and --minutes"
    if any(getattr(options, name) for name in SHAPE) and not fresh:
        return f"--blocks, --channels and --fold shape a new generator: add --from {NOTHING}"
    return ""


def chosen_stage(options: argparse.Namespace, resume: Checkpoint | None, device: torch.device) -> Stage:
    """The checkpoint's options, or the defaults, with what was typed in their place. Raises CheckpointError."""
    from training.checkpoint import CheckpointError
    from training.planning import has_fast_bfloat16
    from training.stage import Stage

    typed = {f.name: value for f in fields(Stage) if (value := getattr(options, f.name)) is not None}
    if not resume:
        base = FROM_NOTHING if options.start == NOTHING else FINE_TUNING
        return Stage(**{"bf16": has_fast_bfloat16(device), **base, **typed})
    changed = set(resume.changed(typed)) - {"learning_rate", "discriminator_learning_rate"}
    if other := [f"--{name.replace('_', '-')}" for name in typed if name in changed]:
        raise CheckpointError(f"{' '.join(other)} cannot change in a resumed training: only the learning rates can")
    return Stage(**{**resume.stage, **typed})


def starting_point(options: argparse.Namespace, resume: Checkpoint | None) -> tuple[Generator, Generator | None]:
    """The generator to train, and the one to compare with where it began from weights. Raises WeightsError."""
    from training.defaults import WEIGHTS
    from training.generator import Shape, load_weights, make_generator

    if resume:
        kept = options.out / START
        return make_generator(Shape(**resume.shape)), load_weights(kept) if kept.is_file() else None
    if options.start == NOTHING:
        return make_generator(Shape(**{name: getattr(options, name) or usual for name, usual in SHAPE.items()})), None
    start = load_weights(Path(options.start) if options.start else WEIGHTS)
    return start, start


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    if wrong := contradiction(options):
        parser.error(wrong)
    options.out = options.out or (options.resume.parent if options.resume else Path("runs") / options.photos.name)
    from training import distributed
    from training.loop import ERRORS, StoppedError

    try:
        run(options)
    except (*ERRORS, OSError) as error:
        sys.exit(f"train.py: {error}")
    except StoppedError as stopped:
        if distributed.is_first():
            again = to_go_on(options, {name: parser.get_default(name) for name in ("workers", "save_every", "device")})
            print(f"\ntrain.py: {stopped}, and saved. To go on:\n  {again}", file=sys.stderr)
        sys.exit(130)


def to_go_on(options: argparse.Namespace, usual: dict[str, Any]) -> str:
    """What to type to go on. The checkpoint keeps all options but `usual`, which are typed where they are not usual."""
    processes = os.environ.get("WORLD_SIZE", "1")
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", processes)
    launcher = torchrun if processes != "1" else sys.orig_argv[:1]
    typed = {"photos": options.photos, "resume": options.out / "checkpoint.pt"}
    typed |= {name: getattr(options, name) for name in usual if getattr(options, name) != usual[name]}
    words = (word for name, value in typed.items() for word in (f"--{name.replace('_', '-')}", str(value)))
    return shlex.join([*launcher, sys.argv[0], *words])


def run(options: argparse.Namespace) -> None:
    """Train, telling before what to expect, and after it what came of it. Raises what `train` raises, and OSError."""
    import torch

    from training import distributed
    from training.dataset import Pairs, find_photos, read_photo, read_reduced, split
    from training.generator import parameters, save_weights
    from training.loop import train
    from training.planning import asked_to_stop, seconds_a_step
    from training.reporting import Report, held_out
    from training.resuming import completed, data, resumed

    signal.signal(signal.SIGINT, signal.default_int_handler)  # nothing is learned yet: Ctrl-C ends it, and tidies up
    resume = resumed(options)
    inputs = resume.inputs if resume else {}
    options = completed(options, inputs)
    with distributed.group(options.device) as (device, rank, world_size):

        def say(line: str) -> None:
            if rank == 0:
                print(line, flush=True)

        stage = chosen_stage(options, resume, device)
        stage.share(world_size)
        files = find_photos(options.photos)
        learned, evaluated = split(files)
        drawings = find_photos(options.drawings) if options.drawings else []
        files_kept = data(options, files, drawings, resume)
        torch.manual_seed(stage.seed)
        start, before = starting_point(options, resume)
        say(f"Reading {len(files):,} photos, {len(evaluated):,} of them held out for evaluation.")
        pairs = Pairs(map(read_reduced, learned), stage.patch_size, stage.seed, [*map(read_photo, drawings)])
        shown = held_out([*map(read_photo, evaluated)])
        how = {
            "start": start,
            "perceptual": options.perceptual,
            "device": device,
            "rank": rank,
            "world_size": world_size,
            "workers": options.workers,
            "compiled": options.compile,
        }
        begun = resume.step if resume else 0
        if not resume and options.steps is None:
            stage = _for_minutes(options.minutes or MINUTES, stage, partial(seconds_a_step, pairs=pairs, **how), say)
        say(expectation(options, device, stage.steps - begun))
        report = Report(options.out, shown, before=before)
        if before and not resume and rank == 0:
            save_weights(before, options.out / START)
        kept = {"save_every": options.save_every, "resume": resume, "data": files_kept}
        with asked_to_stop() as stopping:
            generator = train(stage, pairs, options.out, report, **how, **kept, stop=lambda: bool(stopping))
        say(f"{parameters(generator):,} parameters in {options.out / 'generator.safetensors'}")
        say(outcome(options, report))


def _for_minutes(
    minutes: float, stage: Stage, seconds_a_step: Callable[[Stage], float], say: Callable[[str], None]
) -> Stage:
    """`stage` with as many steps as there is time for."""
    say("Measuring how long a step takes ...")
    seconds = seconds_a_step(stage)
    stage = replace(stage, steps=max(1, round(minutes * 60 / seconds)))
    say(f"{seconds:.2g} s: {stage.steps:,} steps fit into {minutes:g} minutes.")
    return stage


def expectation(options: argparse.Namespace, device: torch.device, steps: int) -> str:
    """What somebody should know before they wait."""
    where = "a GPU" if device.type == "cuda" else "a CPU"
    hope = (
        "From nothing, it takes days on a GPU until the results are worth looking at."
        if options.start == NOTHING
        else "Expect small changes, and not all of them for the better: see the sheet at the end."
    )
    return (
        f"{steps:,} steps on {where}, into {options.out}.\n{hope}\n"
        "Ctrl-C saves what was learned and tells how to go on."
    )


def outcome(options: argparse.Namespace, report: Any) -> str:
    """What came of it, where to look, and what to type next."""
    weights = options.out / "generator.safetensors"
    figures = ", ".join(f"{name} {value:.2f}" for name, value in report.psnr.items())
    return (
        f"PSNR-Y of the held-out photos, in dB: {figures}\n"
        f"Look at {options.out / 'sheet.png'} (crops) and {options.out / 'curves.png'} (losses). Then type\n"
        f"  make evaluate PHOTOS={options.photos} OPTIONS='--held-out --weights {weights}'\n"
        f"  make export OPTIONS='--weights {weights}'"
    )


if __name__ == "__main__":
    try:
        main()
    except ModuleNotFoundError as error:
        sys.exit(f"train.py: {error.name} is not installed: run `make .venv/train`, then use .venv/bin/python")
    except KeyboardInterrupt:
        sys.exit("\ntrain.py: stopped")
