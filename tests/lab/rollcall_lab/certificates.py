"""The lab's own certificate authority, and one certificate for every server that speaks TLS."""

import pathlib
import shutil
import tempfile

from . import settings
from .processes import run


def _request(folder: pathlib.Path, subject: str) -> None:
    run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-keyout", folder / "key.pem", "-out", folder / "request.pem", "-subj", f"/CN={subject}"],
        f"making a key for {subject}")


def make_authority() -> None:
    """Makes the CA unless it is there: $LAB/ca.pem, its key among the secrets."""
    key = settings.SECRETS / "ca-key.pem"
    if settings.CA.exists() and key.exists():
        return
    settings.SECRETS.mkdir(mode=0o700, parents=True, exist_ok=True)
    run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "3650", "-keyout", key, "-out", settings.CA, "-subj", "/CN=Rollcall lab CA",
         "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
        "making the certificate authority")
    key.chmod(0o600)
    settings.CA.chmod(0o644)


def make_certificate(folder: pathlib.Path, names: list, addresses: list) -> None:
    """Puts ca.pem, cert.pem and key.pem for a server into `folder`, signed by the lab's CA."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(settings.CA, folder / "ca.pem")
    if (folder / "cert.pem").exists():
        return
    alternatives = ",".join([f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses])
    with tempfile.TemporaryDirectory(dir=settings.SECRETS) as scratch:
        work = pathlib.Path(scratch)
        _request(work, names[0])
        (work / "extensions").write_text(f"subjectAltName={alternatives}\nbasicConstraints=CA:FALSE\n"
                                         "extendedKeyUsage=serverAuth,clientAuth\n")
        run(["openssl", "x509", "-req", "-in", work / "request.pem", "-CA", settings.CA,
             "-CAkey", settings.SECRETS / "ca-key.pem", "-set_serial", str(abs(hash(alternatives)) % 2**60),
             "-days", "3650", "-extfile", work / "extensions", "-out", work / "cert.pem"],
            f"signing the certificate of {names[0]}")
        for name in ("key.pem", "cert.pem"):
            shutil.move(work / name, folder / name)
    (folder / "key.pem").chmod(0o600)
