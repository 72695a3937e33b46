-- The trail's lasting form. The log's files (tile/…) hold the entries for ever; here is what the next checkpoint waits
-- for, what questions are answered from, and what is personal.
--
-- What was written before stays as it was, in trail_1, and is never changed: no hash covers it.

DROP TRIGGER trail_refuses_update;
DROP TRIGGER trail_refuses_delete;
DROP TRIGGER trail_refuses_replace;
DROP INDEX trail_kind;
DROP INDEX trail_person;
DROP INDEX trail_room;
ALTER TABLE trail RENAME TO trail_1;

CREATE TRIGGER trail_1_refuses_update BEFORE UPDATE ON trail_1
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_1_refuses_delete BEFORE DELETE ON trail_1
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_1_refuses_insert BEFORE INSERT ON trail_1
BEGIN
    SELECT RAISE(ABORT, 'this is the trail of before; entries go into trail');
END;

-- Intents up to this number were announced there.
INSERT INTO meta (key, value) SELECT 'trail_1_last_intent', value FROM meta WHERE key = 'last_intent';

-- A person, once they are in the trail: found by objectGUID, or by a name: Matrix ID, or "unix:" and a uid. Erased means
-- that the key is gone; the row stays, so that its number is never given again.
CREATE TABLE person_key (
    id     INTEGER PRIMARY KEY,
    key    BLOB,
    guid   BLOB,
    name   TEXT,
    erased INTEGER,
    CHECK ((erased IS NULL AND key IS NOT NULL) OR
           (erased IS NOT NULL AND key IS NULL AND guid IS NULL AND name IS NULL))
) STRICT;
CREATE INDEX person_key_guid ON person_key (guid) WHERE guid IS NOT NULL;
CREATE INDEX person_key_name ON person_key (name) WHERE name IS NOT NULL;

CREATE TRIGGER person_key_refuses_delete BEFORE DELETE ON person_key
BEGIN
    SELECT RAISE(ABORT, 'a person is erased by destroying the key, not the row');
END;

-- What questions look for in an entry, so that they need not read the log's files.
CREATE TABLE trail (
    number  INTEGER PRIMARY KEY,  -- 1, 2, 3 … without a gap; entry number - 1 of the log
    time    INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    action  TEXT,
    room    TEXT,                 -- key in the policy
    rule    TEXT,
    outcome TEXT,
    subject INTEGER,              -- a person_key: whom it is about
    caller  INTEGER               -- and who asked
) STRICT;
CREATE INDEX trail_kind ON trail (kind, number);
CREATE INDEX trail_room ON trail (room, number) WHERE room IS NOT NULL;
CREATE INDEX trail_subject ON trail (subject, number) WHERE subject IS NOT NULL;
CREATE INDEX trail_caller ON trail (caller, number) WHERE caller IS NOT NULL;

CREATE TRIGGER trail_refuses_update BEFORE UPDATE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_refuses_delete BEFORE DELETE ON trail
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

-- REPLACE would delete without asking the trigger above.
CREATE TRIGGER trail_refuses_replace BEFORE INSERT ON trail
WHEN NEW.number <> (SELECT COALESCE(MAX(number), 0) + 1 FROM trail)
BEGIN
    SELECT RAISE(ABORT, 'entries of the trail follow one another without a gap');
END;

-- The entry as it stands in the log, until a signed checkpoint covers it: up to the number in meta's trail_covered.
CREATE TABLE trail_leaf (
    number INTEGER PRIMARY KEY,
    text   TEXT NOT NULL
) STRICT;

CREATE TRIGGER trail_leaf_refuses_update BEFORE UPDATE ON trail_leaf
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_leaf_refuses_delete BEFORE DELETE ON trail_leaf
WHEN OLD.number > COALESCE((SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'trail_covered'), 0)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_leaf_refuses_replace BEFORE INSERT ON trail_leaf
WHEN NEW.number <> (SELECT MAX(number) FROM trail) OR EXISTS (SELECT 1 FROM trail_leaf WHERE number = NEW.number)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

-- What of an entry leads to a person; the entry's MAC binds it.
CREATE TABLE trail_personal (
    number     INTEGER NOT NULL,
    party      INTEGER NOT NULL CHECK (party BETWEEN 0 AND 1),  -- subject, caller
    person_key INTEGER NOT NULL,
    text       TEXT NOT NULL,                                   -- canonical JSON
    PRIMARY KEY (number, party)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER trail_personal_refuses_update BEFORE UPDATE ON trail_personal
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_personal_refuses_delete BEFORE DELETE ON trail_personal
WHEN EXISTS (SELECT 1 FROM person_key WHERE id = OLD.person_key AND erased IS NULL)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_personal_refuses_replace BEFORE INSERT ON trail_personal
WHEN EXISTS (SELECT 1 FROM trail_personal WHERE number = NEW.number AND party = NEW.party)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;
