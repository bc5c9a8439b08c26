"""What Makefile and documents say of the disk that is needed is what the installed packages take."""

from importlib.metadata import version

import pytest

from docs.install_sizes import SIZES, measured, read, told


@pytest.mark.parametrize("name", SIZES)
def test_told_sizes_are_those_of_what_is_installed(name):
    size = SIZES[name]
    if "torch-cpu" in size.locks and not version("torch").endswith("+cpu"):
        pytest.skip("PyTorch with CUDA is installed, and the figure is of the build for CPUs")
    found = list(told(size))
    assert {(file, place) for file, place, _ in found} == set(size.places)
    assert len({figure for *_, figure in found}) == 1
    # Another Python and another day's compiled files differ by some hundredths.
    assert read(found[0][-1]) == pytest.approx(measured(size), rel=0.1, abs=1), "run python -m docs.install_sizes"
