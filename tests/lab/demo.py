"""The story of the README, on real servers. tests/lab/demo calls it when everything is installed.

Every step waits for something that can be seen, with a deadline, and says how long it took. When a step fails it says
which, where the logs are, and ends with status 1. What was started goes on running, so that one can look around.
"""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

from rollcall_lab import settings
from rollcall_lab.ad import Directory
from rollcall_lab.matrix import Client, MatrixError
from rollcall_lab.processes import LabError, wait_until
from rollcall_lab.settings import CORP, PARTNER

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build-demo"
HOME = settings.LAB / "demo"
PID, LOG = HOME / "rollcall.pid", HOME / "rollcall.log"
CONFIG = HOME / "rollcall.yaml"
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
STEPS = 12

POLICY = """\
people:
  matrix_id: "@{sAMAccountName|lower}:corp.example.com"
  identities:
    - {user: jdoe, matrix_id: "@john.doe:corp.example.com"}
  employees: {group: All Staff}

protected: ["@breakglass:corp.example.com"]

spaces:
  company: {name: Example Corp, members: employees}

rooms:
  announcements:
    name: Announcements
    space: company
    members: employees
    owners: {group: Communications}
    who_posts: owners
    leaving: rejoin
  engineering:
    name: Engineering
    topic: Build, ship, run
    space: company
    members:
      any:
        - {group: Engineering}
        - {group: SRE}
      except: {group: Contractors}
    owners: {group: Engineering Leads}
    who_invites: owners
  operations:
    name: Operations
    space: company
    members: {attribute: department, in: [Operations, Support]}
    owners: {user: asmith}
  apollo:
    name: Project Apollo
    space: company
    members: {group: Project Apollo}
    owners: {user: jdoe}
    outsiders: approved

outsiders:
  anna:
    who: "@anna:partner.example.org"
    rooms: [apollo]
    sponsor: jdoe
    reason: Contract 2026-118
    until: 2099-01-31

guards:
  canaries: [rollcall-canary]
"""

done = 0
times = []


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def step(title):
    global done
    done += 1
    print(f"\n{paint('1', f'[{done}/{STEPS}] {title}')}", flush=True)


def say(text):
    print(f"      {text}", flush=True)


def show(text):
    for line in text.rstrip().splitlines():
        print(f"      {paint('2', '|')} {line}", flush=True)


def timed(what, condition, seconds=20):
    """Waits until it is so, and notes how long that took."""
    began = time.monotonic()
    wait_until(condition, what, seconds, 0.005)
    took = time.monotonic() - began
    times.append((what, took))
    say(paint("32", f"{what}: after {took:.2f} s"))


