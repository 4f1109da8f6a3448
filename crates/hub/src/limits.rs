//! How much a hub admits: every number in one place, each with its reason.

/// What a hub admits. The defaults serve rooms of several thousand clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of a SubmitMessage body.
    pub message: usize,
    /// Octets of a CreateRoom or UpdateRoom body. A commit in a room of thousands carries a GroupInfo with its whole
    /// participant list, and a Welcome secret per added client.
    pub handshake: usize,
    /// Octets of any other body.
    pub request: usize,
    /// How many epochs back a message may be: `0` admits the current epoch only. A client that was offline while the
    /// room changed a few times need not encrypt again.
    pub epoch_tolerance: u64,
    /// Proposals that may wait for one commit.
    pub pending_proposals: usize,
    /// Proposals in one body.
    pub proposals_per_request: usize,
    /// Key packages that a client may keep here.
    pub key_packages: usize,
}

/// A room's head never takes more octets than this, so that a message costs the same in every room.
pub const HEAD_OCTETS: usize = 1024;

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: 256 << 10,
            handshake: 8 << 20,
            request: 2 << 20,
            epoch_tolerance: 4,
            pending_proposals: 256,
            proposals_per_request: 32,
            key_packages: 128,
        }
    }
}
