"""What tritonserver's log tells: which lines are trouble, and why the server ended."""

import re
import signal

# What a machine without a GPU makes Triton complain about, harmlessly.
GPU_NOISE = re.compile(r"pinned|CUDA|CudaDriverHelper|NVML|DCGM|cuda", re.ASCII)
LOG_LINE = re.compile(r"(?P<level>[IWEF])\d{4} \S+ \d+ [\w.]+:\d+\] (?P<text>.*)")
GAVE_UP_A_STUB = re.compile(r"Stub process \S+ is not healthy")  # it did not answer within a second
CRASH = re.compile(r"terminate called|\s*what\(\):|.*[Aa]ssert")  # what a dying C++ program writes
REASON = re.compile(
    r"failed to load '(?P<model>[^']+)' version (?P<version>\d+): (Internal: TritonModelException: )?(?P<reason>.*?)"
    r"(\\n\\nAt:.*)?\"?$"  # the stub adds where in the Python code it was raised
)


def is_trouble(line: str, gpu: bool = False) -> bool:
    """Whether a line is a warning or an error that matters on a machine without a GPU, or with one."""
    match = LOG_LINE.match(line)
    bad = match["level"] in "WEF" if match else line.lower().startswith("error:")
    return bad and (gpu or not GPU_NOISE.search(line))


def reason(lines: list[str], returncode: int | None) -> str:
    """Why the server ended, by its exit status and the line of its log that says so."""
    if returncode == -signal.SIGKILL:  # nothing in the log can say so
        return "killed by signal 9 (SIGKILL), as the kernel does where memory runs out"
    if returncode is not None and returncode < 0:
        said = [line.strip() for line in lines if CRASH.match(line)]
        return ": ".join([f"signal {-returncode} ({signal.Signals(-returncode).name})", *said[-1:]])
    for line in lines:
        if match := REASON.search(line):
            return f"model '{match['model']}' version {match['version']}: {match['reason']}"
    for line in reversed(lines):
        match = LOG_LINE.match(line)
        if match and is_trouble(line):
            return match["text"].strip('"')
        if not match and line.strip("+-| ") and not GPU_NOISE.search(line):
            return f"{line.strip()} (exit status {returncode})"
    return f"exit status {returncode}, without a word"
