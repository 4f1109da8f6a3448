//! Who asks, as the host authenticated it.

use comity_room::{ClientUri, ProviderUri, UserUri};

use crate::refusal::Refusal;

/// Who asks: a provider by its TLS identity, or one of this provider's own clients by its login.
///
/// A provider speaks for its own users only; a client only for itself. Nothing here comes from a body.
///
/// A hub believes what another provider says of its own users and clients. So a server that forwards what one of its clients posts to
/// another provider's hub sees to it that the body names nobody but that client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    provider: ProviderUri,
    client: Option<(UserUri, ClientUri)>,
}

impl Caller {
    /// Another provider's server, or this one's where it does not know which client asks.
    pub fn provider(provider: ProviderUri) -> Self {
        Self {
            provider,
            client: None,
        }
    }

    /// A client that logged in here, and its user.
    pub fn client(user: UserUri, client: ClientUri) -> Self {
        Self {
            provider: client.provider(),
            client: Some((user, client)),
        }
    }

    /// The provider that asks.
    pub fn provider_uri(&self) -> &ProviderUri {
        &self.provider
    }

    /// The user that asks, if this provider knows it.
    pub fn user(&self) -> Option<&UserUri> {
        self.client.as_ref().map(|(user, _)| user)
    }

    /// Whether it is a provider's server, and no client.
    pub(crate) fn is_provider(&self) -> bool {
        self.client.is_none()
    }

    /// Whether the caller may speak for `user`.
    pub(crate) fn speaks_for_user(&self, user: &UserUri) -> Result<(), Refusal> {
        if user.provider() != self.provider {
            return Err(Refusal::ForeignProvider);
        }
        match &self.client {
            Some((own, _)) if own != user => Err(Refusal::ForeignClient),
            _ => Ok(()),
        }
    }

    /// Whether the caller may speak for `client`.
    pub(crate) fn speaks_for_client(&self, client: &ClientUri) -> Result<(), Refusal> {
        if client.provider() != self.provider {
            return Err(Refusal::ForeignProvider);
        }
        match &self.client {
            Some((_, own)) if own != client => Err(Refusal::ForeignClient),
            _ => Ok(()),
        }
    }
}
