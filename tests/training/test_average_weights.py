import sys

import pytest
import torch

from training import average_weights as module
from training.average_weights import average
from training.generator import Generator, Shape, WeightsError, load_weights, save_weights


def test_every_weight_is_the_sum_of_the_shares():
    one, other = Generator(Shape(1, 8)), Generator(Shape(1, 8))
    photo = torch.rand(1, 3, 5, 5)
    for share, end in ((0.0, one), (1.0, other)):
        torch.testing.assert_close(average([one, other], [1 - share, share])(photo), end(photo))
    moved = average([one, other, one], [1, 0.25, -0.25]).stem.weight
    torch.testing.assert_close(moved, 0.75 * one.stem.weight + 0.25 * other.stem.weight)


@pytest.mark.parametrize(
    ("blocks", "shares", "sentence"),
    [((1, 2), (0.5, 0.5), "cannot average generators of different shapes"), ((1, 1), (0.5, 0.6), "are 1.1 in all")],
)
def test_what_cannot_be_averaged_is_refused(blocks, shares, sentence):
    with pytest.raises(WeightsError, match=sentence):
        average([Generator(Shape(count, 8)) for count in blocks], shares)


def test_from_files_into_a_file(tmp_path, monkeypatch, capsys):
    generators = [Generator(Shape(1, 8)) for _ in range(2)]
    for i, generator in enumerate(generators):
        save_weights(generator, tmp_path / f"{i}.safetensors")
    parts = [f"{tmp_path / '0.safetensors'}=0.4", f"{tmp_path / '1.safetensors'}=0.6"]
    monkeypatch.setattr(sys, "argv", ["average_weights.py", *parts, "--out", str(tmp_path / "mean.safetensors")])
    module.main()
    mean = load_weights(tmp_path / "mean.safetensors").stem.weight
    torch.testing.assert_close(
        mean, 0.4 * generators[0].stem.weight + 0.6 * generators[1].stem.weight, rtol=1e-3, atol=1e-3
    )

    monkeypatch.setattr(sys, "argv", ["average_weights.py", str(tmp_path / "0.safetensors"), "--out", "x"])
    with pytest.raises(SystemExit):
        module.main()
    assert "write WEIGHTS=SHARE" in capsys.readouterr().err
