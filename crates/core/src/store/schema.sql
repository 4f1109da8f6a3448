-- The one file of a client. Its text is compared when the file is opened: change it only together with the schema
-- version in open.rs. Every column but keys, lengths and what queries must order by is sealed (see seal.rs).

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

-- OpenMLS's entities (see mls.rs). `scope` is a room's id, or 0 for what belongs to the client.
CREATE TABLE mls (
    scope INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    key BLOB NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (scope, kind, key)
) STRICT, WITHOUT ROWID;

-- Domain tables follow, one block per row module.
