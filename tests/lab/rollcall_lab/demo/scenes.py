"""What happens in the company: each scene changes something as a person or an administrator would, waits for what
Rollcall makes of it, and tells how long that took. Scenes share one Stage."""

import dataclasses
import threading
import time

from ..ad import Directory
from ..matrix import Client, LabError, MatrixError, wait_until
from ..settings import CORP, PARTNER
from . import program, screen

OFTEN = 0.03          # seconds between two looks where a time is measured; more looks would slow the homeserver down
ENGINEERING = "#engineering:corp.example.com"
APOLLO = "#apollo:corp.example.com"


@dataclasses.dataclass
class Stage:
    directory: Directory
    breakglass: Client                                        # the homeserver's administrator, who sees every room
    times: list = dataclasses.field(default_factory=list)     # (what, seconds) for the summary

    def timed(self, what: str, text: str, seconds: float) -> None:
        screen.happened(text, seconds)
        self.times.append((what, seconds))

    def rooms_of(self, user_id: str) -> list:
        return self.breakglass.call("GET", f"/_synapse/admin/v1/users/{user_id}/joined_rooms")["joined_rooms"]

    def members_of(self, room: str) -> set:
        return set(self.breakglass.call("GET", f"/_synapse/admin/v1/rooms/{room}/members")["members"])

    def managed_members(self) -> dict:
        """Alias → who is in it, of the policy's rooms."""
        found = {}
        for key in ("company", "projects", "announcements", "engineering", "operations", "apollo"):
            room = self.breakglass.resolve(f"#{key}:corp.example.com")
            found[key] = self.members_of(room)
        return found


def open_stage() -> Stage:
    directory = Directory()
    directory.usn()                                           # signs in now, not while a time is measured
    return Stage(directory, Client.breakglass())


def since(began: float) -> float:
    return time.monotonic() - began


def rooms_fill(stage: Stage) -> None:
    """After apply: rooms appear and people are in them."""
    began = time.monotonic()
    with screen.step("made the rooms and let everyone in") as step:
        def settled():
            status = program.status()
            rooms, left = status["rooms"], status["backlog"]["actions"]
            done = rooms["members"]
            step.note(f"{done} memberships, {left} actions to go", done / (done + left) if done + left else None)
            return rooms["created"] == rooms["managed"] and not rooms["filling"] and status["backlog"]["quiet"] and not left

        wait_until(settled, "everyone in their rooms", 180, every=0.3, unless=program.daemon().why_not_running)
    everyone = stage.managed_members()
    count = sum(len(members) - 1 for members in everyone.values())      # the bot is in each
    stage.timed("A new company", f"{len(everyone)} rooms and spaces exist on the homeserver, with {count} memberships.", since(began))


def joiner(stage: Stage) -> None:
    lucia = Client.login("lvega")
    john = Client.login("john.doe")
    room = john.resolve(ENGINEERING)
    john.send(room, "The build server moves on Friday; the notes are pinned.")
    screen.say("IT puts Lucía Vega into the group Engineering of the directory. Nothing else is done.")
    stage.directory.members("Engineering")      # IT is signed in to the directory: that is not the daemon's time
    began = time.monotonic()
    stage.directory.add_to_group("lvega", "Engineering")
    wait_until(lambda: room in lucia.joined_rooms(), "Lucía in the room Engineering", 30, every=OFTEN)
    stage.timed("A joiner is in the room", "Lucía is in the room Engineering; she had no invitation to click.", since(began))
    wait_until(lambda: any("build server" in text for text in lucia.messages(room)), "the earlier message", 10)
    screen.happened("She reads what was said before she came: “The build server moves on Friday …”")
    program.show("why", "lvega", "engineering")


