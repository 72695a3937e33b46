"""Tries on the running lab everything that tests rely on, and says what it saw and how long it took (`lab check`)."""

import http.client
import subprocess
import sys
import time
import urllib.error
import uuid

import ldap3

from . import settings
from .ad import Directory
from .matrix import Client, MatrixError, wait_until
from .proxy import HttpProxy, TcpProxy
from .settings import CORP, PARTNER

NOTIFY = "1.2.840.113556.1.4.528"
EXTENDED_DN = ("1.2.840.113556.1.4.529", True, b"\x30\x03\x02\x01\x01")
LOGIN = "lab-check"


def expect(truth, what: str) -> None:
    if not truth:
        raise AssertionError(what)


def milliseconds(began: float) -> str:
    return f"{(time.monotonic() - began) * 1000:.0f} ms"


def service_account_reads(admin: Directory, service: Directory) -> str:
    seen = service.search("(&(objectCategory=person)(objectClass=user))", ["userAccountControl", "accountExpires"])
    blind = [entry["dn"] for entry in seen if not entry["raw"].get("userAccountControl")]
    expect(not blind, f"no userAccountControl of {blind[:3]}")
    groups = service.search("(objectClass=group)", ["member"])
    return f"{len(seen)} accounts with userAccountControl, {len(groups)} groups"


def service_account_sees_deleted(admin: Directory, service: Directory) -> str:
    admin.add_person(LOGIN)
    guid = admin.guid(LOGIN)
    admin.delete(LOGIN)
    found = service.search("(isDeleted=TRUE)", ["objectGUID", "lastKnownParent", "sAMAccountName"], deleted=True)
    mine = [entry for entry in found if uuid.UUID(bytes_le=entry["raw"]["objectGUID"][0]) == uuid.UUID(guid)]
    expect(mine and mine[0]["raw"]["lastKnownParent"], "the tombstone is not seen")
    return f"a deleted person's tombstone, among {len(found)} entries"


def extended_names(admin: Directory, service: Directory) -> str:
    [entry] = service.search("(sAMAccountName=SRE)", ["member"], controls=[EXTENDED_DN])
    values = entry["raw"]["member"]
    expect(all(value.startswith(b"<GUID=") for value in values), f"{values[:1]}")
    return values[0].decode()


def notification(admin: Directory, service: Directory) -> str:
    """A watcher is told of a change made over LDAP, many times over: the slowest counts."""
    watcher = subprocess.Popen(
        ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-x", "-H", settings.LDAPS_URL, "-D", settings.BIND_DN,
         "-y", str(settings.SECRETS / "bind-password"), "-b", settings.BASE_DN, "-E", f"!{NOTIFY}",
         "(objectClass=*)", "title"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, bufsize=1,
        env={"LDAPTLS_CACERT": str(settings.CA), "PATH": "/usr/bin:/bin"})
    delays = []
    try:
        before = admin.attribute("lvega", "title")
        time.sleep(0.5)          # ldapsearch says nothing once its search is registered
        for number in range(5):
            began = time.monotonic()
            admin.set_attribute("lvega", "title", f"Check {number}")
            for line in watcher.stdout:
                if line.strip() == f"title: Check {number}":
                    break
            delays.append((time.monotonic() - began) * 1000)
        admin.set_attribute("lvega", "title", before)
    finally:
        watcher.kill()
        watcher.wait()
    return "modify sent to notification seen: " + ", ".join(f"{delay:.0f}" for delay in delays) + " ms"


def unreadable_member_looks_empty(admin: Directory, service: Directory) -> str:
    restore = admin.deny_read("SRE", "member")
    try:
        expect(not service.members("SRE"), "member is still read")
        seen = service.search("(sAMAccountName=kbakker)", ["memberOf"])[0]["raw"].get("memberOf", [])
        hint = any(value.startswith(b"CN=SRE,") for value in seen)
    finally:
        restore()
    expect(service.members("SRE"), "member is not readable again")
    return "a denied member attribute is simply missing; memberOf of its people " + (
        "still names the group" if hint else "does not name it either")


