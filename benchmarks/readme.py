"""Put what `serving.md` says of Triton into the README: the summary, and the table of loads.

usage: python -m benchmarks.readme
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- measured by benchmarks/serving.py -->", "<!-- end -->"


def excerpt(page: str) -> str:
    """Machine, summary and table of a `serving.md`."""
    machine = next(line for line in page.splitlines() if line.startswith("Machine: "))
    summary = "\n".join(line for line in page.splitlines() if line.startswith("- "))
    table = page.split("## Through Triton", 1)[1].split("\n\n", 2)[1]
    return f"{summary}\n\n{table}\n\n{machine}"


def rewrite(readme: str, page: str) -> str:
    """The README with what stands between its markers replaced."""
    whole = f"{BEGIN}\n\n{excerpt(page)}\n\n{END}"
    return re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: whole, readme, flags=re.DOTALL)


def main() -> None:
    readme = ROOT / "README.md"
    readme.write_text(rewrite(readme.read_text(), (ROOT / "benchmarks" / "serving.md").read_text()))


if __name__ == "__main__":
    main()