def leaver(stage: Stage) -> None:
    marit, phone = Client.login("mvisser"), Client.login("mvisser")
    john = Client.login("john.doe")
    lunch = john.create_room(name="Lunch", preset="private_chat", invite=[marit.user_id])
    marit.join(lunch)
    before = stage.rooms_of(marit.user_id)
    screen.say(f"Marit Visser leaves the company. She is signed in on two devices and in {len(before)} rooms, among them"
               " Engineering, which she owns, and a private chat that no policy names. IT disables her account.")
    began = time.monotonic()
    stage.directory.disable("mvisser")
    wait_until(lambda: not marit.signed_in() and not phone.signed_in(), "the end of Marit's sessions", 30, every=OFTEN)
    stage.timed("A leaver is signed out", "Both devices are signed out.", since(began))
    wait_until(lambda: not stage.rooms_of(marit.user_id), "Marit out of every room", 60, every=OFTEN)
    stage.timed("A leaver is out of every room", f"She is out of all {len(before)} rooms, the private chat too.", since(began))
    room = john.resolve(ENGINEERING)
    reason = (john.state_content(room, "m.room.member", marit.user_id) or {}).get("reason", "")
    screen.say(f"Her colleagues read only: “{reason or 'left the room'}”.")


class Eager:
    """A friend on another server whose client accepts an invitation as soon as there is one."""

    def __init__(self, friend: Client, room: str):
        self._friend, self._room = friend, room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._try, daemon=True)
        self.came_in = False

    def _try(self) -> None:
        while not self._stop.is_set():
            try:
                self._friend.join(self._room, via=CORP)
                self.came_in = True
                return
            except (MatrixError, OSError):
                time.sleep(OFTEN)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(timeout=30)


def outsider(stage: Stage) -> None:
    john = Client.login("john.doe")
    anna, bob = Client.login("anna", PARTNER), Client.login("bob", PARTNER)
    engineering, apollo = john.resolve(ENGINEERING), john.resolve(APOLLO)
    screen.say("John Doe tries to bring Bob, a friend at another company, into Engineering.")
    try:
        john.invite(engineering, bob.user_id)
        screen.say("The homeserver took the invitation.")
    except MatrixError as error:
        screen.happened(f"The homeserver itself refuses ({error.errcode}): nobody can invite into a room that is closed to outsiders.")
    screen.say("Project Apollo is open to outsiders whom the policy approves: Anna, on contract 2026-118. John invites her.")
    john.invite(apollo, anna.user_id)
    wait_until(lambda: apollo in anna.invitations() or apollo in anna.joined_rooms(), "Anna's invitation", 20)
    anna.join(apollo, via=CORP)
    john.wait_membership(apollo, anna.user_id, "join", 20)
    screen.happened("Anna comes in, and stays.")
    screen.say("Then he invites Bob too, who is not approved and whose client accepts at once.")
    with Eager(bob, apollo) as eager:
        began = time.monotonic()
        john.invite(apollo, bob.user_id)
        wait_until(lambda: john.members(apollo).get(bob.user_id) == "leave", "Bob out of Project Apollo", 30, every=OFTEN)
        out = since(began)
    if eager.came_in:
        stage.timed("An outsider who got in is out", "Bob had come in, and is out.", out)
    else:
        stage.timed("An outsider's invitation is withdrawn", "The invitation is withdrawn before he could accept it.", out)
    _notice(stage, john, "Bob")


def _notice(stage: Stage, john: Client, who: str) -> None:
    """What the bot wrote to whoever invited."""
    bot = CORP.user_id("rollcall")

    def told():
        for room in [*john.joined_rooms(), *john.invitations()]:
            try:
                for event in john.events(room, 5):
                    if event["sender"] == bot and event["type"] == "m.room.message":
                        return event["content"]["body"]
            except MatrixError:
                try:
                    john.join(room)
                except MatrixError:
                    pass
        return None

    text = wait_until(told, f"the notice to John about {who}", 30)
    screen.happened("John gets a message that says why, and how to do it properly:")
    screen.output("\n".join(line for part in text.splitlines() for line in screen.wrapped(part)))


