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
            [sys.executable, "-m", "slackbot", "--env-file", os.devnull, *map(str, arguments)],
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


def test_a_format_a_comparison_and_metadata(run, tmp_path, paint):
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    paint(30, 20).save(tmp_path / "cat.jpg", exif=exif)

    done = run("enhance", tmp_path / "cat.jpg", "--format", "webp", "--compare", "--keep-metadata", "--scale", "2")

    assert (done.returncode, done.stderr) == (0, "")
    assert look(tmp_path / "cat_2x.webp") == ("WEBP", (60, 40))
    assert look(tmp_path / "cat_compare.jpg")[0] == "JPEG"
    assert done.stdout.endswith("cat_compare.jpg: bicubic on the left, enhanced on the right\n")
    with Image.open(tmp_path / "cat_2x.webp") as image:
        assert image.getexif()[0x010E] == "where I live"

    again = run("enhance", tmp_path / "cat.jpg", "--compare", "-o", tmp_path / "other.png")
    assert again.returncode == 0
    assert look(tmp_path / "cat_compare.png")[0] == "PNG"
    third = run("enhance", tmp_path / "cat.jpg", "--compare")
    assert third.returncode == 1
    assert "cat_compare.jpg is there already; --force overwrites it." in third.stderr
    assert not (tmp_path / "cat_4x.jpg").exists(), "nothing is done by halves"


def test_bicubic_as_asked_is_no_complaint(run, cat):
    done = run("enhance", cat, "--bicubic", "--compare")

    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first.endswith("s, bicubic")
    assert second.endswith("nothing to compare, both sides would be bicubic")


def test_several_files_go_side_by_side_and_a_folder_twice_leaves_results_alone(run, cat, tmp_path, paint):
    paint(10, 10).save(tmp_path / "dog.jpg")
    paint(10, 10).save(tmp_path / "taken_2x.jpg")

    assert run("enhance", cat, tmp_path / "dog.jpg").returncode == 0
    done = run("enhance", tmp_path, "--force", "--scale", "2")

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


def test_an_animation_stays_one(run, tmp_path, paint):
    frames = [paint(20, 10, seed) for seed in range(3)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:], duration=100)

    done = run("enhance", tmp_path / "film.gif", "-o", tmp_path / "large.gif")

    assert (done.returncode, done.stderr) == (0, "")
    assert "3 frames" in done.stdout
    with Image.open(tmp_path / "large.gif") as image:
        assert (getattr(image, "n_frames", 1), image.size) == (3, (80, 40))

    done = run("enhance", tmp_path / "film.gif", "--format", "jpeg")
    assert "the first of 3 pictures" in done.stdout
    assert look(tmp_path / "film_4x.jpg") == ("JPEG", (80, 40))


def test_two_kinds_at_once_are_refused(run, cat, tmp_path):
    done = run("enhance", cat, "--format", "webp", "-o", tmp_path / "out.jpg")

    assert done.returncode == 1
    assert "--format says WebP and out.jpg says JPEG." in done.stderr


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
        (["enhance", "x.png", "--format", "pcx"], 2, "invalid choice"),
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


def test_two_results_of_one_name_are_numbered_apart(run, tmp_path, paint):
    for name, kind in (("IMG_1.png", "PNG"), ("IMG_1.gif", "GIF")):
        paint(30, 20).save(tmp_path / name, kind)
    out = tmp_path / "new" / "out"

    done = run("enhance", tmp_path / "IMG_1.png", tmp_path / "IMG_1.gif", "-o", out)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["IMG_1_4x (2).png", "IMG_1_4x.png"]


def test_a_result_never_takes_the_place_of_a_source(run, tmp_path, paint):
    for name in ("cat.png", "cat_4x.png"):
        paint(30, 20).save(tmp_path / name)
    before = (tmp_path / "cat_4x.png").read_bytes()

    done = run("enhance", tmp_path / "cat.png", tmp_path / "cat_4x.png", "--force")

    assert done.returncode == 0
    assert (tmp_path / "cat_4x.png").read_bytes() == before
    assert look(tmp_path / "cat_4x (2).png") == ("PNG", (120, 80))


def test_missing_output_folders_are_made(run, cat, tmp_path):
    assert run("enhance", cat, "-o", tmp_path / "a" / "b" / "big.png").returncode == 0
    assert look(tmp_path / "a" / "b" / "big.png") == ("PNG", (120, 80))
    assert run("enhance", cat, "-o", f"{tmp_path}/c/").returncode == 0
    assert look(tmp_path / "c" / "cat_4x.png") == ("PNG", (120, 80))


def test_the_path_that_failed_is_named(run, cat, tmp_path):
    done = run("enhance", cat, "-o", cat / "sub" / "big.png")
    assert (done.returncode, done.stderr) == (1, f"slackbot: {cat / 'sub'}: Not a directory\n")
    gone = run("enhance", tmp_path / "gone.png", "-o", tmp_path / "out.png")
    assert (gone.returncode, gone.stderr) == (1, f"{tmp_path / 'gone.png'}: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.png"], "gone.png: No such file or directory"),
        (["cat.png", "-o", "cat.png"], "is there already"),
        (["cat.png", "-o", "out.xyz"], "I cannot write .xyz"),
        (["cat.png", "-o", "out.png", "--format", "jpeg"], "--format says JPEG and out.png says PNG"),
        (["empty"], "There is no picture in there."),
    ],
)
def test_every_check_comes_before_the_server(run, model, cat, tmp_path, arguments, said):
    model.stop()
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / one if one[0] not in "-j" else one for one in arguments]

    for check in ([], ["--check"]):
        done = run("enhance", *check, *paths)
        assert done.returncode == 1
        assert said in done.stderr
    assert run("enhance", "--check", cat).returncode == 0
    assert not cat.with_name("cat_4x.png").exists()


def test_folders_of_a_folder_keep_their_places(run, tmp_path, paint):
    for name in ("in/a.png", "in/b/a.png", "in/b/c/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paint(12, 8).save(tmp_path / name)

    assert run("enhance", "--recursive", tmp_path / "in", "-o", tmp_path / "out").returncode == 0
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    assert found == {"a_4x.png", "b/a_4x.png", "b/c/d_4x.png"}
    assert run("enhance", tmp_path / "in", "-o", tmp_path / "flat").returncode == 0
    assert [path.name for path in (tmp_path / "flat").iterdir()] == ["a_4x.png"]


def test_a_result_has_the_date_and_the_permissions_of_its_source(run, cat):
    cat.chmod(0o600)
    os.utime(cat, (1_000_000_000, 1_000_000_000))

    assert run("enhance", cat).returncode == 0
    found = cat.with_name("cat_4x.png").stat()
    assert (found.st_mode & 0o777, found.st_mtime) == (0o600, 1_000_000_000)
