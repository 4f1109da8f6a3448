//! What a role entitles its holder to: the registry of role capabilities.
//!
//! See *mimi-room-policy*, "New MIMI Role Capabilities registry".

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

macro_rules! registry {
    ($($value:literal $variant:ident $name:literal;)*) => {
        /// One entry of the registry. "Reserved" entries have a number and a name, but no meaning in the
        /// draft yet.
        ///
        /// Two capabilities are equal if their numbers are.
        #[derive(Clone, Copy, Serialize, Deserialize)]
        #[serde(from = "u16", into = "u16")]
        #[non_exhaustive]
        pub enum RoleCapability {
            $(#[doc = concat!("`", $name, "`, ", stringify!($value), ".")] $variant,)*
            /// A number that this registry does not know, kept as it came.
            Unknown(u16),
        }

        impl RoleCapability {
            /// The number in the registry.
            #[must_use]
            pub const fn value(self) -> u16 {
                match self {
                    $(Self::$variant => $value,)*
                    Self::Unknown(value) => value,
                }
            }

            /// The name in the registry; `None` if it does not know the number.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.value() {
                    $($value => Some($name),)*
                    _ => None,
                }
            }
        }

        impl From<u16> for RoleCapability {
            fn from(value: u16) -> Self {
                match value {
                    $($value => Self::$variant,)*
                    _ => Self::Unknown(value),
                }
            }
        }

        /// Every known number, for the tests.
        #[cfg(test)]
        const KNOWN: &[u16] = &[$($value),*];
    };
}

