"""Puts deny entries into the access list of a directory object, as bytes: what an admin does in the security tab.

Just enough of MS-DTYP: a self-relative descriptor that holds only the access list (DACL).
"""

import struct
import uuid

READ_PROPERTY = 0x10
LIST_CHILDREN = 0x04
SE_DACL_PRESENT = 0x0004
SE_SELF_RELATIVE = 0x8000
DENIED, DENIED_OBJECT = 0x01, 0x06
OBJECT_TYPE_PRESENT = 0x01
HEADER = struct.Struct("<BBHIIII")       # revision, 0, control, offsets of owner, group, SACL, DACL
ACL = struct.Struct("<BBHHH")            # revision, 0, size, entries, 0
DACL_REVISION_OBJECTS = 4


def _entry(sid: bytes, mask: int, attribute: uuid.UUID | None) -> bytes:
    if attribute is None:
        return struct.pack("<BBHI", DENIED, 0, 8 + len(sid), mask) + sid
    body = struct.pack("<II", mask, OBJECT_TYPE_PRESENT) + attribute.bytes_le + sid
    return struct.pack("<BBH", DENIED_OBJECT, 0, 4 + len(body)) + body


def deny(descriptor: bytes, sid: bytes, mask: int, attribute: uuid.UUID | None = None) -> bytes:
    """The descriptor with one more entry, before all others: that account may not do this to this attribute."""
    _, _, control, _, _, _, offset = HEADER.unpack_from(descriptor)
    if not control & SE_DACL_PRESENT or not offset:
        raise ValueError("the object has no access list")
    _, _, size, entries, _ = ACL.unpack_from(descriptor, offset)
    new = _entry(sid, mask, attribute)
    acl = ACL.pack(DACL_REVISION_OBJECTS, 0, size + len(new), entries + 1, 0) + new
    acl += descriptor[offset + ACL.size:offset + size]
    return HEADER.pack(1, 0, control | SE_SELF_RELATIVE, 0, 0, 0, HEADER.size) + acl
