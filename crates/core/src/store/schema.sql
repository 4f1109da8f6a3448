-- The one file of a client. Its text is compared when the file is opened: change it only together with the schema
-- version in open.rs. Every column but keys, lengths and what queries must order by is sealed (see seal/).

-- Read before any key: which versions may open this file. Bound into the root key's seal.
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    schema INTEGER NOT NULL,
    oldest_reader INTEGER NOT NULL
) STRICT;

-- The root key, sealed under the host's key. `host_check` tells a wrong key from a damaged row.
CREATE TABLE root_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    host_check BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- One key per scope, sealed under the root key. Deleting the row ends the scope.
CREATE TABLE scope_key (
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- OpenMLS's entities (see mls.rs). `scope` is a room's id, or 0 for what belongs to the client. Not WITHOUT ROWID:
-- there a value of more than 1,000 octets leaves its page, and a send writes up to four pages instead of one.
CREATE TABLE mls (
    scope INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (scope, kind, key)
) STRICT;

-- Domain tables follow, one block per row module.

-- Rooms (see room/). `due` is when the next errand of the room is to be run.
CREATE TABLE room (
    id INTEGER PRIMARY KEY,
    uri BLOB NOT NULL UNIQUE,
    mls_group BLOB NOT NULL UNIQUE,
    due INTEGER,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX room_due ON room (due) WHERE due IS NOT NULL;

-- Who is in a room, as of its epoch: one row each, rewritten when the epoch changes.
CREATE TABLE room_view (
    room INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT;

-- Messages (see message/). `seq` is also the message's place in the event log: a plain message that is written or
-- received has no row in `event`; what tells nothing there has a number below zero. Tables of large rows with random keys
-- keep their rowid: without it each insertion would rewrite pages all over the tree. `alone` is 1 for what will vanish and
-- has a key of its own. `frame` is the hash of the MLSMessage
-- that brought it, and `tie` its first octets: a second delivery is found by its place in the timeline, so that no tree but
-- that of the ids grows at random. `root` is set for what changes another message; `shown` is 0 for what does not stand in
-- the timeline, 1 for our user's own, 2 for others'. `body` has the octets of small messages; those of large ones are in
-- `content`, because a change of the row would write them again. `head` is the file's head as of the row's insertion (see
-- head.rs).
CREATE TABLE message (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    room INTEGER NOT NULL,
    alone INTEGER NOT NULL,
    frame BLOB,
    root BLOB,
    shown INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    position INTEGER NOT NULL,
    tie INTEGER NOT NULL,
    expires INTEGER,
    sealed BLOB NOT NULL,
    body BLOB,
    head BLOB
) STRICT;
CREATE INDEX message_timeline ON message (room, position, tie, shown);
CREATE INDEX message_root ON message (room, root) WHERE root IS NOT NULL;
CREATE INDEX message_waiting ON message (room) WHERE waiting <> 0;
CREATE INDEX message_expires ON message (expires) WHERE expires IS NOT NULL;

-- The octets of large messages, by the message's `seq`.
CREATE TABLE content (
    seq INTEGER PRIMARY KEY,
    room INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;

-- The event log (see event.rs), but for what `message` tells. `head` is as in `message`.
CREATE TABLE event (
    seq INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    head BLOB
) STRICT;

-- Requests that have not been answered, in the order in which they were made; their ids encrypt their place. `due` is NULL
-- while the host has one.
CREATE TABLE outbox (
    ord INTEGER PRIMARY KEY,
    salt INTEGER NOT NULL,
    due INTEGER,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (due) WHERE due IS NOT NULL;

-- Frames that wait for something.
CREATE TABLE held (
    ord INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    mls_group BLOB NOT NULL,
    provider BLOB NOT NULL,
    due INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
CREATE INDEX held_group ON held (mls_group, ord);
CREATE INDEX held_due ON held (due);
CREATE INDEX held_provider ON held (provider);

-- Frames that were taken and are not in `message`, by the hash of their MLSMessage, oldest first.
CREATE TABLE seen (
    ord INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL
) STRICT;

-- What was asked for and takes more than one step.
CREATE TABLE task (
    id BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Clients of other users, and of our own, that we have met.
CREATE TABLE peer (
    client BLOB NOT NULL PRIMARY KEY,
    user BLOB NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX peer_user ON peer (user);

-- Small things of the client itself: its identity, its settings, its cursors.
CREATE TABLE setting (
    name BLOB NOT NULL PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What is due at a time and belongs to no room (see timer.rs).
CREATE TABLE timer (
    name INTEGER PRIMARY KEY,
    due INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT;