def rollcall(*words, wrong=False):
    result = subprocess.run([str(BUILD / "daemon/rollcall"), "-c", str(CONFIG), *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if not wrong and result.returncode not in (0, 3, 4):
        raise LabError(f"`rollcall {' '.join(words)}` ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout + result.stderr


def quietly(words, what, **options):
    began = time.monotonic()
    say(f"{what} …")
    log = HOME.parent / "demo-build.log"
    with open(log, "a") as out:
        if subprocess.run(words, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, **options).returncode != 0:
            raise LabError(f"{what} failed; see {log}")
    say(f"{what}: {time.monotonic() - began:.0f} s")


def daemon_pid():
    """The demo's daemon, if it runs: the pid file's process must be that program."""
    try:
        pid = int(PID.read_text())
        return pid if "rollcall" in pathlib.Path(f"/proc/{pid}/cmdline").read_text() else None
    except (OSError, ValueError):
        return None


def stop_daemon():
    pid = daemon_pid()
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: daemon_pid() is None, "the daemon's end", 15, 0.05)


def build():
    step("Build Rollcall")
    BUILD.parent.mkdir(exist_ok=True)
    HOME.parent.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, CXX="ccache g++")
    if not (BUILD / "build.ninja").exists():
        quietly(["meson", "setup", str(BUILD), str(ROOT), "--buildtype=release"], "configuring", env=environment)
    quietly(["ninja", "-j", "2", "-C", str(BUILD), "daemon/rollcall"], "compiling (some minutes the first time)", env=environment)


def start_servers():
    step("Start a domain controller and two homeservers on loopback")
    subprocess.run([str(ROOT / "tests/lab/lab"), "up", "--fresh"], check=True)
    say(f"{CORP.name} is the company, {PARTNER.name} somebody else's server; 240 people work here")


def set_up():
    step("Set Rollcall up: rollcall init")
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True, mode=0o750)
    secrets = HOME / "secrets"
    secrets.mkdir(mode=0o700)
    settings.write_secret(secrets / "bind-password", settings.secret("bind-password"))
    shutil.copy(settings.CA, HOME / "corp-ca.pem")
    told = rollcall("init", "--server-name", CORP.name, "--homeserver-url", CORP.url, "--listen", "127.0.0.1:9009", "--directory-url", f"ldaps://{settings.DC_ADDRESS}",
                    "--base", settings.BASE_DN, "--bind-user", f"{settings.BIND_LOGIN}@{CORP.name}", "--bind-password-file", str(secrets / "bind-password"),
                    "--ca-file", str(HOME / "corp-ca.pem"), "--employees", "All Staff", "--state", str(HOME / "state"), "--socket", str(HOME / "control.sock"),
                    "--time-zone", "Europe/Amsterdam", "--exclude", settings.BREAKGLASS)
    show("\n".join(told.splitlines()[:8]))
    CONFIG.write_text(re.sub(r"group: rollcall\b", "group: root", CONFIG.read_text()))
    for file in (HOME / "policy").glob("*.yaml"):
        file.unlink()
    (HOME / "policy" / "company.yaml").write_text(POLICY)
    say(f"the policy of this company: {HOME}/policy/company.yaml")
    registrations = [str(HOME / "registrations" / name) for name in ("rollcall.yaml", "rollcall-mask.yaml")]
    subprocess.run([str(ROOT / "tests/lab/lab"), "register", "--replace", *registrations], check=True, stdout=subprocess.DEVNULL)
    say("the homeserver has both registrations and was restarted")
    show(rollcall("check"))


