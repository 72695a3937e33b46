-- When the entries of the trail were written, 1,024 at a time: the earliest and the latest time among them. So a question
-- about a time reads those that may have it, whichever way the clock went; an index on each entry's time would cost
-- a tenth more disk. A row is made with the last of its entries and never changes.
CREATE TABLE trail_time (
    block    INTEGER PRIMARY KEY,  -- entries block * 1024 + 1 to (block + 1) * 1024
    earliest INTEGER NOT NULL,
    latest   INTEGER NOT NULL
) STRICT;

INSERT INTO trail_time (block, earliest, latest)
    SELECT (number - 1) / 1024, MIN(time), MAX(time) FROM trail GROUP BY (number - 1) / 1024 HAVING COUNT(*) = 1024;

CREATE TRIGGER trail_time_refuses_update BEFORE UPDATE ON trail_time
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_time_refuses_delete BEFORE DELETE ON trail_time
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;

CREATE TRIGGER trail_time_refuses_replace BEFORE INSERT ON trail_time
WHEN EXISTS (SELECT 1 FROM trail_time WHERE block = NEW.block)
BEGIN
    SELECT RAISE(ABORT, 'the trail is append-only');
END;
