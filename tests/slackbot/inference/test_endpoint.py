"""What TRITON_URL and TRITON_TLS_... may say."""

from pathlib import Path

import pytest

from slackbot.errors import SettingsError
from slackbot.inference.endpoint import Endpoint, endpoint_from
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
    ("variables", "sentence"),
    [
        ({"TRITON_URL": "https://triton:8001"}, "must be HOST:PORT"),
        ({"TRITON_URL": "grpcs://triton"}, "must be HOST:PORT"),
        ({"TRITON_URL": "10.0.0.1:8001,10.0.0.2"}, "must be HOST:PORT"),
        ({"TRITON_URL": "one:8001,two:8001"}, "by their IP addresses"),
        ({"TRITON_URL": "10.0.0.1:8001,[::1]:8001"}, "by their IP addresses"),
        ({"TRITON_URL": "grpcs://10.0.0.1:8001,10.0.0.2:8001"}, "TRITON_TLS_NAME must say"),
        ({"TRITON_TLS_NAME": "triton"}, "begins with grpcs://"),
        ({"TRITON_URL": "grpcs://triton:8001", "TRITON_TLS_CERT": "bot.pem"}, "TRITON_TLS_KEY belong together"),
        (
            {"TRITON_URL": "grpcs://triton:8001", "TRITON_TLS_CA": "/missing.pem"},
            "/missing.pem holds no",
        ),
    ],
)
def test_a_wrong_address_is_named(variables, sentence):
    with pytest.raises(SettingsError, match=sentence):
        endpoint_from(variables)


def test_files_of_another_kind_are_named(tmp_path: Path):
    authority = Authority(tmp_path, "authority")
    one, other = authority.issue("one", "DNS:one"), authority.issue("other", "DNS:other")
    variables = {"TRITON_URL": "grpcs://triton:8001", "TRITON_TLS_CA": str(authority.pem)}

    own = {"TRITON_TLS_CERT": str(one.certificate), "TRITON_TLS_KEY": str(one.key)}
    assert endpoint_from({**variables, **own}).key == one.key
    with pytest.raises(SettingsError, match="no certificate and its key"):
        endpoint_from({**variables, **own, "TRITON_TLS_KEY": str(other.key)})
    with pytest.raises(SettingsError, match="TRITON_TLS_CA"):
        endpoint_from({**variables, "TRITON_TLS_CA": str(one.key)})


def test_the_command_lines_address_comes_first():
    assert endpoint_from({"TRITON_URL": "one:1"}, "two:2").target == "two:2"
