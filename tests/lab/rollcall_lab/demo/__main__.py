"""The tour, from nothing to a company that looks after its rooms by itself. Started by tests/lab/demo."""

import argparse
import datetime
import pathlib
import subprocess
import sys
import time

from .. import lifecycle, settings, synapse
from ..processes import LabError
from ..settings import CORP, PARTNER
from . import policy, program, scenes, screen

LAB = settings.SOURCES / "lab"


def lab_up() -> None:
    """A fresh lab: what an earlier demo left is removed."""
    program.daemon().stop()
    # By the lab's own command line: making a domain needs Debian's Python, which has Samba's modules.
    with screen.step("started a domain with 240 people and two homeservers") as step:
        lab = subprocess.Popen([str(settings.SOURCES / "lab"), "up", "--fresh"], text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = []
        for line in lab.stdout:
            lines.append(line.rstrip())
            step.note(lines[-1].removeprefix("lab: "))
        if lab.wait() != 0:
            raise LabError("the lab did not start: " + "; ".join(lines[-3:]))
    screen.say(f"Active Directory: {settings.LDAPS_URL} (Samba). The company's homeserver, {CORP.name}: {CORP.url}."
               f" A partner's, {PARTNER.name}: {PARTNER.url} (Synapse). All of it is on this machine only.")


def configure() -> None:
    with screen.step("wrote the configuration with `rollcall init`"):
        program.init()
    files = sorted(path for path in program.FOLDER.rglob("*") if path.is_file())
    for file in files:
        screen.line(f"      {file}")
    program.POLICY.write_text(policy.text(datetime.date.today()))
    with lifecycle.alone(), screen.step("told the homeserver about Rollcall, and restarted it"):
        synapse.set_registrations(sorted((program.FOLDER / "registrations").iterdir()))
    screen.say("Who belongs where is a text file. A part of it:")
    screen.output(policy.part(program.POLICY.read_text(), "  engineering:", "  operations:"))
    program.show("check", "--online")


def plan() -> None:
    screen.say("Nothing has been touched yet. This is what would happen; here only one room of it and the last line:")
    screen.command("rollcall plan")
    text = program.run("plan")
    rooms = text.split("\n\n")
    screen.output("…\n" + next(room for room in rooms if room.startswith("#engineering")) + "\n…\n" + rooms[-1].strip())


def apply(stage) -> None:
    with screen.step("started the daemon"):
        program.start()
    screen.command('rollcall apply --yes --reason "First policy"')
    screen.output(program.run("apply", "--yes", "--reason", "First policy").strip().split("\n\n")[-1])
    scenes.rooms_fill(stage)
    program.show("plan", "--exit-code")


def summary(stage, began: float) -> None:
    screen.heading("How long each took")
    for what, seconds in stage.times:
        screen.line(f"  {screen.took(seconds):>8}  {what}")
    screen.line(f"  {screen.took(time.monotonic() - began):>8}  all of this")
    screen.heading("Look around")
    rollcall = f"{program.PROGRAM} -c {program.CONFIG}"
    screen.say(f"Everything keeps running. Any Matrix client: homeserver {CORP.url}, login john.doe (or lvega, asmith), password"
               f" {settings.PASSWORD}. From another machine: ssh -L 8008:{settings.NET}.1:8008 … and http://localhost:8008.")
    screen.line()
    screen.line("  " + screen.paint("bold", f"alias rollcall='{rollcall}'"))
    here = _short(settings.SOURCES)
    for words, what in [
            ("rollcall status", "is all well"),
            ("rollcall why jdoe", "where John belongs, and by which rule"),
            ("rollcall audit list --follow", "what happens, as it happens"),
            ("rollcall plan", "what would change once you have edited the policy"),
            ("rollcall apply", "put it in force"),
            (f"{here}/demo --disable asmith", "another leaver; --enable takes it back"),
            (f"{here}/demo --add lvega Engineering", "a joiner; --remove takes it back"),
            (f"{here}/demo --stop", "end all of it")]:
        screen.line("  " + screen.paint("bold", f"{words:43}") + what)
    screen.line()
    screen.say(f"The policy is {program.POLICY}; logs are in {settings.LOGS}.")


def _short(path: pathlib.Path) -> str:
    """As seen from the project's top, where the visitor is."""
    return str(path.relative_to(program.TREE))


def tour() -> None:
    began = time.monotonic()
    screen.heading("Rollcall: rooms that keep themselves")
    screen.say("Companies chat in groups of which nobody knows who is in them. Rollcall keeps Matrix rooms as a policy over the"
               " company directory wants them: newcomers are in, leavers are out, outsiders only where approved, all of it on"
               " record. This shows it on a throwaway company.")
    screen.heading("1  Getting ready")
    program.build()
    lab_up()
    screen.heading("2  Configuration")
    configure()
    stage = scenes.open_stage()
    for title, scene in [
            ("3  The plan", lambda _stage: plan()), ("4  Apply it", apply), ("5  Somebody joins", scenes.joiner),
            ("6  Somebody leaves", scenes.leaver), ("7  Somebody brings a friend", scenes.outsider),
            ("8  … while the daemon is down", scenes.outsider_while_down),
            ("9  The directory goes away", scenes.directory_away), ("10 The directory hides something", scenes.directory_hides),
            ("11 On record", scenes.trail)]:
        screen.heading(title)
        scene(stage)
    summary(stage, began)


def stop() -> None:
    if program.daemon().stop():
        screen.line("demo: ended the daemon")
    with lifecycle.alone():
        lifecycle.stop_all(screen.line)


def play(options) -> None:
    """One change of the directory, as IT would make it."""
    from ..ad import Directory
    directory = Directory()
    if options.disable:
        directory.disable(options.disable)
    if options.enable:
        directory.enable(options.enable)
    if options.add:
        directory.add_to_group(*options.add)
    if options.remove:
        directory.remove_from_group(*options.remove)


def arguments():
    parser = argparse.ArgumentParser(prog="tests/lab/demo", description="Shows Rollcall at work on a throwaway company.")
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--stop", action="store_true", help="end the daemon and the servers")
    one.add_argument("--disable", metavar="LOGIN", help="disable an account in the directory")
    one.add_argument("--enable", metavar="LOGIN", help="enable it again")
    one.add_argument("--add", nargs=2, metavar=("LOGIN", "GROUP"), help="put somebody into a group")
    one.add_argument("--remove", nargs=2, metavar=("LOGIN", "GROUP"), help="take somebody out of a group")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        if options.stop:
            stop()
        elif options.disable or options.enable or options.add or options.remove:
            play(options)
        else:
            tour()
        return 0
    except KeyboardInterrupt:
        screen.fault("stopped; what runs still runs: tests/lab/demo --stop ends it")
        return 130
    except Exception as error:
        screen.fault(f"{error}")
        print(f"  Logs: {program.daemon().output} (the daemon), the other files there (the servers);"
              f" {program.BUILD}/demo-build.log (the build).\n"
              f"  What runs still runs; {_short(settings.SOURCES)}/demo --stop ends it.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
