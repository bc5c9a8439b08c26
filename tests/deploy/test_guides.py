"""The guides' commands for Docker Compose do what they are there for. No engine runs here."""

import re
import subprocess

from tests.processes import ROOT

ADMIN = (ROOT / "docs" / "admin.md").read_text()
SERVING = (ROOT / "docs" / "serving.md").read_text()


def section(guide: str, title: str) -> str:
    return guide.split(f"\n## {title}\n")[1].split("\n## ", 1)[0]


def test_an_upgrade_restarts_what_reads_a_folder_when_it_starts(compose):
    """`up -d --build` recreates what is built anew or defined otherwise, not what mounts a folder of other files."""
    reading = {
        name
        for name, service in compose["services"].items()
        if "build" not in service and any(volume.startswith("./") for volume in service["volumes"])
    }
    (restarted,) = re.findall(r"`docker compose restart ([\w -]+)`", section(ADMIN, "Upgrade"))
    assert set(restarted.split()) == reading


def test_the_guide_ends_the_triton_of_one_profile_before_it_starts_that_of_the_other(compose):
    """Both have one port, and `up` leaves the services of other profiles as they are."""
    assert compose["services"]["triton-cpu"]["ports"] == compose["services"]["triton-gpu"]["ports"]
    steps = section(SERVING, "On an NVIDIA GPU")
    end = steps.index("`docker compose rm --stop --force triton-cpu`")
    assert end < steps.index("`COMPOSE_PROFILES=gpu`")


def test_the_newest_backup_is_what_is_restored(tmp_path):
    """The commands of the admin guide, as they run in the container."""
    back_up, restore = (
        each.replace("/data", str(tmp_path / "data")).replace("/backup/", f"{tmp_path / 'backup'}/")
        for each in re.findall(r"sh -c '(.*)'$", ADMIN, re.MULTILINE)
    )
    folder, database = tmp_path / "backup", tmp_path / "data" / "bot.sqlite"
    folder.mkdir()
    database.parent.mkdir()
    for content in ("older", "newer"):
        database.write_text(content)
        run(back_up)
    newest = max(folder.iterdir())
    assert re.fullmatch(r"bot-backup-\d{4}-\d\d-\d\d-\d{6}", newest.name)
    database.write_text("lost")
    (database.parent / "bot.sqlite-wal").write_text("of what is lost")
    run(restore.replace("bot-backup-TIME", newest.name))
    assert {each.name: each.read_text() for each in database.parent.iterdir()} == {"bot.sqlite": "newer"}


def run(script: str) -> None:
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
