//! What the link between client, provider and hub does to what it carries.

use std::time::Duration;

/// How bad the link is. Chances are in percent of whatever they apply to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// A request never arrives.
    pub lose_request: u8,
    /// A request arrives a second time, later.
    pub repeat_request: u8,
    /// A request is served, and its answer is lost.
    pub lose_answer: u8,
    /// An answer arrives a second time, later.
    pub repeat_answer: u8,
    /// A page of frames, or a delivery between providers, is lost and has to be sent again.
    pub lose_frames: u8,
    /// A delivery between providers is repeated, because its acknowledgement was lost.
    pub repeat_frames: u8,
    /// A frame jumps ahead of up to four others.
    pub reorder_frames: u8,
    /// A frame is pushed as well, beside the queue.
    pub push_frames: u8,
    /// A push finds the app in the background, and its notification extension takes it.
    pub extension: u8,
    /// A client is killed after a call, before or after its host has seen the step, and started again.
    pub kill: u8,
    /// The longest that anything travels one way.
    pub slowest: Duration,
    /// How many frames a client fetches at a time.
    pub page: usize,
}

impl Weather {
    /// Nothing is lost, repeated or late.
    pub const CALM: Self = Self {
        lose_request: 0,
        repeat_request: 0,
        lose_answer: 0,
        repeat_answer: 0,
        lose_frames: 0,
        repeat_frames: 0,
        reorder_frames: 0,
        push_frames: 0,
        extension: 0,
        kill: 0,
        slowest: Duration::from_millis(5),
        page: 200,
    };

    /// Everything goes wrong now and then. Some answers take longer than the host waits for them.
    pub const STORM: Self = Self {
        lose_request: 10,
        repeat_request: 10,
        lose_answer: 10,
        repeat_answer: 10,
        lose_frames: 10,
        repeat_frames: 10,
        reorder_frames: 20,
        push_frames: 15,
        extension: 50,
        kill: 0,
        slowest: Duration::from_secs(7),
        page: 7,
    };

    /// The storm, in which clients are killed as well.
    pub const DEADLY: Self = Self {
        kill: 5,
        ..Self::STORM
    };
}
