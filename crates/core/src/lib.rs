//! Comity: one embeddable end-to-end encrypted messaging client, for every messenger.
