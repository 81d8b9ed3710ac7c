"""TLS files: what a context is made of, and which file is at fault where none can be made."""

import ssl

import pytest
from cryptography.hazmat.primitives import serialization as s

from orbital_sdk import ConfigurationError
from orbital_sdk.tls import client_context, identify, not_accepted, trust


@pytest.fixture
def ours(authority):
    return authority.issue("a", client=True)


@pytest.fixture
def locked(ours, tmp_path):
    """The key of `ours`, under the passphrase `open sesame`."""
    key = s.load_pem_private_key(ours.key.read_bytes(), None)
    path = tmp_path / "locked.key"
    how = s.BestAvailableEncryption(b"open sesame")
    path.write_bytes(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, how))
    return path


def refusal(**files) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        client_context(prefix="tls.", **files)
    return caught.value


def test_files_that_work_make_a_context(authority, ours):
    """The authority replaces the system's, and nobody is verified only where that is asked for."""
    context = client_context(
        ca_file=authority.ca_file, cert_file=ours.certificate, key_file=ours.key
    )
    assert len(context.get_ca_certs()) == 1
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    loose = client_context(verify=False)
    assert (loose.verify_mode, loose.check_hostname) == (ssl.CERT_NONE, False)


def test_a_file_that_cannot_be_used_is_named(tmp_path, authority, ours):
    """Missing, of another kind, or the key of another certificate: setting, file and reason."""
    other = authority.issue("b", client=True)
    text = tmp_path / "text"
    text.write_text("hello")
    for files, field, words in [
        ({"ca_file": "/nowhere/ca.pem"}, "tls.ca_file", "/nowhere/ca.pem cannot be used: No such"),
        ({"ca_file": text}, "tls.ca_file", "text cannot be used: no"),
        ({"cert_file": text}, "tls.cert_file", "text with the key in it cannot be used: no"),
        (
            {"cert_file": ours.certificate, "key_file": other.key},
            "tls.cert_file",
            "the key does not belong to the certificate",
        ),
    ]:
        error = refusal(**files)
        assert str(error).startswith(f"{field} ")
        assert words in str(error)
        assert error.field == field


def test_a_key_with_a_passphrase_asks_nobody_at_the_terminal(ours, locked):
    """Where no setting holds the passphrase the key has to be stored without, else that is named."""
    files = {"cert_file": ours.certificate, "key_file": locked}
    assert "store it without one" in str(refusal(**files))
    assert "needs key_password" in str(refusal(**files, password_setting="key_password"))
    client_context(**files, key_password="open sesame")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        client_context(**files, key_password="wrong")


def test_a_server_is_told_of_its_files_in_the_same_words(authority, ours, tmp_path):
    """Its own certificate, and the authorities of its clients."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identify(context, ours.certificate, ours.key)
    trust(context, authority.ca_file)
    with pytest.raises(ConfigurationError, match=r"tls\.client_ca_file .*none.* cannot be used"):
        trust(context, tmp_path / "none", field="tls.client_ca_file")


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("certificate has expired", "renew it there, and look at the clocks"),
        ("certificate is not yet valid", "renew it there, and look at the clocks"),
        ("Hostname mismatch, certificate is not valid for 'a'.", "look at url, or set server_name"),
        ("self-signed certificate", "set ca_file to the authority that signed it"),
    ],
)
def test_what_to_do_about_a_certificate_that_is_not_accepted(why, advice):
    """By the reason that OpenSSL gives; no setting is named that is not there."""
    names = {"ca_file": "ca_file", "server_name": "server_name", "address": "url"}
    reason = why.strip(".")
    assert not_accepted(why, **names) == f"its certificate is not accepted ({reason}); {advice}"
    assert "or set" not in not_accepted(why, ca_file="ca_file")
