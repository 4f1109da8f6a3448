//! MIMI message content: deterministic CBOR, parts, message ids, selection, timeline. Pure.
