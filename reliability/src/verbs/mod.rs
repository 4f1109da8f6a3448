//! Every verb of the engine, and every kind of frame and answer: how to come to the point, and what must be true afterwards.

mod answers;
mod file;
mod inbound;
mod messages;
mod rooms;

use crate::call::{Call, ClientFile};
use crate::scene::Scene;

/// One row of the tables.
#[derive(Clone, Copy)]
pub struct Verb {
    /// What the table calls it.
    pub name: &'static str,
    /// Brings the scene to the point just before the call. Sam's process has ended then.
    pub prepare: fn(&Scene) -> Prepared,
}

/// A call that is about to be made.
pub struct Prepared {
    /// The call.
    pub call: Call,
    /// Whose it is.
    pub file: ClientFile,
    /// Whether a power cut may undo it although it was acknowledged: it told nobody.
    pub lazy: bool,
    /// Whether frames are rejected on purpose.
    pub spoils: bool,
    /// What must be true when everything has settled; told whether the call was surely made.
    pub judge: Judge,
}

type Judge = Box<dyn Fn(&Scene, bool)>;

/// All of them.
pub fn all() -> Vec<Verb> {
    [
        file::VERBS,
        rooms::VERBS,
        messages::VERBS,
        inbound::VERBS,
        answers::VERBS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}

impl Prepared {
    /// Sam makes the call in the next life.
    fn of_sam(scene: &Scene, call: Call, judge: impl Fn(&Scene, bool) + 'static) -> Self {
        scene.sam_dies();
        Self {
            call,
            file: scene.file(),
            lazy: false,
            spoils: false,
            judge: Box::new(judge),
        }
    }

    fn lazy(mut self) -> Self {
        self.lazy = true;
        self
    }

    fn spoils(mut self) -> Self {
        self.spoils = true;
        self
    }
}
