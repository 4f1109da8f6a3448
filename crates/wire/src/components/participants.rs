//! `ParticipantListData` and `ParticipantListUpdate`.
//!
//! See *mimi-protocol*, "Participant List".

use comity_room::{Participant, ParticipantList, ParticipantUpdate, RoleIndex};

use crate::codec::{Codec, Reader, Writer};
use crate::{WireError, wire};

wire!(ParticipantList, ParticipantUpdate);

impl Codec for ParticipantList {
    fn write(&self, out: &mut Writer) {
        out.list(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        Self::new(input.list()?).map_err(|source| WireError::Participants { offset, source })
    }
}

impl Codec for ParticipantUpdate {
    fn write(&self, out: &mut Writer) {
        let Self {
            changed,
            removed,
            added,
        } = self;
        out.list(changed);
        out.list(removed);
        out.list(added);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            changed: input.list()?,
            removed: input.list()?,
            added: input.list()?,
        })
    }
}

/// `UserRolePair`
impl Codec for Participant {
    fn write(&self, out: &mut Writer) {
        let Self { user, role } = self;
        out.write(user);
        out.write(role);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            user: input.read()?,
            role: input.read()?,
        })
    }
}

/// `UserindexRolePair`
impl Codec for (u32, RoleIndex) {
    fn write(&self, out: &mut Writer) {
        let (user_index, role) = self;
        out.write(user_index);
        out.write(role);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok((input.read()?, input.read()?))
    }
}
