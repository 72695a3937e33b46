-- The store's first schema: what must outlive the process (daemon/store/store.h says when it is written).
--
-- Portable on purpose, so that one text serves PostgreSQL too: a second engine replaces STRICT with nothing, INTEGER
-- with BIGINT and BLOB with BYTEA, and needs no other change. So there are no generated numbers, no rowid and no
-- triggers here (002 has those, in each engine's own words).
--
-- Conventions: times are milliseconds since the Unix epoch, UTC. GUIDs are the 16 bytes of an objectGUID in the
-- directory's order. NULL means "could not be read" or "none", never "empty". Enumerations are stored as numbers in the
-- order of the types in policy/ that their columns are named after.

-- ---- the directory ----

CREATE TABLE person (
    guid            BLOB PRIMARY KEY,
    dn              TEXT NOT NULL,
    login           TEXT NOT NULL,
    account_control INTEGER,
    expires         INTEGER,
    primary_group   INTEGER,
    deleted         INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    present         INTEGER NOT NULL CHECK (present IN (0, 1)),
    depart_ordered  INTEGER NOT NULL CHECK (depart_ordered IN (0, 1)),
    departed_seen   INTEGER NOT NULL CHECK (departed_seen IN (0, 1)),
    usn             INTEGER NOT NULL,
    matrix_id       TEXT NOT NULL
) STRICT;

CREATE TABLE person_attribute (
    person BLOB NOT NULL,
    name   TEXT NOT NULL,
    value  TEXT NOT NULL,
    PRIMARY KEY (person, name, value)
) STRICT;

CREATE TABLE directory_group (
    guid          BLOB PRIMARY KEY,
    dn            TEXT NOT NULL,
    name          TEXT NOT NULL,
    cn            TEXT NOT NULL,
    rid           INTEGER NOT NULL,
    deleted       INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    members_known INTEGER NOT NULL CHECK (members_known IN (0, 1)),
    usn           INTEGER NOT NULL
) STRICT;

-- By GUID on both sides: a member whose own entry has not been seen yet stands here like any other.
CREATE TABLE group_member (
    directory_group BLOB NOT NULL,
    member          BLOB NOT NULL,
    PRIMARY KEY (directory_group, member)
) STRICT;

-- ---- rooms and who is in them ----

-- Numbers are this file's own and stand for the texts in membership, of which there are millions.
CREATE TABLE matrix_user (
    number  INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL CHECK (account BETWEEN 0 AND 2)
) STRICT;

CREATE TABLE room (
    number         INTEGER PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE,
    id             TEXT NOT NULL,
    phase          INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 2),
    bot_joined     INTEGER NOT NULL CHECK (bot_joined IN (0, 1)),
    released       INTEGER NOT NULL CHECK (released IN (0, 1)),
    filling_since  INTEGER NOT NULL,
    claimed_alias  TEXT NOT NULL,
    alias_conflict TEXT NOT NULL,
    state          TEXT NOT NULL  -- JSON, see daemon/store/room_state_text.h
) STRICT;

-- "type|state key" → the event held, for every part of the state that is kept.
CREATE TABLE room_state (
    room  INTEGER NOT NULL,
    slot  TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (room, slot)
) STRICT;

CREATE TABLE room_child (
    room  INTEGER NOT NULL,  -- a space
    child TEXT NOT NULL,     -- room ID
    PRIMARY KEY (room, child)
) STRICT;

CREATE TABLE membership (
    matrix_user   INTEGER NOT NULL,
    room          INTEGER NOT NULL,
    state         INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
    cause         INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 2),
    needs_forget  INTEGER NOT NULL CHECK (needs_forget IN (0, 1)),
    approved_once INTEGER NOT NULL CHECK (approved_once IN (0, 1)),
    power         INTEGER NOT NULL,
    event         INTEGER NOT NULL,  -- digest of the event ID held
    PRIMARY KEY (matrix_user, room)
) STRICT;

CREATE TABLE inviter (
    matrix_user INTEGER NOT NULL,
    room        INTEGER NOT NULL,
    invited_by  INTEGER NOT NULL,  -- a matrix_user
    PRIMARY KEY (matrix_user, room)
) STRICT;

CREATE TABLE put_back (
    matrix_user INTEGER NOT NULL,
    room        INTEGER NOT NULL,
    time        INTEGER NOT NULL,
    PRIMARY KEY (matrix_user, room)
) STRICT;

CREATE TABLE departing (
    matrix_user INTEGER PRIMARY KEY,
    signed_out  INTEGER NOT NULL CHECK (signed_out IN (0, 1)),
    listed      INTEGER NOT NULL CHECK (listed IN (0, 1))
) STRICT;

CREATE TABLE departing_room (
    matrix_user INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    room        TEXT NOT NULL,  -- room ID
    done        INTEGER NOT NULL CHECK (done IN (0, 1)),
    PRIMARY KEY (matrix_user, position)
) STRICT;

-- ---- the engine ----

CREATE TABLE transaction_seen (
    number INTEGER PRIMARY KEY,
    id     TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE intent (
    id   INTEGER PRIMARY KEY,
    text TEXT NOT NULL
) STRICT;

CREATE TABLE mark (
    kind  TEXT NOT NULL,
    key   TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT;

CREATE TABLE trail (
    number INTEGER PRIMARY KEY,  -- 1, 2, 3 … without a gap
    time   INTEGER NOT NULL,
    kind   TEXT,
    person TEXT,                 -- whom it is about, as the entry's member "user" says
    room   TEXT,
    text   TEXT NOT NULL         -- canonical JSON, the entry itself
) STRICT;
CREATE INDEX trail_kind ON trail (kind, number) WHERE kind IS NOT NULL;
CREATE INDEX trail_person ON trail (person, number) WHERE person IS NOT NULL;
CREATE INDEX trail_room ON trail (room, number) WHERE room IS NOT NULL;

-- Every policy that was ever put in force; the last one is.
CREATE TABLE policy_version (
    number  INTEGER PRIMARY KEY,
    version TEXT NOT NULL,  -- hash of the files' text
    applied INTEGER NOT NULL,
    caller  TEXT NOT NULL,
    reason  TEXT NOT NULL
) STRICT;

CREATE TABLE policy_file (
    policy   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    path     TEXT NOT NULL,
    text     TEXT NOT NULL,
    PRIMARY KEY (policy, position)
) STRICT;

CREATE TABLE policy_pin (
    policy INTEGER NOT NULL,
    name   TEXT NOT NULL,  -- "group:engineering"
    guid   BLOB NOT NULL,
    PRIMARY KEY (policy, name)
) STRICT;

-- Single values: cursor, attributes_read (JSON), directory_read, frozen, last_intent.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
