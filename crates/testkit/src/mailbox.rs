//! What waits at a provider for one of its clients: a queue that the client reads from a position on.

use comity::Frame;

use crate::dice::Dice;

/// How far ahead a frame may jump in a mailbox that reorders.
const JUMP: u64 = 4;

/// The queue of one client. Positions that were handed out never change.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    frames: Vec<Frame>,
    handed: usize,
    /// Frames that a test holds back.
    kept_back: Vec<Frame>,
}

impl Mailbox {
    /// Puts a frame at the end, or a few places before it if `jumps`.
    pub(crate) fn put(&mut self, frame: Frame, jumps: bool, dice: &mut Dice) {
        let at = if jumps {
            let room = self.frames.len().saturating_sub(self.handed) as u64;
            self.frames.len() - dice.below(room.min(JUMP) + 1) as usize
        } else {
            self.frames.len()
        };
        self.frames.insert(at, frame);
    }

    pub(crate) fn keep_back(&mut self, frame: Frame) {
        self.kept_back.push(frame);
    }

    /// Puts what was kept back at the end. Says whether there was anything.
    pub(crate) fn release(&mut self) -> bool {
        let kept = std::mem::take(&mut self.kept_back);
        let any = !kept.is_empty();
        self.frames.extend(kept);
        any
    }

    /// A page of frames from a position on, the position after it, and whether more follow.
    pub(crate) fn page(&mut self, from: usize, size: usize) -> (Vec<Frame>, usize, bool) {
        let end = from.saturating_add(size).min(self.frames.len());
        let page = self.frames.get(from..end).unwrap_or_default().to_vec();
        self.handed = self.handed.max(end);
        (page, end, end < self.frames.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The frames from a position on, for tests that look or tamper.
    pub(crate) fn from(&self, position: usize) -> &[Frame] {
        self.frames.get(position..).unwrap_or_default()
    }

    /// Loses every frame from a position on, for ever.
    pub(crate) fn lose_from(&mut self, position: usize) -> Vec<Frame> {
        self.frames.split_off(position.min(self.frames.len()))
    }
}
