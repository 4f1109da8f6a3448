//! The MLS rules that clients and hubs share: identities, key packages, commits, room state.
