import numpy as np
import pytest

from tests.training import judge
from training.validation import KINDS, SCENARIOS, scenario, validation


@pytest.mark.parametrize("kind", KINDS)
def test_validation_is_the_judges_recipe_to_the_bit(kind):
    truth = judge.truth()[:160, :160]
    wanted = {name: digest for name, digest in judge.record()["degraded"].items() if name.startswith(f"{kind}/")}
    assert len(wanted) == len(SCENARIOS)
    found = {
        f"{kind}/{name}": judge.digest(validation(truth, kind, name, place))
        for place, name in enumerate(name.removeprefix(f"{kind}/") for name in wanted)
    }
    assert found == wanted


@pytest.mark.parametrize("place", range(6))
def test_every_scenario_gives_a_small_photo_and_the_same_one_again(photos, place):
    crop = photos[0][:97, :130]
    once, again = (validation(crop, "wild", "a/b", place) for _ in range(2))
    assert once.shape == (24, 32, 3)
    np.testing.assert_array_equal(once, again)


def test_scenarios_follow_one_another():
    assert [scenario(place) for place in range(7)] == [*SCENARIOS, "noise"]


def test_an_unknown_validation_is_named(photos):
    with pytest.raises(ValueError, match="no such degradation: foggy"):
        validation(photos[0], "foggy", "a/b")
