"""`python -m slackbot enhance`, as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(model):
    def command(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-m", "slackbot", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "TRITON_URL": model.address, **environment},
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    return command


def look(path):
    with Image.open(path) as image:
        return image.format, image.size


@pytest.fixture
def cat(tmp_path, paint):
    path = tmp_path / "cat.png"
    paint(30, 20).save(path)
    return path


def test_a_photo_is_enhanced_beside_itself_and_never_overwritten(run, cat):
    done = run("enhance", cat)

    result = cat.with_name("cat_4x.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{result}: 30 × 20 → 120 × 80, ")
    assert "model version 7" in done.stdout
    assert look(result) == ("PNG", (120, 80))

    again = run("enhance", cat)
    assert again.returncode == 1
    assert again.stderr == f"{cat}: {result} is there already; --force overwrites it.\n"
    assert run("enhance", cat, "--force").returncode == 0


def test_a_folder_goes_into_a_folder_and_a_bad_file_does_not_stop_the_rest(run, cat, tmp_path):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff cut short")
    (tmp_path / "notes.txt").write_text("no picture")
    out = tmp_path / "out"

    done = run("enhance", tmp_path, "-o", out, "--scale", "2")

    assert done.returncode == 1
    assert (
        done.stderr
        == f"{bad}: the picture is damaged or cut short, so I cannot open it. Please try sharing it again.\n"
    )
    assert [path.name for path in out.iterdir()] == ["cat_2x.png"]
    assert look(out / "cat_2x.png") == ("PNG", (60, 40))
    assert cat.exists()


def test_the_name_of_the_output_decides_its_kind(run, cat, tmp_path):
    assert run("enhance", cat, "-o", tmp_path / "out.jpg").returncode == 0
    assert look(tmp_path / "out.jpg") == ("JPEG", (120, 80))

    done = run("enhance", cat, "-o", tmp_path / "out.xyz")
    assert done.returncode == 1
    assert "cannot write .xyz" in done.stderr


def test_without_a_server_it_is_bicubic_and_says_so(run, cat, model):
    model.stop()

    done = run("enhance", cat)

    assert done.returncode == 0
    assert "bicubic, because the model server is not available" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["enhance"], 2, "required"),
        (["enhance", "x.png", "--scale", "3"], 2, "invalid choice"),
        (["dance"], 2, "invalid choice"),
        (["enhance", "nowhere.png"], 1, "No such file"),
        (["enhance", "x.png", "--triton", "nonsense"], 1, "HOST:PORT"),
        ([], 1, "SLACK_BOT_TOKEN is missing"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(run, arguments, code, word):
    done = run(*arguments, SLACK_BOT_TOKEN="")

    assert done.returncode == code
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"])
def test_a_token_that_slack_refuses_is_named(run, workspace, tmp_path, name):
    wrong = {name: workspace.environment[name][:5] + "wrong", "DATABASE_URL": f"sqlite:///{tmp_path}/bot.sqlite"}

    done = run(**{**workspace.environment, **wrong})

    assert done.returncode == 1
    assert f"Slack does not accept {name} (invalid_auth)." in done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong" not in done.stderr


def test_a_database_that_cannot_be_opened_is_one_sentence(run, workspace, tmp_path):
    done = run(**{**workspace.environment, "DATABASE_URL": f"sqlite:///{tmp_path}"})

    assert done.returncode == 1
    assert "The database of DATABASE_URL cannot be opened" in done.stderr
    assert "Traceback" not in done.stderr


def test_help(run):
    done = run("enhance", "--help")

    assert done.returncode == 0
    assert "--force" in done.stdout
