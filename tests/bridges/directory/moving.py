"""A domain controller on which somebody's primary group is switched while it is read: moving.py FOLDER, the rest as
endless.py. Each switch is one transaction: pim's primary group becomes the other one of the two groups (rid 1001 and
1002), of which they stop being a plain member, and they become one of the group before. The base that is asked for says
how many switches there are, each after a group was read: DC=three, DC=endless; and in DC=unclassed pim is disabled by
the first one, and what pim is may not be read."""

import pathlib
import re
import sys
import threading

import endless
from endless import ber, done, entry, number, text

PIM = bytes.fromhex("33333333000000000000000000000003")
OTHER = "<GUID=44444444-0000-0000-0000-000000000004>;CN=other"
GROUPS = {1001: bytes.fromhex("aaaaaaaa00000000000000000000000a"), 1002: bytes.fromhex("bbbbbbbb00000000000000000000000b")}


class Domain:
    def __init__(self, base: str):
        self.base, self.usn, self.primary = base, 100, 1001
        self.usns = {"pim": 1, 1001: 2, 1002: 3}
        self.left = {"three": 3, "unclassed": 1}.get(base, 1_000_000)

    def switch(self) -> None:
        self.primary = 2003 - self.primary
        for number, what in enumerate((1001, "pim", 1002), self.usn + 1):
            self.usns[what] = number
        self.usn += 3

    def pim(self, message: int) -> bytes:
        state = {"userAccountControl": ["514"]} if self.base == "unclassed" else {"userAccountControl": ["512"],
                                                                                 "objectClass": ["user"]}
        return entry(message, f"CN=pim,DC={self.base}", objectGUID=[PIM], **state, sAMAccountName=["pim"],
                     accountExpires=["0"], primaryGroupID=[str(self.primary)],
                     uSNChanged=[str(self.usns["pim"])])

    def group(self, message: int, rid: int) -> bytes:
        members = [f"{OTHER},DC={self.base}"]
        if rid != self.primary:
            members.append(f"<GUID=33333333-0000-0000-0000-000000000003>;CN=pim,DC={self.base}")
        sid = bytes([1, 1, 0, 0, 0, 0, 0, 5]) + rid.to_bytes(4, "little")
        return entry(message, f"CN=g{rid},DC={self.base}", objectGUID=[GROUPS[rid]], objectClass=["group"],
                     sAMAccountName=[f"g{rid}"], cn=[f"g{rid}"], objectSid=[sid], uSNChanged=[str(self.usns[rid])],
                     member=members)


domains: dict[str, Domain] = {}
lock = threading.Lock()


def end(message: int, body: bytes) -> bytes:
    paging = b"1.2.840.113556.1.4.319"
    last = ber(0x30, number(0), text(""))
    return done(message, 0x65, ber(0xA0, ber(0x30, text(paging), text(last))) if paging in body else b"")


def answer(send, message: int, body: bytes) -> None:
    with lock:
        if b"highestCommittedUSN" in body:      # the first one asked for is the one that is read
            for domain in domains.values():
                send(entry(message, "", highestCommittedUSN=[str(domain.usn)]))
                break
            return send(end(message, body))
        if start := re.search(rb"DC=(three|endless|unclassed)", body):
            domain = domains.get(start.group(1).decode())
            if domain is None:
                domains.clear()
                domain = domains[start.group(1).decode()] = Domain(start.group(1).decode())
        else:
            domain = next(iter(domains.values()))
        if b"memberOf" in body:
            return send(end(message, body))
        if after := re.search(rb"\xa5.\x04\x0auSNChanged\x04([\x01-\x09])", body, re.S):
            first = int(body[after.end():after.end() + after.group(1)[0]])
            for what in (1001, "pim", 1002):
                if domain.usns[what] >= first:
                    send(domain.pim(message) if what == "pim" else domain.group(message, what))
            return send(end(message, body))
        for rid, guid in GROUPS.items():
            if f"<GUID={guid[:4].hex()}".encode() in body:
                send(domain.group(message, rid))
                if domain.left > 0:
                    domain.left -= 1
                    domain.switch()
        send(end(message, body))


if __name__ == "__main__":
    endless.answer = answer
    endless.main(pathlib.Path(sys.argv[1]))
