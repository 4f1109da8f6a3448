//! What a MIMI room is: URIs, media types, participants, roles, metadata. Pure.
