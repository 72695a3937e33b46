-- Who was let in by hand against the verdict: no guard counts their removal, after a restart neither.
ALTER TABLE membership ADD COLUMN unbidden INTEGER NOT NULL DEFAULT 0 CHECK (unbidden IN (0, 1));
-- Who left by themselves and is to be let in again: invited, and joined by nobody else.
ALTER TABLE membership ADD COLUMN by_choice INTEGER NOT NULL DEFAULT 0 CHECK (by_choice IN (0, 1));
