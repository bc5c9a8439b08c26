"""Bytes on their way: downloads with the token, the upload's POST, and posts to a `response_url`."""

import asyncio
import json
import time
from typing import Any

from aiohttp import hdrs, web

from playground import blocks
from playground.errors import SlackError
from playground.event_delivery import EventDelivery
from playground.faults import Fault
from playground.files import StoredFile
from playground.methods.chat import by_the_app
from playground.rights import may_see
from playground.web_api import bearer, cut, interrupt, login_page
from playground.workspace import Workspace

_PIECE = 64 * 1024
# What people upload is shown on this site too: never as a page of its own.
SANDBOX = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


class FileEndpoints:
    """`/files-pri/`, `/upload/v1/` and `/actions/`."""

    def __init__(self, workspace: Workspace, delivery: EventDelivery) -> None:
        self._workspace, self._delivery = workspace, delivery

    # Downloads

    async def download(self, request: web.Request) -> web.StreamResponse:
        """GET /files-pri/TEAM-FILE/[download/]NAME. Without the right token or scope: off to the sign-in page."""
        record: dict[str, Any] = {
            "method": "download",
            "at": time.time(),
            "args": dict(request.match_info),
            "status": None,
            "error": None,
        }
        self._workspace.calls.append(record)
        fault = self._workspace.faults.take("download")
        response = await interrupt(request, fault if fault and fault.kind != "reset" else None)
        if response is None:
            response = await self._download(request, fault)
        record["status"] = response.status
        self._workspace.record("called", method="download", status=response.status, error=None)
        return response

    async def _download(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        grant = self._workspace.grants.get(bearer(request))
        file = self._workspace.files.get(request.match_info["file"].partition("-")[2])
        allowed = grant and "files:read" in self._workspace.settings.scopes
        if grant and file:
            allowed = allowed and may_see(self._workspace, grant, file)
        if not allowed or (fault and fault.kind == "redirect"):
            location = f"/?redir={request.rel_url.raw_path}&login=1"
            return web.Response(status=302, headers={hdrs.LOCATION: f"{self._workspace.base_url}{location}"})
        if file is None or file.deleted or file.content is None:
            return web.Response(status=404, text="file not found")
        return await self._send(request, file, fault)

    async def _send(self, request: web.Request, file: StoredFile, fault: Fault | None) -> web.StreamResponse:
        content = file.content or b""
        kind = fault.kind if fault else ""
        response = web.StreamResponse(headers=SANDBOX)
        response.content_type = fault.content_type if fault and kind == "content_type" else file.mimetype
        response.content_length = len(content)
        await response.prepare(request)
        end = len(content) // 2 if kind in ("reset", "truncated") else len(content)
        pieces = [content[start : min(start + _PIECE, end)] for start in range(0, end, _PIECE)]
        for piece in pieces:
            await response.write(piece)
            if fault and kind == "drip":
                await asyncio.sleep(fault.seconds / len(pieces))
        if kind == "reset":
            cut(request)
        if kind == "truncated":
            response.force_close()
            if request.transport is not None:
                request.transport.close()
            return response
        await response.write_eof()
        return response

    async def thumbnail(self, request: web.Request) -> web.StreamResponse:
        """GET /files-tmb/TEAM-FILE-SECRET/SIDE: a smaller picture, for whoever knows its secret."""
        _, file_id, secret = (*request.match_info["file"].split("-"), "", "")[:3]
        file = self._workspace.files.get(file_id)
        if file is None or file.deleted or file.secret != secret:
            return web.Response(status=404, text="file not found")
        return await self._picture(file, min(2048, int(request.match_info["side"])))

    async def _picture(self, file: StoredFile, side: int) -> web.Response:
        made = await asyncio.to_thread(file.thumbnail, side)
        if made is None:
            return web.Response(status=404, text="no picture")
        return web.Response(
            body=made[0], content_type=made[1], headers={**SANDBOX, "Cache-Control": "private, max-age=86400"}
        )

    async def shown(self, request: web.Request) -> web.StreamResponse:
        """GET /page/files/FILE[?side=N]: a file for the person at the page, in full or as a thumbnail."""
        file = self._workspace.files.get(request.match_info["file"])
        if file is None or file.deleted or file.content is None:
            return web.Response(status=404, text="file not found")
        side = request.query.get("side", "")
        if side.isdigit():
            return await self._picture(file, max(16, min(4096, int(side))))
        headers = {**SANDBOX, "Cache-Control": "private, max-age=86400"}
        if "download" in request.query:
            name = file.name.encode("ascii", "replace").decode().translate({ord(c): "_" for c in '"\\\r\n'})
            headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)

    # Uploads

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """POST /upload/v1/SECRET: the bytes, as the body or as one part of a form."""
        record: dict[str, Any] = {"method": "upload", "at": time.time(), "args": {}, "status": None, "error": None}
        self._workspace.calls.append(record)
        fault = self._workspace.faults.take("upload")
        response = await interrupt(request, fault) or await self._take(request)
        if fault and fault.kind == "lost_answer":
            cut(request)
        record["status"] = response.status
        self._workspace.record("called", method="upload", status=response.status, error=None)
        return response

    async def _take(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        file = next((f for f in self._workspace.files.values() if f"{f.secret}{f.id}" == key), None)
        if file is None or file.completed:
            return web.Response(status=404, text="upload not found")
        if request.content_type == "multipart/form-data":
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            content = parts[0].file.read() if parts else b""
        else:
            content = await request.read()
        if len(content) != file.length:
            return web.Response(status=400, text=f"expected {file.length} bytes, got {len(content)}")
        file.fill(content)
        return web.Response(text=f"OK - {len(content)}")

    # Answers to interactions

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """POST /actions/KEY: a message, ephemeral unless told otherwise, or a change of the one that was clicked."""
        fault = self._workspace.faults.take("response_url")
        interrupted = await interrupt(request, fault)
        if interrupted is not None:
            return interrupted
        place = self._workspace.response_urls.get(request.match_info["key"])
        if place is None or place["uses_left"] <= 0:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        if time.time() > place["expires"]:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        place["uses_left"] -= 1
        try:
            body = json.loads(await request.read())
            self._respond(place, body)
        except (ValueError, AttributeError):
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except SlackError as refusal:
            return web.json_response(refusal.body, status=400)
        return web.json_response({"ok": True})

    def _respond(self, place: dict[str, Any], body: dict[str, Any]) -> None:
        workspace = self._workspace
        channel = workspace.channels[place["channel"]]
        ts = place["message_ts"]
        original = channel.messages.get(ts or "")
        ephemeral = next((one for one in workspace.ephemerals if one["ts"] == ts), None)
        if body.get("delete_original"):
            if original is not None:
                self._delivery.removed(channel, workspace.remove_message(channel, ts))
            if ephemeral is not None:
                workspace.ephemerals.remove(ephemeral)
                workspace.record("message_deleted", channel=channel.id, ts=ts)
            return
        content: dict[str, Any] = {"text": str(body.get("text", ""))}
        if body.get("blocks"):
            content["blocks"] = blocks.checked(
                body["blocks"], lambda reference: any(f in reference for f in workspace.files)
            )
        if not content["text"] and "blocks" not in content:
            raise SlackError("no_text")
        target = original if original is not None and original.get("bot_id") else ephemeral
        if body.get("replace_original") and target is not None:
            previous = workspace.rendered(channel, target)
            target.pop("blocks", None)
            target |= content
            if target is ephemeral:
                workspace.record("ephemeral", channel=channel.id, message=target)
                return
            workspace.touch(channel, target)
            self._delivery.changed(channel, previous, target)
            return
        thread_ts = body.get("thread_ts") or place["thread_ts"]
        message = {**by_the_app(channel.team), **content, **({"thread_ts": thread_ts} if thread_ts else {})}
        if body.get("response_type") == "in_channel":
            self._delivery.posted(channel, workspace.add_message(channel, message))
            return
        shown = {
            "type": "message",
            **message,
            "channel": channel.id,
            "to": place["user"],
            "ts": workspace.next_ts(),
            "is_ephemeral": True,
        }
        workspace.ephemerals.append(shown)
        workspace.record("ephemeral", channel=channel.id, message=shown)


async def signed_out(request: web.Request) -> web.Response:
    """The sign-in page that downloads without a token end at."""
    del request
    return login_page()
