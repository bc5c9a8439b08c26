"""How much memory there is: by a setting, by the files with which a kernel tells of control groups, else by machine."""

import os

import pytest

from slackbot.ops import memory
from tests.memory import held

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
GIB = 2**30
NONE = 9223372036854771712  # how version 1 says that there is no limit


@pytest.fixture
def told(tmp_path):
    """The limit for a process in these groups, where the kernel shows these files."""

    def limit(groups: str, files: dict[str, str | int], megabytes: int | None = None) -> tuple[int, str]:
        for name, content in files.items():
            file = tmp_path / "mount" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{content}\n")
        (tmp_path / "groups").write_text(groups)
        return memory.limit(megabytes, tmp_path / "groups", tmp_path / "mount")

    return limit


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        pytest.param("0::/\n", {"memory.max": GIB}, id="a container, version 2"),
        pytest.param(
            "0::/system.slice/bot.service\n",
            {"system.slice/bot.service/memory.max": GIB, "system.slice/memory.max": "max"},
            id="a service, version 2",
        ),
        pytest.param(
            "0::/kubepods/pod1/bot\n",
            {"kubepods/pod1/bot/memory.max": "max", "kubepods/pod1/memory.max": GIB, "kubepods/memory.max": 2 * GIB},
            id="a group around it, version 2",
        ),
        pytest.param("0::/../../bot\n", {"memory.max": GIB}, id="another namespace, version 2"),
        pytest.param(
            "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n0::/\n",
            {"memory/docker/1/memory.limit_in_bytes": GIB, "memory/memory.limit_in_bytes": NONE},
            id="a service, version 1",
        ),
        pytest.param("4:memory:/docker/1\n", {"memory/memory.limit_in_bytes": GIB}, id="a container, version 1"),
    ],
)
def test_the_limit_of_the_control_group(told, groups, files):
    assert told(groups, files) == (GIB, "the limit of its control group")


def test_the_lower_of_setting_and_control_group(told):
    files = {"memory.max": GIB}
    assert told("0::/\n", files, 2048) == (GIB, "the limit of its control group")
    assert told("0::/\n", files, 512) == (GIB // 2, "MEMORY_LIMIT_MB")


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/\n", {"memory.max": "max"}),
        ("0::/\n", {}),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": NONE}),
        ("", {}),
    ],
)
def test_without_a_limit_half_of_the_machine(told, groups, files):
    assert told(groups, files) == (MACHINE // 2, "half of the machine's memory")
    assert told(groups, files, 1024) == (GIB, "MEMORY_LIMIT_MB")


def test_what_is_held_is_no_longer_free():
    before, free = memory.held(), memory.for_photos(4 * GIB)
    ballast = bytes(range(256)) * (200 * 2**12)  # 200 MB, touched
    assert memory.held() - before == pytest.approx(len(ballast), rel=0.1)
    assert free - memory.for_photos(4 * GIB) == pytest.approx(len(ballast), rel=0.1)
    assert memory.held() == pytest.approx(held(os.getpid()), rel=0.1)
    assert memory.for_photos(2**20) == 0
