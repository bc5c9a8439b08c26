"""Files of the command line stay within the memory there is: as large as fits, and each in its turn."""

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref

import pytest
from PIL import Image

from slackbot.imaging import memory
from slackbot.imaging.errors import MORE_THAN_THERE_IS, DamagedPhoto
from slackbot.imaging.sandbox import look_sandboxed
from slackbot.limits import PhotoLimits
from slackbot.open_ahead import Wanted, open_ahead
from slackbot.ops.budget import Budget
from tests.memory import Watcher
from tests.processes import PATIENCE, ROOT, until

LIMITS, MIB = PhotoLimits(), 2**20


def enhance(megabytes: int, *paths) -> tuple[int, str, str, int]:
    """Exit status, output, errors and the most that it held in bytes."""
    command = [sys.executable, "-m", "slackbot", "--env-file", os.devnull, "enhance", "--bicubic", *map(str, paths)]
    environment = {**os.environ, "MEMORY_LIMIT_MB": str(megabytes)}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watcher = Watcher(process.pid)
        with watcher.watching():
            said, errors = process.communicate(timeout=PATIENCE * 200)
    return process.returncode, said, errors, watcher.most


def test_large_files_stay_within_the_limit(tmp_path, paint):
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for number, path in enumerate(paths):
        clear = paint(2300, 1730, number).convert("RGBA")
        clear.putalpha(Image.linear_gradient("L").resize(clear.size))
        clear.save(path, compress_level=1)
    limit = 400
    code, said, errors, most = enhance(limit, *paths)

    assert (code, errors) == (0, "")
    assert [line.endswith(", as large as there is memory for") for line in said.splitlines()] == [True, True]
    assert most <= limit * MIB
    assert len(list(tmp_path.glob("*_*x.png"))) == 2


def test_one_that_does_not_fit_as_it_is_gets_its_sentence(tmp_path, paint):
    path = tmp_path / "a.jpg"
    paint(5000, 4000).save(path)
    code, said, errors, _ = enhance(300, path)

    assert (code, said, errors) == (1, "", f"{path}: {MORE_THAN_THERE_IS}\n")


@pytest.mark.parametrize("room", [1, 2])
def test_each_has_its_turn_whatever_becomes_of_those_before(tmp_path, paint, room):
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path in paths:
        paint(1000, 800).save(path)
    whole = paths[0].read_bytes()
    paths[1].write_bytes(whole[: len(whole) // 2])
    paths[2].write_bytes(whole[:20])
    size = memory.peak(look_sandboxed(paths[0], LIMITS).header, 1, LIMITS)
    seen = []
    for opening in open_ahead(paths, Wanted(1, None, compare=False), LIMITS, Budget(lambda: room * size)):
        try:
            with opening:
                seen.append(opening.take()[0].size)
        except DamagedPhoto:
            seen.append("damaged")

    assert seen == [(1000, 800), "damaged", "damaged", (1000, 800), (1000, 800)]


def test_none_waits_for_memory_once_nobody_asks_for_it(tmp_path, paint):
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        paint(1000, 800).save(path)
    size = memory.peak(look_sandboxed(paths[0], LIMITS).header, 1, LIMITS)
    openings = open_ahead(paths, Wanted(1, None, compare=False), LIMITS, Budget(lambda: size))
    with next(openings) as first:
        first.opened.result()
        threading.Thread(target=openings.close).start()
        until(lambda: not any(one.name.startswith("open") for one in threading.enumerate()), 20, "its thread's end")


def test_ctrl_c_ends_it_while_the_next_one_waits_for_memory(tmp_path, paint, model):
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        paint(1600, 1200).save(path)
    model.behaviour = "slow"
    command = [sys.executable, "-m", "slackbot", "--env-file", os.devnull, "enhance", *map(str, paths)]
    environment = {**os.environ, "MEMORY_LIMIT_MB": "360", "TRITON_URL": model.address}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        until(lambda: model.asked, 30, "a tile of the first")
        process.send_signal(signal.SIGINT)
        try:
            _, errors = process.communicate(timeout=PATIENCE * 60)  # the model would answer after 120
        finally:
            process.kill()

    assert (process.returncode, errors) == (130, "")


def test_a_photo_is_kept_by_nobody_once_it_is_taken(tmp_path, paint):
    path = tmp_path / "a.png"
    paint(100, 80).save(path)
    for opening in open_ahead([path], Wanted(1, None, compare=False), LIMITS, Budget(lambda: 2**30)):
        with opening:
            photo, _ = opening.take()
            image = weakref.ref(photo.image)
            del photo
            gc.collect()
            assert image() is None
