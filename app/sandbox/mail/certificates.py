"""A certificate authority for one folder: servers on this machine get certificates, nobody else.

Whoever trusts `ca_file` trusts only what was issued here. The authority's own key is thrown away at
once, so the folder cannot be used to issue more.
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from app.sandbox.mail.server import LOOPBACK

_LIFETIME: Final = timedelta(days=3650)
_HOST_NAME: Final = "localhost"


class ServerCertificate(NamedTuple):
    """Three PEM files: what clients trust, what the server shows, and its private key."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


def certificate_for_this_machine(folder: Path) -> ServerCertificate:
    """The certificate for localhost and 127.0.0.1 kept in this folder; made at the first call."""
    files = ServerCertificate(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if not files.key_file.exists():
        _issue(files)
    return files


def _issue(files: ServerCertificate) -> None:
    ca_key = ec.generate_private_key(ec.SECP256R1())
    server_key = ec.generate_private_key(ec.SECP256R1())
    ca = _authority(ca_key)
    certificate = _server_certificate(server_key.public_key(), ca, ca_key)
    files.ca_file.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(
        server_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name("SharedBox test authority")
    return (
        _builder(name, name, key.public_key(), signed_by=key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePublicKey, ca: x509.Certificate, ca_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    names = [x509.DNSName(_HOST_NAME), x509.IPAddress(ipaddress.ip_address(LOOPBACK))]
    return (
        _builder(_name(_HOST_NAME), ca.subject, key, signed_by=ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    signed_by: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    """What both certificates have; the key identifiers are what Python 3.13 insists on."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by), critical=False
        )
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
