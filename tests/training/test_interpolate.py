import pytest
import torch

from training.generator import Generator, Shape, WeightsError
from training.interpolate import interpolate


def test_reaches_from_one_to_the_other():
    one, other = Generator(Shape(1, 8)), Generator(Shape(1, 8))
    photo = torch.rand(1, 3, 5, 5)
    for share, end in ((0.0, one), (1.0, other)):
        torch.testing.assert_close(interpolate(one, other, share)(photo), end(photo))
    middle = interpolate(one, other, 0.25).stem.weight
    torch.testing.assert_close(middle, 0.75 * one.stem.weight + 0.25 * other.stem.weight)


def test_other_shapes_are_refused():
    with pytest.raises(WeightsError, match="cannot interpolate"):
        interpolate(Generator(Shape(1, 8)), Generator(Shape(2, 8)), 0.5)
