"""Files: upload in three steps, downloads with the token, and what a broken network does to both."""

import http.client
import urllib.error
import urllib.parse
import urllib.request

import pytest
from PIL import Image
from slack_sdk.errors import SlackApiError

from playground.testing.control_api import ControlError
from tests.http_request import request

PHOTOS = "C0PHOTOS01"


def get(url, token="xoxb-playground"):
    """Status, headers and body, redirects not followed."""
    return request(url, headers={"Authorization": f"Bearer {token}"} if token else {})


def test_upload_into_a_thread_and_download_again(app, workspace, photo):
    parent = workspace.post("#photos", "look", files=[("cat.jpg", photo)])
    answer = app.files_upload_v2(
        channel=PHOTOS,
        thread_ts=parent.ts,
        initial_comment="done",
        file_uploads=[
            {"file": photo, "filename": "cat_4x.jpg", "title": "Cat, 4x", "alt_txt": "A cat"},
            {"file": b"notes", "filename": "notes.txt"},
        ],
    )
    (reply,) = workspace.replies(parent)
    picture, notes = reply.files
    assert reply.text == "done"
    assert [file["id"] for file in answer["files"]] == [picture["id"], notes["id"]]
    assert (picture["title"], picture["alt_txt"], picture["mimetype"]) == ("Cat, 4x", "A cat", "image/jpeg")
    assert (picture["original_w"], picture["original_h"], picture["size"]) == (96, 64, len(photo))
    assert (picture["mode"], picture["file_access"]) == ("hosted", "visible")
    assert notes["filetype"] == "text"
    status, headers, body = get(picture["url_private_download"])
    assert (status, headers["Content-Type"], body) == (200, "image/jpeg", photo)
    info = app.files_info(file=picture["id"])["file"]
    assert info["channels"] == [PHOTOS]
    assert info["is_public"]
    assert info["shares"]["public"][PHOTOS][0]["ts"] == reply.ts
    assert info["shares"]["public"][PHOTOS][0]["thread_ts"] == parent.ts


@pytest.mark.parametrize("token", [None, "xoxb-wrong", "xapp-playground"])
def test_download_without_the_token_ends_at_the_sign_in_page(workspace, photo, token):
    (file,) = workspace.post("#photos", files=[("cat.jpg", photo)]).files
    status, headers, _ = get(file["url_private"], token)
    assert status == 302
    with urllib.request.urlopen(headers["Location"]) as page:
        assert page.headers["Content-Type"].startswith("text/html")
        assert b"Sign in" in page.read()


def test_download_without_the_scope_ends_there_too(workspace, photo):
    workspace.set(scopes=["chat:write"])
    (file,) = workspace.post("#photos", files=[("cat.jpg", photo)]).files
    assert get(file["url_private"])[0] == 302


def test_failures_of_downloads(workspace, photo):
    content = photo * 200
    (file,) = workspace.post("#photos", files=[("cat.jpg", content)]).files
    url = file["url_private_download"]
    workspace.inject_fault("download", "rate_limited", retry_after=3)
    status, headers, _ = get(url)
    assert (status, headers["Retry-After"]) == (429, "3")
    workspace.inject_fault("download", "server_error")
    assert get(url)[0] == 500
    workspace.inject_fault("download", "login_page")
    status, headers, body = get(url)
    assert (status, headers.get_content_type()) == (200, "text/html")
    workspace.inject_fault("download", "redirect")
    assert get(url)[0] == 302
    workspace.inject_fault("download", "content_type", content_type="text/plain")
    _, headers, body = get(url)
    assert (headers.get_content_type(), body) == ("text/plain", content)
    workspace.inject_fault("download", "truncated")
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(url)
    assert len(caught.value.partial) == len(content) // 2
    workspace.inject_fault("download", "reset")
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        get(url)
    workspace.inject_fault("download", "drip", seconds=0.2)
    assert get(url)[2] == content
    assert get(url)[2] == content


def test_upload_errors(app, workspace):
    workspace.set(max_upload_bytes=100)
    with pytest.raises(SlackApiError, match="file_upload_size_restricted"):
        app.files_getUploadURLExternal(filename="big.jpg", length=101)
    with pytest.raises(SlackApiError, match="alt_txt_too_large"):
        app.files_getUploadURLExternal(filename="a.jpg", length=9, alt_txt="x" * 1001)
    ticket = app.files_getUploadURLExternal(filename="a.jpg", length=9)
    with pytest.raises(SlackApiError, match="file_update_failed"):
        app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id=PHOTOS)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(ticket["upload_url"], data=b"wrong length")
    caught.value.close()
    urllib.request.urlopen(ticket["upload_url"], data=b"nine char").close()
    for thread_ts, error in [("soon", "invalid_thread_ts"), ("1.000001", "thread_not_found")]:
        with pytest.raises(SlackApiError, match=error):
            app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id=PHOTOS, thread_ts=thread_ts)
    outside = workspace.add_channel("elsewhere", app_is_member=False)
    with pytest.raises(SlackApiError, match="not_in_channel"):
        app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id=outside)
    assert app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id=PHOTOS)["ok"]
    with pytest.raises(SlackApiError, match="file_update_failed"):
        app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id=PHOTOS)
    assert len(workspace.messages()) == 1


