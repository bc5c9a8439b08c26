"""Multipart bodies, as a browser sends them."""

from collections.abc import Iterable
from pathlib import Path
from uuid import uuid4

Upload = Path | tuple[str, bytes]


def form(fields: dict[str, str], uploads: Iterable[Upload]) -> tuple[bytes, str]:
    """A multipart body and its content type."""
    boundary = uuid4().hex
    parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode() for name, value in fields.items()]
    for upload in uploads:
        name, content = (upload.name, upload.read_bytes()) if isinstance(upload, Path) else upload
        quoted = name.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "%0D").replace("\n", "%0A")
        head = f'Content-Disposition: form-data; name="file"; filename="{quoted}"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content)
    body = b"".join(b"--" + boundary.encode() + b"\r\n" + part + b"\r\n" for part in parts)
    return body + b"--" + boundary.encode() + b"--\r\n", f"multipart/form-data; boundary={boundary}"
