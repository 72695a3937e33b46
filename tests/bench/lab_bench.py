"""Benchmarks against a lab of their own: what Rollcall takes, beside what the same homeserver takes when the same
requests are sent straight at it with the same parallelism. Both sides take turns in one run, in rooms with as many
people; a figure is the median. Ratios are what counts: the absolute times are this machine's.

Moments in a room are the homeserver's own timestamps of its events, for both sides.
"""

import argparse
import os
import pathlib
import statistics
import sys
import time

os.environ.setdefault("ROLLCALL_LAB", "/var/tmp/rollcall-lab-bench")
os.environ.setdefault("ROLLCALL_LAB_NET", "127.0.8")
os.environ["ROLLCALL_LAB_ROOM_VERSION"] = "11"     # its creators can give up power, which `open` needs
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lab"))

from rollcall_lab import matrix, settings  # noqa: E402
from rollcall_lab.settings import CORP, PARTNER  # noqa: E402

from floor import SLOTS, at_once  # noqa: E402
from bench_site import Site, lab, poll  # noqa: E402

ROOMS = 10          # in each round of the fill
LEAVING_GROUP = 9   # people, one after the other; a third of the room, so that no guard holds them


def say(text: str) -> None:
    print(f"{text}   [load {os.getloadavg()[0]:.1f}]", flush=True)


def against(mine: list, floor: list, at_most: float) -> str:
    ratio = statistics.median(mine) / statistics.median(floor)
    return (f"median {statistics.median(mine):.1f} ms against {statistics.median(floor):.1f} ms: ratio {ratio:.2f} "
            f"(wanted: <= {at_most}; {len(mine)} of each; {min(mine):.0f}..{max(mine):.0f} "
            f"against {min(floor):.0f}..{max(floor):.0f})")


FIGURES = ["fill", "nothing", "group", "leaver", "outsiders"]


