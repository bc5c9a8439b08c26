"""What each image is made of, as CycloneDX: `python -m deploy.sbom FOLDER` writes a file for each Dockerfile here.

Listed are the image that it begins with, each package that it installs from a lock, and the model. What the base is
made of is its publisher's to say; with Docker, `docker buildx build --sbom=true` lists the files of the finished image.
"""

import signal

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it at once, without a traceback

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from slackbot import __version__

ROOT = Path(__file__).resolve().parents[1]
BASE = re.compile(r"^FROM (?P<image>[\w./-]+):(?P<tag>[\w.-]+)(@sha256:(?P<digest>[0-9a-f]{64}))?$", re.MULTILINE)
LOCK = re.compile(r"^COPY (requirements/\S+\.txt) ", re.MULTILINE)


def bill(dockerfile: Path) -> dict[str, Any]:
    """The CycloneDX document of one image; raises ValueError where it would not be one."""
    text = dockerfile.read_text()
    document = packages([ROOT / lock for lock in LOCK.findall(text)])
    components = [base(text), *document["components"]]
    if "COPY --chown=root:root model_repository " in text:
        components += [model(graph) for graph in sorted(ROOT.glob("model_repository/*/*/model.onnx"))]
    document["components"] = components
    document["metadata"]["component"] = {
        "type": "container",
        "bom-ref": dockerfile.stem,
        "name": f"resolution-enhancer/{dockerfile.stem}",
        "version": __version__,
    }
    document["dependencies"] = [
        {"ref": dockerfile.stem, "dependsOn": [each["bom-ref"] for each in components]},
        *({"ref": each["bom-ref"]} for each in components),
    ]
    wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))
    if wrong:
        raise ValueError(f"{dockerfile.name}: {wrong}")
    return document


def packages(locks: list[Path]) -> dict[str, Any]:
    """The document of the packages of some locks, with their hashes."""
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "requirements", "--output-reproducible", "--no-validate", "-"],
        input="\n".join(lock.read_text() for lock in locks), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return {"components": [], **json.loads(done.stdout)}


def base(dockerfile: str) -> dict[str, Any]:
    """The image that a Dockerfile begins with."""
    found = BASE.search(dockerfile)
    if not found:
        raise ValueError("the Dockerfile begins with no image of a version")
    component = {
        "type": "container",
        "bom-ref": "base",
        "name": found["image"],
        "version": found["tag"],
    }
    return {**component, **({"hashes": [{"alg": "SHA-256", "content": found["digest"]}]} if found["digest"] else {})}


def model(graph: Path) -> dict[str, Any]:
    """A served graph."""
    name, version = graph.parts[-3:-1]
    digest = hashlib.sha256(graph.read_bytes()).hexdigest()
    return {
        "type": "machine-learning-model",
        "bom-ref": f"{name}-{version}",
        "name": name,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for dockerfile in sorted((ROOT / "deploy").glob("*.Dockerfile")):
        target = folder / f"{dockerfile.stem}.json"
        target.write_text(json.dumps(bill(dockerfile), indent=2) + "\n")
        print(target)


if __name__ == "__main__":
    main()