def plan_and_apply():
    step("What would happen? rollcall plan")
    plan = rollcall("plan").splitlines()
    show("\n".join(plan[:24] + ([f"… {len(plan) - 26} more lines …"] if len(plan) > 26 else []) + plan[-2:]))
    step("Let it happen: rollcall run, rollcall apply")
    with open(LOG, "a") as log:
        process = subprocess.Popen([str(BUILD / "daemon/rollcall"), "-c", str(CONFIG), "run"], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    PID.write_text(str(process.pid))
    wait_until(lambda: "directory   up" in rollcall("status", wrong=True), "the daemon", 20, 0.2)
    began = time.monotonic()
    show("\n".join(rollcall("apply", "--yes", "--reason", "first apply").splitlines()[-3:]))
    last = ""
    while "nothing to do" not in (status := rollcall("status")):
        if time.monotonic() - began > 300:
            raise LabError(f"rooms were not filled within five minutes; see {LOG}")
        now = next((line.strip() for line in status.splitlines() if line.strip().startswith("rooms ")), "")
        if now != last:
            say(re.sub(r"\s+", " ", now))
        last = now
        time.sleep(1)  # a line a second is what a visitor can follow
    times.append(("rooms made and filled", time.monotonic() - began))
    show(status)


def room(key):
    return Client.login("john.doe").resolve(f"#{key}:{CORP.name}")


def joiner(directory):
    step("A joiner: lvega is put into the group Engineering")
    john, engineering = Client.login("john.doe"), room("engineering")
    directory.add_to_group("lvega", "Engineering")
    timed("lvega is in #engineering, without having clicked anything", lambda: CORP.user_id("lvega") in john.joined(engineering))
    show(rollcall("why", "lvega", "engineering"))


def leaver(directory):
    step("A leaver: the account of mvisser is disabled in Active Directory")
    leaver, john = Client.login("mvisser"), Client.login("john.doe")
    rooms = leaver.joined_rooms()
    say(f"mvisser is signed in, and in {len(rooms)} rooms")
    directory.disable("mvisser")
    timed("mvisser's sessions are gone", lambda: not leaver.signed_in())
    watched = [r for r in rooms if r in john.joined_rooms()]
    timed(f"mvisser is out of all {len(watched)} rooms that john.doe can see", lambda: all(leaver.user_id not in john.joined(r) for r in watched))
    show(rollcall("why", "mvisser", "engineering"))


def outsider():
    step("Somebody's friend: john.doe invites @bob:partner.example.org into Engineering")
    john, bob, engineering = Client.login("john.doe"), Client.login("bob", PARTNER), room("engineering")
    say("Engineering is not open to outsiders")
    john.invite(engineering, bob.user_id)
    timed("the invitation is taken back", lambda: john.members(engineering).get(bob.user_id) != "invite")

    def told():
        for invited in john.invitations():
            john.join(invited)
        for joined in john.joined_rooms():
            for event in john.events(joined):
                if event["type"] == "m.room.message" and event["sender"].startswith("@rollcall:"):
                    return event["content"]["body"]
        return None

    timed("john.doe is told why", told)
    show(told())
    say("Project Apollo is open to outsiders with an approval, and @anna:partner.example.org has one:")
    apollo, anna = room("apollo"), Client.login("anna", PARTNER)
    john.invite(apollo, anna.user_id)
    anna.join(apollo, via=CORP)
    wait_until(lambda: anna.user_id in john.joined(apollo), "anna in Project Apollo", 20)
    show(rollcall("why", anna.user_id, "apollo"))


def directory_away():
    step("The directory goes away, and nobody is removed")
    john, engineering = Client.login("john.doe"), room("engineering")
    before = len(john.joined(engineering))
    subprocess.run([str(ROOT / "tests/lab/lab"), "stop-dc"], check=True, stdout=subprocess.DEVNULL)
    timed("rollcall notices", lambda: "directory   up" not in rollcall("status"), 60)
    show("\n".join(rollcall("status").splitlines()[:6]))
    say(f"members of Engineering: {before} before, {len(john.joined(engineering))} now")
    subprocess.run([str(ROOT / "tests/lab/lab"), "start-dc"], check=True, stdout=subprocess.DEVNULL)
    timed("it is back, and noticed by itself", lambda: "directory   up" in rollcall("status"), 90)


def empty_answer(directory):
    step("The directory hides people: nobody is removed either")
    show_again = directory.deny_read("Engineering", "member")
    directory.set_attribute("Engineering", "description", "touched")
    wait_until(lambda: "Engineering" in rollcall("status", "--json").split('"unreadable_groups"')[1].split("]")[0], "the unreadable group in status", 60, 0.3)
    say("the members of the group Engineering cannot be read any more: unknown, so everybody stays as they are")
    show(rollcall("why", "jdoe", "engineering"))
    show_again()
    directory.set_attribute("Engineering", "description", "and again")


def evidence():
    step("Everything that was done, with its reason: rollcall audit list")
    show(rollcall("audit", "list", "--most", "14"))


def look_around():
    step("How long it took, and how to look around")
    for what, took in times:
        say(f"{took:7.2f} s  {what}")
    print(f"""
      homeserver   {CORP.url} (any Matrix client), sign in as john.doe with {settings.PASSWORD}
      partner      {PARTNER.url}, anna or bob, the same password
      directory    {settings.LDAPS_URL}, {settings.ADMINISTRATOR_DN}
                   password in {settings.SECRETS}/administrator-password, CA in {settings.CA}
      policy       {HOME}/policy/company.yaml: change it, then plan and apply
      log          {LOG}

      Try:
        alias rollcall='{BUILD}/daemon/rollcall -c {CONFIG}'
        rollcall status
        rollcall why asmith
        rollcall plan
        rollcall holds
        rollcall audit list --user mvisser
        rollcall depart asmith --reason "left without notice"

      {ROOT}/tests/lab/demo --stop    ends all of it
""")


def stop():
    stop_daemon()
    subprocess.run([str(ROOT / "tests/lab/lab"), "down"], check=True)
    print("demo: everything that it started has ended")


def main():
    if sys.argv[1:] == ["--stop"]:
        return stop()
    if sys.argv[1:]:
        sys.exit("usage: tests/lab/demo [--stop]")
    try:
        build()
        stop_daemon()
        start_servers()
        set_up()
        plan_and_apply()
        directory = Directory()
        joiner(directory)
        leaver(directory)
        outsider()
        directory_away()
        directory = Directory()
        empty_answer(directory)
        evidence()
        look_around()
    except (LabError, MatrixError, subprocess.CalledProcessError, OSError) as fault:
        print(f"\ndemo: this step failed: {fault}\n      logs: {LOG}, {settings.LOGS}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