def outsider_while_down(stage: Stage) -> None:
    john, carol = Client.login("john.doe"), Client.register("carol", PARTNER, "Carol")
    apollo = john.resolve(APOLLO)
    screen.say("The worst moment: the daemon is killed (kill -9), and while it is gone John invites Carol, another friend.")
    program.daemon().kill()
    john.invite(apollo, carol.user_id)
    wait_until(lambda: apollo in carol.invitations(), "Carol's invitation", 20)
    carol.join(apollo, via=CORP)
    john.wait_membership(apollo, carol.user_id, "join", 20)
    screen.happened("Carol is in the room.")
    began = time.monotonic()
    program.daemon().start()
    wait_until(lambda: john.members(apollo).get(carol.user_id) == "leave", "Carol out of Project Apollo", 60, every=OFTEN,
               unless=program.daemon().why_not_running)
    stage.timed("An outsider who got in is out, from the daemon's start", "The daemon starts again, and Carol is out.", since(began))
    if "@anna:partner.example.org" not in john.joined(apollo):
        raise LabError("Anna is not in Project Apollo any more, although she is approved")
    screen.happened("Anna, who is approved, is still in.")


def directory_away(stage: Stage) -> None:
    before = stage.managed_members()
    count = sum(map(len, before.values()))
    screen.say(f"The domain controller is switched off. {count} memberships were there a moment ago.")
    stage.directory.stop()
    began = time.monotonic()
    wait_until(lambda: program.status()["directory"]["health"] != "up", "the daemon to notice", 60)
    stage.timed("The daemon notices that the directory is away", "The daemon has noticed. What it says now:", since(began))
    program.show("status", expect=(0, 1, 4))
    time.sleep(3)                                              # long enough for somebody to be removed, if anybody were
    after = stage.managed_members()
    gone = sum(len(before[key] - after[key]) for key in before)
    if gone:
        raise LabError(f"{gone} memberships are gone although nobody left")
    screen.happened(f"Three seconds later nobody has been removed: {count} memberships.")
    with screen.step("started the domain controller again"):
        stage.directory.start()
    began = time.monotonic()
    wait_until(lambda: program.status()["directory"]["health"] == "up", "the directory to be followed again", 90, every=0.1)
    stage.timed("The directory is followed again", "The daemon follows it again.", since(began))
    lucia = Client.login("lvega")
    room = lucia.resolve(ENGINEERING)
    began = time.monotonic()
    stage.directory.remove_from_group("lvega", "Engineering")
    wait_until(lambda: room not in lucia.joined_rooms(), "Lucía out of Engineering", 30, every=OFTEN)
    stage.timed("Out of a group is out of its room", "IT takes Lucía out of the group again: she is out of the room.", since(began))


def directory_hides(stage: Stage) -> None:
    before = stage.managed_members()["engineering"]
    screen.say("Worse than no answer is a wrong one. Somebody takes the daemon's right to read who is in the group Engineering:"
               " the directory answers as if the group were empty, with success.")
    put_back = stage.directory.deny_read("Engineering", "member")
    stage.directory.set_attribute("Engineering", "description", "hidden")     # so that the daemon is told to look at it
    began = time.monotonic()
    try:
        wait_until(lambda: "Engineering" in program.status()["unreadable_groups"], "the daemon to notice", 60, every=0.1)
        stage.timed("The daemon notices that a group is hidden", "The daemon has noticed, and takes nobody out or in by that group:",
                    since(began))
        screen.output("\n".join(program.run("why", "jdoe", "engineering").splitlines()[:3]))
        time.sleep(3)                                          # as above
        gone = before - stage.managed_members()["engineering"]
        if gone:
            raise LabError(f"{', '.join(sorted(gone))} were removed although their group only could not be read")
        screen.happened(f"Three seconds later all {len(before)} are still in Engineering.")
    finally:
        put_back()
        stage.directory.set_attribute("Engineering", "description", None)


def trail(_stage: Stage) -> None:
    screen.say("Every action is written down before it is sent, with its reason and the rule; its result follows. Marit's way"
               " through Engineering:")
    program.show("audit", "list", "--user", "mvisser", "--room", "engineering", "--most", "12")
