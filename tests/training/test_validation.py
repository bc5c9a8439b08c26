import runpy
from types import SimpleNamespace

import numpy as np
import pytest

from training.validation import SCENARIOS, scenario, validation


@pytest.mark.parametrize("kind", ["clean", "shared", "wild"])
def test_validation_is_the_judges_recipe_to_the_bit(shared, kind):
    folder = shared / "data" / "validation"
    judge = SimpleNamespace(**runpy.run_path(str(folder / "degrade.py")))
    names = sorted(path.stem for path in (folder / "set14").glob("*.png"))
    for place in range(6):
        truth = judge.truth(folder / "set14" / f"{names[place]}.png")[:160, :160]
        ours = validation(truth, kind, f"set14/{names[place]}", place)
        np.testing.assert_array_equal(ours, judge.degrade(truth, kind, "set14", names[place]))


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
