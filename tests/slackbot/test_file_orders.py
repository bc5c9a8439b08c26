"""Which files `python -m slackbot enhance` takes, and where each result goes."""

import os

import pytest

from tests.slackbot.conftest import look


def test_two_results_of_one_name_are_numbered_apart(command_line, tmp_path, paint):
    for name, kind in (("IMG_1.png", "PNG"), ("IMG_1.gif", "GIF")):
        paint(30, 20).save(tmp_path / name, kind)
    out = tmp_path / "new" / "out"

    done = command_line("enhance", tmp_path / "IMG_1.png", tmp_path / "IMG_1.gif", "-o", out)

    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["IMG_1_4x (2).png", "IMG_1_4x.png"]


def test_a_result_never_takes_the_place_of_a_source(command_line, tmp_path, paint):
    for name in ("cat.png", "cat_4x.png"):
        paint(30, 20).save(tmp_path / name)
    before = (tmp_path / "cat_4x.png").read_bytes()

    done = command_line("enhance", tmp_path / "cat.png", tmp_path / "cat_4x.png", "--force")

    assert done.returncode == 0
    assert (tmp_path / "cat_4x.png").read_bytes() == before
    assert look(tmp_path / "cat_4x (2).png") == ("PNG", (120, 80))


def test_missing_output_folders_are_made(command_line, cat, tmp_path):
    assert command_line("enhance", cat, "-o", tmp_path / "a" / "b" / "big.png").returncode == 0
    assert look(tmp_path / "a" / "b" / "big.png") == ("PNG", (120, 80))
    assert command_line("enhance", cat, "-o", f"{tmp_path}/c/").returncode == 0
    assert look(tmp_path / "c" / "cat_4x.png") == ("PNG", (120, 80))


def test_the_path_that_failed_is_named(command_line, cat, tmp_path):
    done = command_line("enhance", cat, "-o", cat / "sub" / "big.png")
    assert (done.returncode, done.stderr) == (1, f"slackbot: {cat / 'sub'}: Not a directory\n")
    gone = command_line("enhance", tmp_path / "gone.png", "-o", tmp_path / "out.png")
    assert (gone.returncode, gone.stderr) == (1, f"{tmp_path / 'gone.png'}: No such file or directory\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gone.png"], "gone.png: No such file or directory"),
        (["cat.png", "-o", "cat.png"], "is there already"),
        (["cat.png", "-o", "out.xyz"], "I cannot write .xyz"),
        (["cat.png", "-o", f"{'n' * 300}.png"], "n.png: File name too long\n"),
        (["cat.png", "-o", "out.png", "--format", "jpeg"], "--format says JPEG and out.png says PNG"),
        (["empty"], "There is no picture in there."),
    ],
)
def test_every_check_comes_before_the_server(command_line, model, cat, tmp_path, arguments, said):
    model.stop()
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / one if one[0] not in "-j" else one for one in arguments]

    for check in ([], ["--check"]):
        done = command_line("enhance", *check, *paths)
        assert done.returncode == 1
        assert said in done.stderr
    assert command_line("enhance", "--check", cat).returncode == 0
    assert not cat.with_name("cat_4x.png").exists()


def test_folders_of_a_folder_keep_their_places(command_line, tmp_path, paint):
    for name in ("in/a.png", "in/b/a.png", "in/b/c/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paint(12, 8).save(tmp_path / name)

    assert command_line("enhance", "--recursive", tmp_path / "in", "-o", tmp_path / "out").returncode == 0
    found = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")}
    assert found == {"a_4x.png", "b/a_4x.png", "b/c/d_4x.png"}
    assert command_line("enhance", tmp_path / "in", "-o", tmp_path / "flat").returncode == 0
    assert [path.name for path in (tmp_path / "flat").iterdir()] == ["a_4x.png"]


def test_a_folder_that_cannot_be_read_does_not_stop_the_rest(command_line, tmp_path, paint):
    for name in ("in/a.png", "in/z/a.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        paint(12, 8).save(tmp_path / name)
    # Root may read any folder, but nobody one whose path is longer than 4096 bytes.
    name, place = "deep" * 60, os.open(tmp_path / "in", os.O_DIRECTORY)
    for _ in range(17):
        os.mkdir(name, dir_fd=place)
        inner = os.open(name, os.O_DIRECTORY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)

    done = command_line("enhance", "--recursive", tmp_path / "in", "-o", tmp_path / "out")

    assert done.returncode == 1
    assert done.stderr.endswith("deep: File name too long\n")
    assert done.stderr.count("\n") == 1
    assert {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png")} == {
        "a_4x.png", "z/a_4x.png"
    }  # fmt: skip


def test_a_result_has_the_date_and_the_permissions_of_its_source(command_line, cat):
    cat.chmod(0o600)
    os.utime(cat, (1_000_000_000, 1_000_000_000))

    assert command_line("enhance", cat).returncode == 0
    found = cat.with_name("cat_4x.png").stat()
    assert (found.st_mode & 0o777, found.st_mtime) == (0o600, 1_000_000_000)