def users_sign_in(*_) -> str:
    began = time.monotonic()
    user = Client.login("jdoe")
    expect(user.whoami()["user_id"] == "@jdoe:corp.example.com", "another user")
    expect(Client.breakglass().account("@lvega:corp.example.com"), "breakglass is no administrator")
    return milliseconds(began)


def federation(*_) -> str:
    """A partner's user is invited, joins, reads a message, is kicked, and cannot come back."""
    owner, guest = Client.login("jdoe"), Client.login("bob", PARTNER)
    room = owner.create_room(name="Lab check", preset="private_chat", invite=[guest.user_id])
    wait_until(lambda: room in guest.invitations(), "the invitation at the partner", 10)
    began = time.monotonic()
    guest.join(room, via=CORP)
    joined = milliseconds(began)
    owner.wait_membership(room, guest.user_id, "join")
    owner.send(room, "hello partner")
    guest.wait_message(room, "hello partner")
    began = time.monotonic()
    owner.kick(room, guest.user_id, "check")
    kicked = milliseconds(began)
    guest.wait_out(room)
    seen = milliseconds(began)
    try:
        guest.join(room, via=CORP)
    except MatrixError as error:
        expect(error.status == 403, str(error))
    else:
        raise AssertionError("the partner's user came back")
    version = owner.state_content(room, "m.room.create")["room_version"]
    owner.leave(room)
    return f"room version {version}; join {joined}, kick {kicked}, seen by the partner's user after {seen}"


def _is_cut(request) -> bool:
    try:
        request()
        return False
    except (OSError, http.client.HTTPException):
        return True


def http_faults(*_) -> str:
    with HttpProxy(CORP.url) as proxy:
        user = Client.login("asmith", url=proxy.url)
        proxy.too_many("GET", "/whoami", 250, times=1)
        try:
            user.whoami()
            raise AssertionError("429 was not answered")
        except MatrixError as error:
            expect((error.status, error.retry_after_ms) == (429, 250), str(error))
        user.whoami()
        for when in ("before", "after", "middle"):
            proxy.cut_when(when, "POST", "/createRoom")
            expect(_is_cut(lambda: user.create_room(name=when)), f"not cut {when}")
        rooms = user.joined_rooms()
        names = {(user.state_content(room, "m.room.name") or {}).get("name") for room in rooms}
        expect({"after", "middle"} <= names and "before" not in names, f"rooms are {names}")
        proxy.refuse()
        try:
            user.whoami()
            raise AssertionError("not refused")
        except urllib.error.URLError:
            pass
        proxy.well()
        user.whoami()
        count = proxy.count("POST", "/createRoom")
        for room in rooms:
            user.leave(room)
    return f"429, cuts and refusals as told; {count} createRoom counted"


def tcp_faults(*_) -> str:
    with TcpProxy(settings.DC_ADDRESS, 636) as proxy:
        through = Directory(settings.BIND_DN, settings.secret("bind-password"), "127.0.0.1", proxy.port)
        expect(through.attribute("jdoe", "cn") == "jdoe", "nothing came through")
        proxy.cut()
        expect(through.attribute("jdoe", "cn") == "jdoe", "no second connection")
        proxy.refuse()
        try:
            through.attribute("jdoe", "cn")
            raise AssertionError("not refused")
        except ldap3.core.exceptions.LDAPException:
            pass
        proxy.pass_on()
        expect(through.attribute("jdoe", "cn") == "jdoe", "not back")
        taken = proxy.connections
    return f"LDAPS through it, cut, refused and back; {taken} connections"


CHECKS = (service_account_reads, service_account_sees_deleted, extended_names, notification,
          unreadable_member_looks_empty, users_sign_in, federation, http_faults, tcp_faults)


def main() -> int:
    admin, service = Directory(), Directory.as_service()
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            print(f"lab: {name}: {check(admin, service)}", flush=True)
        except Exception as error:  # the next check may still tell something
            failed += 1
            print(f"lab: {name} FAILED: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
