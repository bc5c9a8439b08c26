"""What TRITON_URL and TRITON_TLS_... may say."""

from pathlib import Path
from typing import Any

import pytest

from slackbot.errors import SettingsError
from slackbot.inference.endpoint import Endpoint
from tests.certificates import Authority


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("127.0.0.1:8001", "127.0.0.1:8001"),
        ("grpc://triton:8001", "triton:8001"),
        ("grpcs://triton:8001", "triton:8001"),
        ("dns:///triton:8001", "dns:///triton:8001"),
        ("10.0.0.1:8001, 10.0.0.2:8002", "ipv4:10.0.0.1:8001,10.0.0.2:8002"),
        ("[::1]:8001,[::2]:8001", "ipv6:[::1]:8001,[::2]:8001"),
    ],
)
def test_what_grpc_calls_it(url, target):
    assert Endpoint(url).target == target


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"url": "https://triton:8001"}, "must be HOST:PORT"),
        ({"url": "grpcs://triton"}, "must be HOST:PORT"),
        ({"url": "10.0.0.1:8001,10.0.0.2"}, "must be HOST:PORT"),
        ({"url": "one:8001,two:8001"}, "by their IP addresses"),
        ({"url": "10.0.0.1:8001,[::1]:8001"}, "by their IP addresses"),
        ({"url": "grpcs://10.0.0.1:8001,10.0.0.2:8001"}, "TRITON_TLS_NAME must say"),
        ({"name": "triton"}, "begins with grpcs://"),
        ({"url": "grpcs://triton:8001", "certificate": Path("bot.pem")}, "TRITON_TLS_KEY belong together"),
        (
            {"url": "grpcs://triton:8001", "ca": Path("/missing.pem")},
            "/missing.pem holds no",
        ),
    ],
)
def test_a_wrong_address_is_named(given, sentence):
    with pytest.raises(SettingsError, match=sentence):
        Endpoint(**given)


def test_files_of_another_kind_are_named(tmp_path: Path):
    authority = Authority(tmp_path, "authority")
    one, other = authority.issue("one", "DNS:one"), authority.issue("other", "DNS:other")
    given: dict[str, Any] = {"url": "grpcs://triton:8001", "ca": authority.pem}

    own: dict[str, Any] = {"certificate": one.certificate, "key": one.key}
    assert Endpoint(**given, **own).key == one.key
    with pytest.raises(SettingsError, match="no certificate and its key"):
        Endpoint(**given, **{**own, "key": other.key})
    with pytest.raises(SettingsError, match="TRITON_TLS_CA"):
        Endpoint(**{**given, "ca": one.key})
