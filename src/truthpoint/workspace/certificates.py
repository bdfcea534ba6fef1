"""A certificate for TLS on this machine, made by `openssl` and kept beside the file.

A CA signs one certificate for the names of this machine, and its key is thrown away at once:
whoever trusts the CA file trusts that certificate and can be shown no other.
"""

from __future__ import annotations

import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Generator

VALID_DAYS: Final = 800
"""Some systems take no certificate of more than 825 days."""

RENEW_SECONDS: Final = 30 * 86_400
"""What is left of it when a new one is made."""

_OPENSSL_SECONDS: Final = 30
"""Longest wait for one call of `openssl`."""

_CONFIG: Final = """\
[req]
distinguished_name = name
prompt = no
[name]
CN = Truthpoint local workspace
[ca]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:localhost,DNS:host.docker.internal,IP:127.0.0.1,IP:::1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The files of a server that speaks TLS.

    Attributes:
        ca_file: What a client is to trust, PEM.
        server_file: The server's key and certificate, PEM; for its user only.
    """

    ca_file: Path
    server_file: Path


@contextmanager
def certificates_beside(path: Path | None) -> Generator[Certificates]:
    """Give the certificates of a workspace, made where there are none that last.

    Args:
        path: The workspace's file, beside which they are kept; None: a temporary folder that
            goes at the end.

    Raises:
        WorkspaceError: They cannot be made: there is no `openssl`, or no right to write.
    """
    if path is not None:
        yield _kept(path)
        return
    with tempfile.TemporaryDirectory(prefix="truthpoint-") as folder:
        yield _kept(Path(folder) / "workspace")


def _kept(path: Path) -> Certificates:
    files = Certificates(
        ca_file=path.with_name(f"{path.name}.ca.pem"),
        server_file=path.with_name(f"{path.name}.tls.pem"),
    )
    if not _last(files):
        _make(files)
    return files


def _last(files: Certificates) -> bool:
    """Tell whether both files can be used, and for a while yet."""
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(files.ca_file)
        (ca,) = context.get_ca_certs()
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(files.server_file)
    except (OSError, ValueError):
        return False
    return ssl.cert_time_to_seconds(str(ca["notAfter"])) > time.time() + RENEW_SECONDS


def _make(files: Certificates) -> None:
    program = shutil.which("openssl")
    if program is None:
        raise WorkspaceError(
            "TLS needs the program `openssl`, which is not on the PATH. Install it, or use the "
            "plain address."
        )
    with tempfile.TemporaryDirectory(prefix="truthpoint-") as name:
        folder = Path(name)
        try:
            _sign(program, folder)
            made = (folder / "server.key").read_bytes() + (folder / "server.pem").read_bytes()
            # The pair is valid only when both are there: the second is written last.
            files.server_file.unlink(missing_ok=True)
            _write(files.ca_file, (folder / "ca.pem").read_bytes())
            _write(files.server_file, made)
        except (OSError, subprocess.SubprocessError) as error:
            raise WorkspaceError(
                f"The certificates for TLS cannot be made ({_what(error)}). See that `openssl` "
                f"works and that this user may write in {files.ca_file.parent}, or use the plain "
                "address."
            ) from None


def _what(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "an error of the system"
    if isinstance(error, subprocess.CalledProcessError):
        return f"`openssl` ended with {error.returncode}"
    return "`openssl` did not end"


def _sign(program: str, folder: Path) -> None:
    """Make a key and a certificate for the CA and for the server, in a folder of our own."""
    (folder / "openssl.cnf").write_text(_CONFIG, encoding="ascii")
    # By a name of its own, the CAs of several workspaces can stand in one bundle.
    own = f"/CN=Truthpoint local workspace {secrets.token_hex(4)}"
    valid = ("-sha256", "-days", str(VALID_DAYS))
    curve = ("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out")
    request = ("req", "-new", "-config", "openssl.cnf", "-subj")
    extended = ("-extfile", "openssl.cnf", "-extensions", "server")
    by_ca = ("-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", str(1 + secrets.randbits(63)))
    for arguments in (
        (*curve, "ca.key"),
        (*curve, "server.key"),
        (*request, own, "-x509", "-key", "ca.key", "-extensions", "ca", *valid, "-out", "ca.pem"),
        (*request, "/CN=localhost", "-key", "server.key", "-out", "server.csr"),
        ("x509", "-req", "-in", "server.csr", *by_ca, *extended, *valid, "-out", "server.pem"),
    ):
        subprocess.run(  # noqa: S603 - a fixed program and fixed words
            [program, *arguments],
            cwd=folder,
            check=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_OPENSSL_SECONDS,
        )


def _write(path: Path, body: bytes) -> None:
    """Write a file for its user only, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(body)
    part.replace(path)
