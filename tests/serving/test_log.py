"""Reading tritonserver's log."""

import pytest

from serving.log import is_trouble, reason

FAILED = (
    "E1122 20:00:10.916739 8440 model_lifecycle.cc:642] \"failed to load 'enhancer' version 1: Invalid argument: "
    "unexpected inference input 'x', allowed inputs are: image\""
)


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        (FAILED, True),
        ('W1122 19:48:38.366881 6372 server.cc:12] "something odd"', True),
        ("error: creating server: Internal - failed to load all models", True),
        ("I1122 19:48:40.472133 6372 model_lifecycle.cc:839] \"successfully loaded 'enhancer'\"", False),
        ('W1122 19:48:38.366881 6372 pinned_memory_manager.cc:273] "Unable to allocate pinned system memory"', False),
        ('E1122 19:48:38.367108 6372 server.cc:241] "CudaDriverHelper has not been initialized."', False),
        ("Error: Failed to initialize NVML", False),
        ("+------+------+", False),
    ],
)
def test_trouble(line: str, trouble: bool):
    assert is_trouble(line) is trouble


def test_where_a_gpu_serves_its_complaints_are_trouble():
    line = 'E1122 19:48:38.367108 6372 model.cc:241] "CUDA out of memory"'
    assert is_trouble(line, gpu=True)
    assert not is_trouble(line)


def test_reason_is_the_models_own():
    assert reason([FAILED, "error: creating server: Internal - failed to load all models"], 1) == (
        "model 'enhancer' version 1: Invalid argument: unexpected inference input 'x', allowed inputs are: image"
    )


def test_reason_of_the_stand_in_comes_without_its_traceback():
    line = FAILED.replace("Invalid argument", "Internal: TritonModelException").rstrip('"')
    assert reason([line + r'\n\nAt:\n  /cache/onnxruntime/model.py(45): initialize\n"'], 1) == (
        "model 'enhancer' version 1: unexpected inference input 'x', allowed inputs are: image"
    )


def test_reason_without_a_model():
    ordinary = "I1122 19:48:40.472133 6372 model_lifecycle.cc:839] 'loading'"
    assert reason(["error: creating server: x", ordinary, ""], 1) == "error: creating server: x (exit status 1)"
    assert reason(['E1122 20:00:10.916739 8440 main.cc:1] "socket in use"', ordinary], 1) == "socket in use"
    assert reason(["+---+---+"], 3) == "exit status 3, without a word"


def test_a_signal_is_the_reason_and_no_older_line_of_the_log():
    assert reason([FAILED, "error: creating server: x"], -9).startswith("killed by signal 9 (SIGKILL)")
    assert reason(["terminate called", "+---+---+", FAILED], -6) == "signal 6 (SIGABRT): terminate called"
    assert reason([FAILED], -11) == "signal 11 (SIGSEGV)"
