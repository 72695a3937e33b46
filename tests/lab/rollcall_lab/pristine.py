"""Keeps the lab as it was when new, so that the next one is unpacked in a second instead of made in ten.

One tar for each set of inputs (sources that decide the contents, versions of the servers, arguments), with the
domain's and the homeservers' data and secrets; never certificates or configuration, which are made for every lab.
"""

import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess

from . import settings
from .processes import run

DECIDING = ("settings.py", "company.py", "directory_fill.py", "samba_dc.py", "accounts.py", "pristine.py")
KEEP = 4


def key(arguments: dict) -> str:
    """Names what a lab made now with these arguments would contain."""
    digest = hashlib.sha256(json.dumps([arguments, settings.NET], sort_keys=True).encode())
    for name in DECIDING:
        digest.update((settings.SOURCES / "rollcall_lab" / name).read_bytes())
    versions = ["dpkg-query", "-W", "-f=${Version} ", "samba", "samba-ad-provision"]
    digest.update(subprocess.run(versions, stdout=subprocess.PIPE, check=True).stdout)
    for package in sorted(settings.VENV_PYTHON.parent.parent.glob("lib/*/site-packages/matrix_synapse-*")):
        digest.update(package.name.encode())
    return digest.hexdigest()[:16]


def _tar(of: str) -> pathlib.Path:
    return settings.CACHE / f"pristine-{of}.tar"


def restore(of: str) -> bool:
    """Fills the new lab's folder from the copy, if there is one."""
    if not _tar(of).exists():
        return False
    run(["tar", "--extract", "--numeric-owner", "--acls", "--file", _tar(of), "--directory", settings.LAB],
        "unpacking the pristine lab")
    os.utime(_tar(of))
    return True


def collect_directory() -> None:
    """Takes the domain's data aside: after it was filled, before its first start."""
    _scratch().mkdir(mode=0o700, exist_ok=True)
    run(["cp", "--archive", settings.DC, _scratch() / "dc"], "copying the domain")


def collect_homeserver(server: settings.Homeserver) -> None:
    """Takes a homeserver's data aside while it runs."""
    folder = _scratch() / server.key
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copy(server.folder / "signing.key", folder)
    source = sqlite3.connect(server.folder / "homeserver.db")
    target = sqlite3.connect(folder / "homeserver.db")
    with source, target:
        source.backup(target)
    source.close()
    target.close()


def save(of: str) -> None:
    """Writes what was collected, and the secrets that belong to it, and forgets the oldest copies."""
    secrets = _scratch() / "secrets"
    secrets.mkdir(mode=0o700)
    for file in settings.SECRETS.iterdir():
        if file.is_file() and file.name != "ca-key.pem":
            shutil.copy2(file, secrets)
    shutil.rmtree(_scratch() / "dc" / "private" / "tls", ignore_errors=True)
    unfinished = _tar(of).with_suffix(".new")
    os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    run(["tar", "--create", "--acls", "--numeric-owner", "--file", unfinished, "--directory", _scratch(), "."],
        "packing the pristine lab")
    unfinished.rename(_tar(of))
    shutil.rmtree(_scratch())
    copies = sorted(settings.CACHE.glob("pristine-*.tar"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in copies[KEEP:]:
        old.unlink()


def _scratch() -> pathlib.Path:
    return settings.LAB / "pristine"
