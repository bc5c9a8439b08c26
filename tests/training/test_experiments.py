import re

import pytest
import torch
from PIL import Image

from training import planning
from training.checkpoint import Checkpoint
from training.experiments import architectures, compare
from training.experiments.architectures import NETWORKS, BranchedBlock
from training.experiments.trials import Row, page, steps_in
from training.generator import ResidualBlock


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_enlarges_and_learns(name):
    network = NETWORKS[name]()
    network = network.grow(network.shape.blocks)
    photo = network(torch.rand(1, 3, 9, 7))
    assert photo.shape == (1, 3, 36, 28)
    photo.mean().backward()
    assert all(value.grad is not None for value in network.parameters())


def test_branches_begin_as_the_plain_block():
    torch.manual_seed(0)
    plain = ResidualBlock(8)
    torch.manual_seed(0)
    branched = BranchedBlock(8)
    x = torch.rand(1, 8, 6, 6)
    torch.testing.assert_close(branched(x), plain(x))
    with torch.no_grad():
        branched.first.get_parameter("scale").fill_(1.0)
    assert not torch.allclose(branched(x), plain(x))


def test_counts_the_steps_that_fit():
    """At 3 s to begin and half a second a step."""
    spent = 0.0

    def work(steps: int) -> None:
        nonlocal spent
        spent += 3 + 0.5 * steps

    assert steps_in(100, work, clock=lambda: spent) == 200


def test_the_page_names_every_row():
    assert "| a b | 1.20 M | 2,000 | 28.12 | 2.346 |" in page(
        "networks", [Row("a b", 1_200_000, 2000, 28.123, 2.3456)], 600
    )


def test_runs_from_the_command_line(photos, tmp_path, monkeypatch):
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / f"{i}.png")
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(planning, "has_fast_bfloat16", lambda device: False)  # noqa: ARG005
    monkeypatch.setattr(architectures, "NETWORKS", dict([*NETWORKS.items()][:1]))
    monkeypatch.setattr(
        "sys.argv",
        [
            "compare.py",
            "networks",
            f"--photos={tmp_path}",
            "--seconds=1",
            "--batch-size=2",
            "--patch-size=16",
            f"--out={tmp_path / 'runs'}",
        ],
    )
    compare.main()
    written = (tmp_path / "results" / "networks.md").read_text()
    assert not Checkpoint.load(tmp_path / "runs" / "8-residual-blocks" / "checkpoint.pt").stage["bf16"]
    assert re.search(r"\| 8 residual blocks \| 0.66 M \| \d+ \| \d\d\.\d\d \| \d\.\d{3} \|", written)


def test_losses_need_a_start(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["compare.py", "losses", f"--photos={tmp_path}"])
    with pytest.raises(SystemExit, match="say which with --init"):
        compare.main()
