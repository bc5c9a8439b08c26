"""What a model repository must hold before a server is worth starting."""

from pathlib import Path

from serving.errors import ModelMissing


def check(repository: Path, models: tuple[str, ...]) -> None:
    """Raise ModelMissing unless every model has its configuration and a version with a file in it."""
    if not repository.is_dir():
        raise ModelMissing(f"there is no model repository at {repository}")
    for model in models:
        folder = repository / model
        if not (folder / "config.pbtxt").is_file():
            raise ModelMissing(f"the model repository has no model {model!r}: {folder / 'config.pbtxt'} is missing")
        if not any(file.is_file() for file in folder.glob("[1-9]*/*")):
            raise ModelMissing(
                f"model {model!r} has no version to serve: {folder / '1' / 'model.onnx'} is missing "
                "(python export/to_onnx.py writes one)"
            )
