//! MIMI protocol structs to octets and back. No state.