class Bench:
    def __init__(self, binary: str, people: int, rounds: int):
        self.rounds = rounds
        self.site = Site(binary, people)
        self.keys: dict = {}         # of the managed rooms → group
        self.floor_rooms: list = []
        self.few = self.site.staff[12:32]       # no leavers

    def run(self, figures: list) -> None:
        site = self.site
        try:
            # All of the directory before the daemon looks: a plan in between would be of half of a group.
            site.directory.create_group("Bench Group", members=site.staff[:LEAVING_GROUP * 3])
            site.directory.create_group("Bench Few", members=self.few)
            site.policy({f"r0-{i}": "Bench Staff" for i in range(ROOMS)})
            began = time.monotonic()
            site.start()
            site.rollcall("plan")
            say(f"start -> first plan of {len(site.staff)} people x {ROOMS} rooms: "
                f"{1000 * (time.monotonic() - began):.0f} ms")
            for figure in figures:
                getattr(self, figure)()
        finally:
            self.site.stop()
            lab("down")

    # --- figure 5, and 6: start to first plan, and the peak of memory

    def fill(self) -> None:
        site = self.site
        mine, after, floor, after_floor = [], [], [], []
        for number in range(self.rounds):
            self.keys.update({f"r{number}-{i}": "Bench Staff" for i in range(ROOMS)})
            mine.append(self.fill_managed())
            after.append(1000 * site.homeserver_idle() / (ROOMS * len(site.staff)))
            floor.append(self.fill_straight(number))
            after_floor.append(1000 * site.homeserver_idle() / (ROOMS * len(site.staff)))
        say(f"first fill of {len(site.staff)} people x {ROOMS} rooms, beside invite + join sent straight, a membership: "
            + against(mine, floor, 0.5))
        say("  and until the homeserver's user directory has caught up as well: "
            + against([a + b for a, b in zip(mine, after)], [a + b for a, b in zip(floor, after_floor)], 1.0))
        say(f"resident memory after it: {site.memory():.1f} MiB, at its peak {site.memory('VmHWM'):.1f} MiB")

    def fill_managed(self) -> float:
        site = self.site
        before, start = site.metric("requests_total"), time.monotonic()
        site.policy(self.keys)
        site.apply()
        site.quiet()
        took = time.monotonic() - start
        say(f"  filled: {site.metric('requests_total') - before:.0f} requests, {took:.1f} s")
        return 1000 * took / (ROOMS * len(site.staff))

    def fill_straight(self, number: int) -> float:
        site = self.site
        rooms = [site.straight.room(name=f"floor {number}-{i}") for i in range(ROOMS)]
        self.floor_rooms += rooms

        def bring_in(room: str, user: str) -> None:
            site.straight.member(room, user, "invite")
            site.masked.member(room, user, "join", user)

        took = at_once([lambda r=r, u=CORP.user_id(login): bring_in(r, u) for login in site.staff for r in rooms])
        return 1000 * took / (ROOMS * len(site.staff))

    # --- figures 1 and 6: when there is nothing to do

    def nothing(self) -> None:
        site = self.site
        site.nothing_follows()
        requests, pings, cpu = site.metric("requests_total"), site.pings(), site.cpu()
        time.sleep(20)      # nothing is waited for: what is measured is a time in which nothing happens
        pings = site.pings() - pings
        say(f"idle for 20 s: {site.metric('requests_total') - requests - pings:.0f} requests to the homeserver "
            f"(wanted: 0) besides {pings} by which the daemon sees in silence that events would still arrive, "
            f"{1000 * (site.cpu() - cpu):.0f} ms of CPU, {site.memory():.1f} MiB resident")
        policy = site.folder / "policy" / "bench.yaml"
        policy.write_text(policy.read_text() + "# another text, the same meaning\n")
        requests = site.metric("requests_total")
        site.rollcall("plan")
        looks = site.metric("requests_total") - requests
        start = time.monotonic()
        site.apply()
        site.quiet()
        made = site.metric("requests_total") - requests - looks  # an apply believes what a plan saw just before
        say(f"a pass over everybody that changes nothing: {made:.0f} requests (wanted: 0) besides the {looks:.0f} by "
            f"which any plan looks at the ways, {1000 * (time.monotonic() - start):.0f} ms")
        site.stop()
        start = time.monotonic()
        site.start()
        site.quiet()
        say(f"cold start: {site.metric('requests_total'):.0f} requests for {len(self.keys)} rooms (wanted: at most two "
            f"a room), {time.monotonic() - start:.2f} s; {site.memory():.1f} MiB resident, "
            f"{site.memory('VmHWM'):.1f} MiB at its peak")

    # --- figure 3

    def group(self) -> None:
        site, took = self.site, []
        self.keys["bench-group"] = "Bench Group"
        site.policy(self.keys)
        site.apply()
        site.quiet()
        room = site.room_id("bench-group")
        for login in site.staff[:LEAVING_GROUP]:
            start = time.time()
            site.directory.remove_from_group(login, "Bench Group")
            took.append(self.until_out([room], CORP.user_id(login), start))
            site.quiet()
        say(f"AD group removal -> out of its room: median {statistics.median(took):.0f} ms, worst {max(took):.0f} ms")

    def until_out(self, rooms: list, user: str, start: float) -> float:
        """Milliseconds from then until they were out of the last of these rooms."""
        left = [poll("the kick", lambda r=room: self.left(r, user), 120, 0.05) for room in rooms]
        return max(left) - 1000 * start

    def left(self, room: str, user: str) -> int | None:
        site = self.site
        reader = site.straight if room in self.floor_rooms else site.bot
        event = reader.membership(room, user)
        return event["origin_server_ts"] if event["content"]["membership"] == "leave" else None

    def leaver(self) -> None:
        site = self.site
        managed = [site.room_id(key) for key, group in self.keys.items() if group == "Bench Staff"]
        mine, floor, sessions = [], [], []
        for turn in range(5):
            leaver, other = site.staff[2 + 2 * turn : 4 + 2 * turn]
            user = matrix.Client.login(leaver)
            start = time.time()
            site.directory.disable(leaver)
            poll("the sessions' end", lambda: not user.signed_in())
            sessions.append(1000 * (time.time() - start))
            mine.append(self.until_out(managed, user.user_id, start))
            site.quiet()
            user = matrix.Client.login(other)
            start = time.time()
            at_once([lambda r=room: site.straight.kick(r, user.user_id) for room in self.floor_rooms])
            floor.append(self.until_out(self.floor_rooms, user.user_id, start))
        say(f"AD disable -> sessions ended: median {statistics.median(sessions):.0f} ms, worst {max(sessions):.0f} ms")
        say(f"AD disable -> out of {len(managed)} rooms, beside as many kicks sent straight, {SLOTS} in flight: "
            + against(mine, floor, 1.2))

    # --- figure 2

    def outsiders(self) -> None:
        site, partner = self.site, matrix.Client.login("bob", PARTNER)
        self.keys["bench-open"] = "Bench Few"
        site.policy(self.keys)
        site.apply()
        site.quiet()
        managed, bare = site.room_id("bench-open"), site.straight.room(name="bare")
        for login in self.few:
            site.straight.member(bare, CORP.user_id(login), "invite")
            site.masked.member(bare, CORP.user_id(login), "join", CORP.user_id(login))
        self.open(site.straight, bare)
        site.rollcall("pause", "--all", "--reason", "the bench opens a door")
        self.open(site.bot, managed)
        site.rollcall("resume", "--reason", "the door stands open")
        mine, floor = [], []
        for _ in range(15):
            mine.append(self.join_to_kick(partner, managed, site.bot))
            floor.append(self.join_to_kick(partner, bare, site.straight))
        say("outsider's join -> kicked, beside a bare loop that answers the transaction with the kick: "
            + against(mine, floor, 1.5))

    def open(self, door: object, room: str) -> None:
        """Lets outsiders join, so that what is timed begins with the join. For the managed room that means that its
        bot gives up its own right to close the door again: it may still kick."""
        door.state(room, "m.room.server_acl", {"allow": ["*"], "deny": [], "allow_ip_literals": True})
        door.state(room, "m.room.join_rules", {"join_rule": "public"})
        levels = door.call("GET", f"/_matrix/client/v3/rooms/{room}/state/m.room.power_levels")
        levels["users"][door.user] = levels["kick"]
        levels["events"].update({"m.room.join_rules": 100, "m.room.server_acl": 100, "m.room.power_levels": 100})
        door.state(room, "m.room.power_levels", levels)

    def join_to_kick(self, partner: matrix.Client, room: str, reader: object) -> float:
        before = len([e for e in reader.newest(room) if e.get("state_key") == partner.user_id])
        partner.join(room, CORP)

        def kicked() -> list | None:
            events = [e for e in reader.newest(room) if e.get("state_key") == partner.user_id]
            done = events and events[0]["content"]["membership"] == "leave" and len(events) > min(before, 28)
            return events if done else None

        kick, join = poll("the kick", kicked, 60, 0.02)[:2]
        return kick["origin_server_ts"] - join["origin_server_ts"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="a release build of the daemon")
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5, help=f"of {ROOMS} rooms each")
    parser.add_argument("--only", choices=FIGURES, action="append", help="not all of them (leaver stands on fill)")
    words = parser.parse_args()
    Bench(words.binary, words.people, words.rounds).run(words.only or FIGURES)


if __name__ == "__main__":
    main()
