//! `RoleData`.
//!
//! See *mimi-room-policy*, "Role-Based Access Control".

use comity_room::{Role, RoleCapability, RoleIndex, Roles};

use crate::codec::{Codec, Reader, Writer};
use crate::{WireError, wire};

wire!(Roles);

impl Codec for Roles {
    fn write(&self, out: &mut Writer) {
        out.list(self.iter());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let offset = input.offset();
        Self::new(input.list()?).map_err(|source| WireError::Roles { offset, source })
    }
}

impl Codec for Role {
    fn write(&self, out: &mut Writer) {
        let Self {
            index,
            name,
            description,
            capabilities,
            min_participants,
            max_participants,
            min_active,
            max_active,
            role_changes,
        } = self;
        out.write(index);
        out.text(name);
        out.text(description);
        out.list(capabilities);
        out.write(min_participants);
        out.optional(max_participants.as_ref());
        out.write(min_active);
        out.optional(max_active.as_ref());
        out.list(role_changes);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            index: input.read()?,
            name: input.text("role_name")?,
            description: input.text("role_description")?,
            capabilities: input.list()?.into_iter().collect(),
            min_participants: input.read()?,
            max_participants: input.optional()?,
            min_active: input.read()?,
            max_active: input.optional()?,
            role_changes: input.list()?,
        })
    }
}

/// `SingleSourceRoleChangeTargets`
impl Codec for (RoleIndex, Vec<RoleIndex>) {
    fn write(&self, out: &mut Writer) {
        let (from, targets) = self;
        out.write(from);
        out.list(targets);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok((input.read()?, input.list()?))
    }
}

impl Codec for RoleIndex {
    fn write(&self, out: &mut Writer) {
        out.write(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.read().map(Self)
    }
}

impl Codec for RoleCapability {
    fn write(&self, out: &mut Writer) {
        out.write(&u16::from(*self));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.read::<u16>().map(Self::from)
    }
}
