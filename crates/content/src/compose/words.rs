//! Words with mentions and links, put together piece by piece so that nobody's name can become formatting.

use comity_room::UserUri;

use crate::compose::ComposeError;
use crate::markdown;
use crate::part::Part;

/// A Markdown text in the making. `Debug` shows its length only.
///
/// ```
/// use comity_content::compose::Words;
/// # use comity_room::UserUri;
/// # let alice = UserUri::parse("mimi://a.example/u/alice")?;
/// let kudos = Words::new().text("Kudos to ").mention(&alice, "@Alice *", |user| *user == alice)?.markdown("!  __Great.__");
/// assert_eq!(kudos.as_str(), r"Kudos to [@Alice \*](mimi://a.example/u/alice)!  __Great.__");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Words(String);

impl Words {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then this text, as it is: nothing in it is formatting.
    pub fn text(mut self, text: &str) -> Self {
        self.0.push_str(&markdown::escape(text));
        self
    }

    /// Then this Markdown.
    pub fn markdown(mut self, markdown: &str) -> Self {
        self.0.push_str(markdown);
        self
    }

    /// Then a link.
    pub fn link(mut self, text: &str, url: &str) -> Self {
        self.0.push_str(&markdown::link(text, url));
        self
    }

    /// Then a mention of somebody who is in the room. `display` is a hint: receivers show the name that they know.
    ///
    /// # Errors
    /// [`ComposeError::NotAMember`] when `is_member` says that nobody would be told.
    pub fn mention(
        self,
        user: &UserUri,
        display: &str,
        is_member: impl FnOnce(&UserUri) -> bool,
    ) -> Result<Self, ComposeError> {
        if !is_member(user) {
            return Err(ComposeError::NotAMember);
        }
        Ok(self.link(display, user.as_str()))
    }

    /// The Markdown so far.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words as a part.
    #[must_use]
    pub fn part(&self) -> Part {
        Part::markdown(&self.0)
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({} octets)", self.0.len())
    }
}