registry! {
    0x0000 AddParticipant "canAddParticipant";
    0x0001 RemoveParticipant "canRemoveParticipant";
    0x0002 AddOwnClient "canAddOwnClient";
    0x0003 RemoveOwnClient "canRemoveOwnClient";
    0x0004 OpenJoin "canOpenJoin";
    0x0005 JoinIfPreauthorized "canJoinIfPreauthorized";
    0x0006 RemoveSelf "canRemoveSelf";
    0x0007 CreateJoinCode "canCreateJoinCode";
    0x0008 DeleteJoinCode "canDeleteJoinCode";
    0x0009 UseJoinCode "canUseJoinCode";
    0x000a Ban "canBan";
    0x000b Unban "canUnBan";
    0x000c Kick "canKick";
    0x000d Knock "canKnock";
    0x000e AcceptKnock "canAcceptKnock";
    0x000f ChangeUserRole "canChangeUserRole";
    0x0010 ChangeOwnRole "canChangeOwnRole";
    0x0011 CreateSubgroup "canCreateSubgroup";
    0x0100 SendMessage "canSendMessage";
    0x0101 ReceiveMessage "canReceiveMessage";
    0x0102 CopyMessage "canCopyMessage";
    0x0103 ReportAbuse "canReportAbuse";
    0x0104 ReplyToMessage "canReplyToMessage";
    0x0105 ReactToMessage "canReactToMessage";
    0x0106 EditReaction "canEditReaction";
    0x0107 DeleteOwnReaction "canDeleteOwnReaction";
    0x0108 DeleteOtherReaction "canDeleteOtherReaction";
    0x0109 EditOwnMessage "canEditOwnMessage";
    0x010a DeleteOwnMessage "canDeleteOwnMessage";
    0x010b DeleteOtherMessage "canDeleteOtherMessage";
    0x010c StartTopic "canStartTopic";
    0x010d ReplyInTopic "canReplyInTopic";
    0x010e EditOwnTopic "canEditOwnTopic";
    0x010f EditOtherTopic "canEditOtherTopic";
    0x0110 SendDirectMessage "canSendDirectMessage";
    0x0111 TargetMessage "canTargetMessage";
    0x0200 UploadImage "canUploadImage";
    0x0201 UploadAudio "canUploadAudio";
    0x0202 UploadVideo "canUploadVideo";
    0x0203 UploadAttachment "canUploadAttachment";
    0x0204 DownloadImage "canDownloadImage";
    0x0205 DownloadAudio "canDownloadAudio";
    0x0206 DownloadVideo "canDownloadVideo";
    0x0207 DownloadAttachment "canDownloadAttachment";
    0x0208 SendLink "canSendLink";
    0x0209 SendLinkPreview "canSendLinkPreview";
    0x020a FollowLink "canFollowLink";
    0x020b CopyLink "canCopyLink";
    0x0300 ChangeRoomName "canChangeRoomName";
    0x0301 ChangeRoomDescription "canChangeRoomDescription";
    0x0302 ChangeRoomAvatar "canChangeRoomAvatar";
    0x0303 ChangeRoomSubject "canChangeRoomSubject";
    0x0304 ChangeRoomMood "canChangeRoomMood";
    0x0380 ChangeOwnName "canChangeOwnName";
    0x0381 ChangeOwnPresence "canChangeOwnPresence";
    0x0382 ChangeOwnMood "canChangeOwnMood";
    0x0383 ChangeOwnAvatar "canChangeOwnAvatar";
    0x0400 StartCall "canStartCall";
    0x0401 JoinCall "canJoinCall";
    0x0402 SendAudio "canSendAudio";
    0x0403 ReceiveAudio "canReceiveAudio";
    0x0404 SendVideo "canSendVideo";
    0x0405 ReceiveVideo "canReceiveVideo";
    0x0406 ShareScreen "canShareScreen";
    0x0407 ViewSharedScreen "canViewSharedScreen";
    0x0500 CreateRoom "canCreateRoom";
    0x0501 DestroyRoom "canDestroyRoom";
    0x0502 ChangeRoomMembershipStyle "canChangeRoomMembershipStyle";
    0x0503 ChangeRoleDefinitions "canChangeRoleDefinitions";
    0x0504 ChangePreauthorizedUserList "canChangePreauthorizedUserList";
    0x0505 ChangeOtherPolicyAttribute "canChangeOtherPolicyAttribute";
    0x0600 ChangeMlsOperationalPolicies "canChangeMlsOperationalPolicies";
    0x0601 SendMlsReinitProposal "canSendMLSReinitProposal";
    0x0602 SendMlsUpdateProposal "canSendMLSUpdateProposal";
    0x0603 SendMlsPskProposal "canSendMLSPSKProposal";
    0x0604 SendMlsExternalProposal "canSendMLSExternalProposal";
    0x0605 SendMlsExternalCommit "canSendMLSExternalCommit";
}

impl From<RoleCapability> for u16 {
    fn from(capability: RoleCapability) -> Self {
        capability.value()
    }
}

impl PartialEq for RoleCapability {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl Eq for RoleCapability {}

impl PartialOrd for RoleCapability {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for RoleCapability {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value().cmp(&other.value())
    }
}

impl Hash for RoleCapability {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value().hash(state);
    }
}

impl fmt::Display for RoleCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:04x}", self.value()),
        }
    }
}

impl fmt::Debug for RoleCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_and_only_registered_ones_have_a_name() {
        for value in 0..=u16::MAX {
            let capability = RoleCapability::from(value);
            assert_eq!(u16::from(capability), value);
            assert_eq!(
                capability.name().is_some(),
                KNOWN.contains(&value),
                "0x{value:04x}"
            );
            assert_eq!(
                matches!(capability, RoleCapability::Unknown(_)),
                !KNOWN.contains(&value)
            );
        }
    }

    #[test]
    fn the_same_number_is_the_same_capability_however_it_was_made() {
        let (named, bare) = (RoleCapability::Ban, RoleCapability::Unknown(0x000a));
        assert_eq!(named, bare);
        assert_eq!(bare.to_string(), "canBan");
        assert_eq!(RoleCapability::Unknown(0xf00d).to_string(), "0xf00d");
    }
}