def test_a_failed_upload_post_can_be_tried_again(app, workspace):
    ticket = app.files_getUploadURLExternal(filename="a.txt", length=4)
    workspace.inject_fault("upload", "server_error")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(ticket["upload_url"], data=b"text")
    caught.value.close()
    urllib.request.urlopen(ticket["upload_url"], data=b"text").close()
    assert app.files_completeUploadExternal(files=[{"id": ticket["file_id"]}])["ok"]
    assert [one["status"] for one in workspace.calls("upload")] == [500, 200]


def test_processing_takes_its_time(app, workspace, photo):
    workspace.set(processing_seconds=0.4)
    file = app.files_upload_v2(channel=PHOTOS, file=photo, filename="a.png")["file"]
    assert "original_w" not in app.files_info(file=file["id"])["file"]
    image = [{"type": "image", "alt_text": "a", "slack_file": {"id": file["id"]}}]
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        app.chat_postMessage(channel=PHOTOS, blocks=image, text="a")
    workspace.wait_for(lambda _: "original_w" in app.files_info(file=file["id"])["file"], 5)
    assert app.chat_postMessage(channel=PHOTOS, blocks=image, text="a")["ok"]


def test_slack_connect_stub_is_filled_in_by_files_info(app, workspace, photo):
    (file,) = workspace.post("#photos", files=[("cat.jpg", photo)], file_mode="file_access").files
    assert (file["mode"], file["file_access"]) == ("file_access", "check_file_info")
    assert "url_private" not in file
    info = app.files_info(file=file["id"])["file"]
    assert get(info["url_private_download"])[2] == photo
    (denied,) = workspace.post("#photos", files=[("cat.jpg", photo)], file_mode="access_denied").files
    assert denied["file_access"] == "access_denied"
    with pytest.raises(SlackApiError, match="access_denied"):
        app.files_info(file=denied["id"])


def test_deleted_files_are_gone(app, workspace, photo):
    message = workspace.post("#photos", files=[("cat.jpg", photo)])
    with pytest.raises(SlackApiError, match="cant_delete_file"):
        app.files_delete(file=message.files[0]["id"])
    workspace.delete(message)
    assert get(message.files[0]["url_private"])[0] == 404
    own = app.files_upload_v2(channel=PHOTOS, file=photo, filename="a.jpg")["file"]
    app.files_delete(file=own["id"])
    assert workspace.messages()[0].files == [{"id": own["id"], "mode": "tombstone"}]
    with pytest.raises(SlackApiError, match="file_deleted"):
        app.files_info(file=own["id"])


def test_any_bytes_and_any_name_can_be_shared(workspace):
    names = ["../../etc/passwd", 'quo"te\r\nX: y.jpg', "\u202egpj.exe", "<!channel>.png", "空.heic", "no_suffix"]
    shared = workspace.post("#photos", files=[(name, b"\x89PNG not really") for name in names]).files
    assert len(shared) == len(names)
    assert shared[2]["name"] == names[2]
    assert not any("original_w" in file for file in shared)
    assert all(get(file["url_private_download"])[2] == b"\x89PNG not really" for file in shared)


def test_thumbnails_stand_upright(workspace, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    Image.new("RGB", (80, 20)).save(path, exif=exif)
    (file,) = workspace.post("#photos", files=[path]).files
    assert (file["original_w"], file["original_h"]) == (20, 80)
    with urllib.request.urlopen(file["thumb_720"]) as response:
        assert Image.open(response).size == (20, 80)


def test_thumbnails_of_sixteen_bits_are_not_white(workspace, tmp_path):
    path = tmp_path / "deep.png"
    Image.new("I;16", (8, 8), 100 * 256).save(path)
    (file,) = workspace.post("#photos", files=[path]).files
    with urllib.request.urlopen(f"{workspace.base_url}/page/files/{file['id']}?side=64") as response:
        assert abs(Image.open(response).convert("L").tobytes()[0] - 100) <= 2


def test_what_people_upload_never_runs_on_the_page(workspace):
    (file,) = workspace.post("#photos", files=[("page.html", b"<script>alert(1)</script>")]).files
    with urllib.request.urlopen(f"{workspace.base_url}/page/files/{file['id']}") as response:
        assert response.headers["Content-Security-Policy"].startswith("sandbox")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_senseless_orders_get_a_sentence(workspace):
    with pytest.raises(ControlError, match="kind must be one of"):
        workspace.inject_fault("download", "explode")
    with pytest.raises(ControlError, match="Unknown setting: colour"):
        workspace.set(colour="red")
    with pytest.raises(ControlError, match="A message needs text or a file"):
        workspace.post("#photos")
    with pytest.raises(ControlError, match="channel_not_found"):
        workspace.post("#nowhere", "x")
