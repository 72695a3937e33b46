"""Brings the whole lab up, takes it down and says how it is; the `lab` command is a thin shell around this."""

import concurrent.futures
import contextlib
import fcntl
import json
import shutil
import time

from . import accounts, certificates, company, pristine, samba_dc, settings, synapse
from .processes import LabError
from .settings import CORP, HOMESERVERS, PARTNER

DESCRIPTION = settings.LAB / "lab.json"      # what this lab was made with; there only when it is complete


def _quiet(_line: str) -> None:
    pass


class Progress:
    """Says each thing that was done, in plain words and with how long it took."""

    def __init__(self, say=print):
        self.say = say

    @contextlib.contextmanager
    def step(self, words: str):
        began = time.monotonic()
        yield
        self.say(f"lab: {words} ({time.monotonic() - began:.1f} s)")


@contextlib.contextmanager
def alone():
    """One command at a time changes a lab."""
    settings.LAB.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{settings.LAB}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def description() -> dict | None:
    try:
        return json.loads(DESCRIPTION.read_text())
    except FileNotFoundError:
        return None


def _together(*jobs) -> None:
    """Runs the jobs at the same time; the first error counts."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as workers:
        for done in [workers.submit(job) for job in jobs]:
            done.result()


def _make_directory(everyone: company.Company, progress: Progress) -> None:
    with progress.step("made the domain"):
        samba_dc.provision()
        samba_dc.configure()
    with progress.step(f"put {len(everyone.people)} people into it"):
        samba_dc.fill(everyone)
    pristine.collect_directory()
    with progress.step(f"started the domain controller on {settings.DC_ADDRESS}"):
        samba_dc.start()


def _make_homeserver(server, make_accounts, progress: Progress) -> None:
    with progress.step(f"made and started the homeserver {server.name} on {server.url}"):
        synapse.create(server)
        synapse.start(server)
    began = time.monotonic()
    made = make_accounts()
    progress.say(f"lab: made {made} accounts on {server.name} ({time.monotonic() - began:.1f} s)")
    pristine.collect_homeserver(server)


def _make(people: int, key: str, progress: Progress) -> None:
    everyone = company.make(people) if people else company.nobody()
    _together(lambda: _make_directory(everyone, progress),
              lambda: _make_homeserver(CORP, lambda: accounts.make_company(everyone), progress),
              lambda: _make_homeserver(PARTNER, accounts.make_partner, progress))
    with progress.step("kept a copy for the next time"):
        pristine.save(key)


def _start_directory(progress: Progress) -> None:
    if samba_dc.daemon().pid():
        return
    with progress.step(f"started the domain controller on {settings.DC_ADDRESS}"):
        samba_dc.configure()
        samba_dc.start()


def _start_homeserver(server, progress: Progress) -> None:
    if synapse.daemon(server).pid():
        return
    with progress.step(f"started the homeserver {server.name} on {server.url}"):
        synapse.start(server)


def up(people: int | None = None, fresh: bool = False, say=print) -> None:
    """Makes the lab if there is none (people 0: without a company), starts whatever of it does not run."""
    progress = Progress(say)
    if fresh:
        wipe()
    there = description()
    if there and people is not None and there["people"] != people:
        raise LabError(f"{settings.LAB} was made with {there['people']} people; `up --fresh` makes a new one")
    if not there:
        _new_lab(240 if people is None else people, progress)
    _together(lambda: _start_directory(progress),
              *[lambda server=server: _start_homeserver(server, progress) for server in HOMESERVERS])


def _new_lab(people: int, progress: Progress) -> None:
    stop_all(_quiet)                       # what an interrupted attempt may have left
    if settings.LAB.exists():
        _remove_folder()
    settings.LAB.mkdir(mode=0o755, parents=True)
    settings.PIDS.mkdir()
    certificates.make_authority()
    key = pristine.key({"people": people})
    began = time.monotonic()
    if pristine.restore(key):
        progress.say(f"lab: unpacked a domain, two homeservers and a company of {people} people"
                     f" ({time.monotonic() - began:.1f} s)")
    else:
        _make(people, key, progress)
    DESCRIPTION.write_text(json.dumps({"people": people, "pristine": key}) + "\n")


def daemons() -> list:
    return [samba_dc.daemon(), *[synapse.daemon(server) for server in HOMESERVERS]]


def stop_all(say=print) -> None:
    """Ends the lab's processes, and no others."""
    running = [daemon for daemon in daemons() if daemon.pid()]
    if not running:
        return
    began = time.monotonic()
    _together(*[daemon.stop for daemon in running])
    say(f"lab: ended {', '.join(daemon.name for daemon in running)} ({time.monotonic() - began:.1f} s)")


def _remove_folder() -> None:
    """Refuses a folder that holds anything but a lab: ROLLCALL_LAB may have been set wrongly."""
    ours = {"ca.pem", "corp", "dc", "demo", "krb5.conf", "lab.json", "log", "partner", "pid", "pristine", "secrets"}
    others = sorted(entry.name for entry in settings.LAB.iterdir() if entry.name not in ours)
    if others:
        raise LabError(f"{settings.LAB} holds {', '.join(others)}, which is not the lab's; it is left as it is")
    shutil.rmtree(settings.LAB)


def wipe(say=_quiet) -> None:
    """Ends the lab and removes its folder."""
    stop_all(say)
    if settings.LAB.exists():
        _remove_folder()
        say(f"lab: removed {settings.LAB}")
