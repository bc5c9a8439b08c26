import re

import pytest
import torch
from PIL import Image

from training.checkpoint import Checkpoint
from training.evaluation import Score
from training.experiments import candidates, compare, comparison
from training.experiments.architectures import NETWORKS
from training.experiments.discriminators import DISCRIMINATORS
from training.experiments.trials import Row, page, seconds_a_step
from training.generator import Generator, Shape, save_weights


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_enlarges_and_learns(name):
    network = NETWORKS[name]()
    photo = network(torch.rand(1, 3, 9, 7))
    assert photo.shape == (1, 3, 36, 28)
    photo.mean().backward()
    assert all(value.grad is not None for value in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_cost_the_same(name):
    assert NETWORKS[name]().operations == pytest.approx(1.2e6, rel=0.1)


def test_a_step_is_timed_without_what_is_built_once():
    """At 3 s to begin and half a second a step."""
    spent = 0.0

    def work(steps: int) -> None:
        nonlocal spent
        spent += 3 + 0.5 * steps

    assert seconds_a_step(work, clock=lambda: spent) == 0.5


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_every_discriminator_learns_and_leaves_what_it_looks_through(name):
    discriminator = DISCRIMINATORS[name](4, "lite0")
    learning = discriminator.requires_grad_(True).train()
    photo = torch.rand(2, 3, 64, 64, requires_grad=True)
    torch.stack([logits.mean() for logits in learning(photo)]).sum().backward()
    assert photo.grad is not None
    assert photo.grad.abs().sum() > 0
    frozen = {at for at, value in discriminator.named_parameters() if value.grad is None}
    assert all(".network." in f".{at}" for at in frozen)
    assert bool(frozen) == (name != "U-Net")
    discriminator.requires_grad_(False)
    assert not any(value.requires_grad for value in discriminator.parameters())


def test_the_page_has_the_best_in_bold():
    def scores(psnr: float, distance: float) -> dict[str, Score]:
        score = Score(psnr, 0.8, 0.55, 0.24, 40, 0.1, (distance,))
        return {"shared": score, "wild": score}

    rows = [Row("a b", 1_200_000, 1_180_000, 2000, 600, scores(28.123, 0.2346))]
    rows.append(Row("c", 4_500_000, 1_190_000, 1500, 600, scores(28.2, 0.3)))
    written = page("networks", "How.", {"After 2,000 steps": rows})
    assert "| a b | 1.20 M | 1,180 k | 2,000 | 600 | 28.12 | **0.235** | 0.55 | 0.2 | 28.12 |" in written
    assert "| c | 4.50 M | 1,190 k | 1,500 | 600 | **28.20** | 0.300 |" in written


@pytest.fixture
def results(photos, tmp_path, monkeypatch):
    """Where the page goes; photos are in the folder above it."""
    for i, photo in enumerate(photos):
        Image.fromarray(photo).save(tmp_path / f"{i}.png")
    (tmp_path / "results").mkdir()
    monkeypatch.setattr(compare, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(comparison, "has_fast_bfloat16", lambda device: False)  # noqa: ARG005
    return tmp_path / "results"


def run(results, monkeypatch, *options: str) -> str:
    """The page that the command writes, of runs of few steps."""
    here = results.parent
    few = ("--steps=2", "--batch-size=2", "--patch-size=16", f"--photos={here}", f"--out={here / 'runs'}")
    monkeypatch.setattr("sys.argv", ["compare.py", *options, *few])
    compare.main()
    return (results / f"{options[0]}.md").read_text()


def test_compares_networks_from_the_command_line(results, monkeypatch):
    small = {name: lambda n=n: Generator(Shape(n, 4)) for n, name in enumerate(("one block", "two blocks"), 1)}
    monkeypatch.setattr(candidates, "NETWORKS", small)
    written = run(results, monkeypatch, "networks")
    assert not Checkpoint.load(results.parent / "runs" / "one-block" / "checkpoint.pt").stage["bf16"]
    equal_steps, equal_time = written.split("\n## ")[1:]
    assert re.search(r"\| one block \| 0.00 M \| \d+ k \| 2 \| .* \*?\*?\d\d\.\d\d\*?\*? \|", equal_steps)
    assert "two blocks" in equal_time

    (results / "networks.md").unlink()
    kept = results.parent / "runs" / "one-block" / "generator.safetensors"
    before = kept.stat().st_mtime_ns
    assert run(results, monkeypatch, "networks") == written  # from what is kept: nothing is trained again
    assert kept.stat().st_mtime_ns == before
    with pytest.raises(SystemExit, match="with other options: give another --out"):
        run(results, monkeypatch, "networks", "--compared=48")
    with pytest.raises(SystemExit, match="no such candidate: three blocks"):
        run(results, monkeypatch, "networks", "--only", "three blocks")


def test_compares_discriminators_from_the_command_line(results, monkeypatch):
    start = results.parent / "start.safetensors"
    save_weights(Generator(Shape(1, 4)), start)
    kept = ("none", "projected")
    monkeypatch.setattr(candidates, "DISCRIMINATORS", {name: DISCRIMINATORS[name] for name in kept[1:]})
    written = run(results, monkeypatch, "discriminators", f"--from={start}", "--compared=48", "--features=lite0")
    assert all(f"| {name} |" in written for name in ("the start of all", *kept))


def test_losses_need_a_start(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["compare.py", "losses", f"--photos={tmp_path}"])
    with pytest.raises(SystemExit, match="say which with --from"):
        compare.main()
