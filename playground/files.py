"""Files that people and the app share: their bytes, and how Slack describes them."""

import io
import mimetypes
import secrets
import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from PIL import Image

FILE_MODES = ("hosted", "file_access", "tombstone", "external", "hidden_by_limit", "access_denied", "file_not_found")
_FILETYPES = {"jpeg": "jpg", "tif": "tiff", "md": "markdown", "txt": "text", "py": "python"}
_PRETTY = {
    "jpg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "webp": "WebP",
    "tiff": "TIFF",
    "heic": "HEIC",
    "avif": "AVIF",
    "psd": "Photoshop Document",
    "bmp": "Bitmap",
    "pdf": "PDF",
}
_MIMETYPES = {
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".jp2": "image/jp2",
    ".psd": "image/vnd.adobe.photoshop",
}
_MAX_THUMBNAIL_PIXELS = 120_000_000

# Only headers are read here, and thumbnails have their own limit.
Image.MAX_IMAGE_PIXELS = None
try:
    from pillow_heif import register_heif_opener
except ImportError:
    pass
else:
    register_heif_opener()


def _size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height as a viewer shows them, or None for what Pillow cannot read."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            turned = picture.getexif().get(0x0112, 1) >= 5
            return (picture.height, picture.width) if turned else picture.size
    except Exception:  # noqa: BLE001, RUF100 - any bytes at all may come here
        return None


@dataclass
class StoredFile:
    """One file. `content` is None until the upload's POST came; `shared` until it was completed.

    mode: "hosted" for an ordinary file; the others describe what Slack shows of a file that the app cannot simply read
    (`file_access` is the stub of a Slack Connect file: the truth is in `files.info`).
    """

    id: str
    name: str
    user: str
    length: int
    title: str = ""
    alt_txt: str = ""
    mode: str = "hosted"
    content: bytes | None = None
    created: int = field(default_factory=lambda: int(time.time()))
    ready_at: float = 0.0
    completed: bool = False
    deleted: bool = False
    size_in_pixels: tuple[int, int] | None = None
    shares: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    secret: str = field(default_factory=lambda: secrets.token_hex(5))

    def fill(self, content: bytes) -> None:
        """Take the bytes."""
        self.content = content
        self.length = len(content)
        self.size_in_pixels = _size_of(content) if self.mimetype.startswith("image/") else None

    @property
    def mimetype(self) -> str:
        """By the name, as Slack does: a PDF called `a.jpg` is an `image/jpeg` here."""
        suffix = PurePosixPath(self.name).suffix.lower()
        return _MIMETYPES.get(suffix) or mimetypes.guess_type(f"x{suffix}")[0] or "application/octet-stream"

    @property
    def filetype(self) -> str:
        suffix = PurePosixPath(self.name).suffix.lower().lstrip(".")
        return _FILETYPES.get(suffix, suffix) or "binary"

    @property
    def ready(self) -> bool:
        return time.time() >= self.ready_at

    def path(self, kind: str, team: str) -> str:
        """The path of an address under `/files-pri/`; `kind` is "" or "download/"."""
        name = quote(self.name.lower().replace(" ", "_"), safe="")
        return f"/files-pri/{team}-{self.id}/{kind}{name}"

    def thumbnail(self, longest_side: int) -> tuple[bytes, str] | None:
        """A smaller picture and its type, or None when the content is no picture."""
        pixels = self.size_in_pixels
        if self.content is None or pixels is None or pixels[0] * pixels[1] > _MAX_THUMBNAIL_PIXELS:
            return None
        try:
            with Image.open(io.BytesIO(self.content)) as picture:
                from PIL import ImageOps

                picture.draft("RGB", (longest_side, longest_side))
                small = ImageOps.exif_transpose(picture)
                if small.mode.startswith("I;16"):  # Pillow would cut off at 255
                    small = small.point(lambda value: value / 256).convert("L")
                clear = small.mode in ("RGBA", "LA", "PA") or "transparency" in small.info
                small = small.convert("RGBA" if clear else "RGB")
                small.thumbnail((longest_side, longest_side))
                out = io.BytesIO()
                small.save(out, "PNG" if clear else "JPEG", **({} if clear else {"quality": 88}))
                return out.getvalue(), "image/png" if clear else "image/jpeg"
        except Exception:  # noqa: BLE001, RUF100 - any bytes at all may come here
            return None


def stub(file: StoredFile) -> dict[str, Any] | None:
    """What a message shows of a file that the app cannot simply read; None for an ordinary one."""
    if file.deleted:
        return {"id": file.id, "mode": "tombstone"}
    if file.mode in ("hosted", "external"):
        return None
    if file.mode in ("tombstone", "hidden_by_limit"):
        return {"id": file.id, "mode": file.mode}
    access = "check_file_info" if file.mode == "file_access" else file.mode
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "mode": "file_access",
        "file_access": access,
        "user": file.user,
    }


def describe(file: StoredFile, *, base_url: str, team: str) -> dict[str, Any]:
    """The file object of docs.slack.dev/reference/objects/file-object."""
    described: dict[str, Any] = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": file.filetype,
        "pretty_type": _PRETTY.get(file.filetype, file.filetype.upper()),
        "user": file.user,
        "user_team": team,
        "editable": False,
        "size": file.length,
        "mode": "external" if file.mode == "external" else "hosted",
        "is_external": file.mode == "external",
        "external_type": "gdrive" if file.mode == "external" else "",
        "is_public": "public" in file.shares,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "file_access": "visible",
        "url_private": f"{base_url}{file.path('', team)}",
        "url_private_download": f"{base_url}{file.path('download/', team)}",
        "media_display_type": "unknown",
        "permalink": f"{base_url}/files/{file.user}/{file.id}/{quote(file.name.lower(), safe='')}",
        "permalink_public": f"{base_url}/public/{team}-{file.id}-{file.secret}",
        "has_rich_preview": False,
        "has_more_shares": False,
    }
    if file.alt_txt:
        described["alt_txt"] = file.alt_txt
    if file.size_in_pixels and file.ready:
        described["original_w"], described["original_h"] = file.size_in_pixels
        described["thumb_720"] = f"{base_url}/files-tmb/{team}-{file.id}-{file.secret}/720"
    return described


def shared_in(file: StoredFile) -> dict[str, Any]:
    """Where a file was shared, as `files.info` adds it."""
    places = {kind: list(channels) for kind, channels in file.shares.items()}
    return {
        "shares": file.shares,
        "channels": places.get("public", []),
        "groups": places.get("private", []),
        "ims": places.get("im", []),
        "comments_count": 0,
    }
