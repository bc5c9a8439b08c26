"""`python -m slackbot enhance`, as a person runs it."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from tests.nearest_model import NearestModel
from tests.processes import PATIENCE, until
from tests.slackbot.conftest import look
from tests.terminal import on_terminal

ROOT = Path(__file__).parents[2]


def test_a_photo_is_enhanced_beside_itself_and_never_overwritten(command_line, cat):
    done = command_line("enhance", cat)

    result = cat.with_name("cat_4x.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{result}: 30 × 20 → 120 × 80, ")
    assert "model version 7" in done.stdout
    assert look(result) == ("PNG", (120, 80))

    again = command_line("enhance", cat)
    assert again.returncode == 1
    assert again.stderr == f"{cat}: {result} is there already; --force overwrites it.\n"
    assert command_line("enhance", cat, "--force").returncode == 0


def test_a_folder_goes_into_a_folder_and_a_bad_file_does_not_stop_the_rest(command_line, cat, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff cut short")
    (tmp_path / "notes.txt").write_text("no picture")
    out = tmp_path / "out"

    done = command_line("enhance", tmp_path, "-o", out, "--scale", "2")

    assert done.returncode == 1
    assert (
        done.stderr
        == f"{bad}: the picture is damaged or cut short, so I cannot open it. Please try sharing it again.\n"
    )
    assert [path.name for path in out.iterdir()] == ["cat_2x.png"]
    assert look(out / "cat_2x.png") == ("PNG", (60, 40))
    assert cat.exists()


def test_the_name_of_the_output_decides_its_kind(command_line, cat, tmp_path):
    assert command_line("enhance", cat, "-o", tmp_path / "out.jpg").returncode == 0
    assert look(tmp_path / "out.jpg") == ("JPEG", (120, 80))

    done = command_line("enhance", cat, "-o", tmp_path / "out.xyz")
    assert done.returncode == 1
    assert "cannot write .xyz" in done.stderr


def test_a_format_a_comparison_and_metadata(command_line, tmp_path, paint):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    paint(30, 20).save(tmp_path / "cat.jpg", exif=exif)

    done = command_line(
        "enhance", tmp_path / "cat.jpg", "--format", "webp", "--compare", "--keep-metadata", "--scale", "2"
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert look(tmp_path / "cat_2x.webp") == ("WEBP", (60, 40))
    assert look(tmp_path / "cat_compare.jpg")[0] == "JPEG"
    assert done.stdout.endswith("cat_compare.jpg: bicubic on the left, enhanced on the right\n")
    with Image.open(tmp_path / "cat_2x.webp") as image:
        assert image.getexif()[0x010E] == "where I live"

    again = command_line("enhance", tmp_path / "cat.jpg", "--compare", "-o", tmp_path / "other.png")
    assert again.returncode == 0
    assert look(tmp_path / "cat_compare.png")[0] == "PNG"
    third = command_line("enhance", tmp_path / "cat.jpg", "--compare")
    assert third.returncode == 1
    assert "cat_compare.jpg is there already; --force overwrites it." in third.stderr
    assert not (tmp_path / "cat_4x.jpg").exists(), "nothing is done by halves"


def test_bicubic_as_asked_is_no_complaint(command_line, cat):
    done = command_line("enhance", cat, "--bicubic", "--compare")

    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.endswith("s, bicubic")
    assert second.endswith("nothing to compare, both sides would be bicubic")


def test_several_files_go_side_by_side_and_a_folder_twice_leaves_results_alone(command_line, cat, tmp_path, paint):
    paint(10, 10).save(tmp_path / "dog.jpg")
    paint(10, 10).save(tmp_path / "taken_2x.jpg")

    assert command_line("enhance", cat, tmp_path / "dog.jpg").returncode == 0
    done = command_line("enhance", tmp_path, "--force", "--scale", "2")

    assert done.returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [
            "cat.png",
            "cat_2x.png",
            "cat_4x.png",
            "dog.jpg",
            "dog_2x.jpg",
            "dog_4x.jpg",
            "taken_2x.jpg",
            "taken_2x_2x.jpg",
        ]
    )


def test_an_animation_stays_one(command_line, tmp_path, paint):
    frames = [paint(20, 10, seed) for seed in range(3)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:], duration=100)

    done = command_line("enhance", tmp_path / "film.gif", "-o", tmp_path / "large.gif")

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 frames" in done.stdout
    with Image.open(tmp_path / "large.gif") as image:
        assert (getattr(image, "n_frames", 1), image.size) == (3, (80, 40))

    done = command_line("enhance", tmp_path / "film.gif", "--format", "jpeg")
    assert "the first of 3 pictures" in done.stdout
    assert look(tmp_path / "film_4x.jpg") == ("JPEG", (80, 40))


def test_two_kinds_at_once_are_refused(command_line, cat, tmp_path):
    done = command_line("enhance", cat, "--format", "webp", "-o", tmp_path / "out.jpg")

    assert done.returncode == 1
    assert "--format says WebP and out.jpg says JPEG." in done.stderr


def test_without_a_server_it_is_bicubic_and_says_so(command_line, cat, model):
    model.stop()

    done = command_line("enhance", cat)

    assert done.returncode == 0
    assert "bicubic, because the model server is not available" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["enhance"], 2, "required"),
        (["enhance", "x.png", "--scale", "3"], 2, "invalid choice"),
        (["enhance", "x.png", "--format", "pcx"], 2, "invalid choice"),
        (["dance"], 2, "invalid choice"),
        (["enhance", "nowhere.png"], 1, "No such file"),
        (["enhance", "x.png", "--triton", "nonsense"], 1, "HOST:PORT"),
        ([], 1, "SLACK_BOT_TOKEN is missing"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(command_line, arguments, code, word):
    done = command_line(*arguments, SLACK_BOT_TOKEN="")

    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_a_token_that_slack_refuses_is_named(command_line, workspace, tmp_path, name):
    wrong = {name: workspace.environment[name][:5] + "wrong", "DATABASE_URL": f"sqlite:///{tmp_path}/bot.sqlite"}

    done = command_line(**{**workspace.environment, **wrong})

    assert done.returncode == 1
    assert f"Slack does not accept {name} (invalid_auth)." in done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong" not in done.stderr


def test_a_database_that_cannot_be_opened_is_one_sentence(command_line, workspace, tmp_path):
    done = command_line(**{**workspace.environment, "DATABASE_URL": f"sqlite:///{tmp_path}"})

    assert done.returncode == 1
    assert "The database of DATABASE_URL cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_help(command_line):
    done = command_line("enhance", "--help")

    assert done.returncode == 0
    assert "--force" in done.stdout


class SecondFirst(NearestModel):
    """Answers for a picture 30 pixels wide once it has been asked for one 10 pixels wide."""

    def __init__(self) -> None:
        super().__init__()
        self.second = threading.Event()

    def ModelInfer(self, request, context):  # noqa: N802
        width = request.inputs[0].shape[2]
        if width == 10:
            self.second.set()
        if width == 30:
            self.second.wait(40)
        return super().ModelInfer(request, context)


def test_small_photos_are_enhanced_side_by_side_and_told_of_in_their_order(command_line, tmp_path, paint):
    sizes = {"a.png": (30, 20), "b.png": (10, 20), "c.png": (12, 20), "d.png": (14, 20)}
    for name, size in sizes.items():
        paint(*size).save(tmp_path / name)
    (tmp_path / "bc.png").write_bytes((tmp_path / "c.png").read_bytes()[:30])
    model = SecondFirst()
    model.start()
    try:
        done = command_line("enhance", tmp_path, TRITON_URL=model.address)
    finally:
        model.stop()

    assert model.second.is_set()
    assert (done.returncode, done.stderr.count("bc.png")) == (1, 1)
    said = done.stdout.splitlines()
    assert [Path(line.partition(":")[0]).name for line in said] == [name.replace(".", "_4x.") for name in sizes]
    assert all(line.endswith("model version 7") for line in said)


def test_a_terminal_shows_one_bar_for_all_files_and_whole_sentences(cat, model, tmp_path, paint):
    paint(300, 200).save(tmp_path / "dog.png")
    command = [sys.executable, "-m", "slackbot", "--env-file", os.devnull, "enhance", cat, tmp_path / "dog.png"]
    status, text = on_terminal(command, 200, cwd=ROOT, env={**os.environ, "TRITON_URL": model.address})

    assert status == 0
    assert re.search(r"\[[12]/2\] (?:cat|dog)\.png: +\d+%\|", text)
    for name in ("cat", "dog"):
        assert re.search(rf"[\r\n]{tmp_path}/{name}_4x\.png: [^\r]*model version 7 *\r\n", text)
    assert text.endswith("\r"), "the bar is gone"


def test_ctrl_c_ends_it_at_once_and_leaves_nothing_unfinished(cat, model, tmp_path, paint):
    paint(300, 200).save(tmp_path / "dog.png")
    model.behaviour = "slow"
    command = [sys.executable, "-m", "slackbot", "--env-file", os.devnull, "enhance", cat, tmp_path / "dog.png"]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env={**os.environ, "TRITON_URL": model.address}
    ) as process:
        until(lambda: model.asked >= 2, 30, "tiles of both")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE * 60)  # the model would answer after 120

    assert (process.returncode, errors) == (130, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat.png", "dog.png"]
