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
pub struct Words {
    markdown: String,
    /// A line of text has ended, and whatever comes next is to stand on the next one.
    line_ended: bool,
}

impl Words {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Then this text, as it is: nothing in it is formatting.
    pub fn text(mut self, text: &str) -> Self {
        let escaped = markdown::escape(text);
        let mut rest = escaped.as_str();
        let is_in_line = !self.markdown.is_empty() && !self.markdown.ends_with('\n');
        if is_in_line && let Some(next_line) = rest.strip_prefix('\n') {
            self.markdown.push('\n');
            self.line_ended = true;
            rest = next_line;
        } else if is_in_line && text.starts_with([' ', '\t']) {
            self.markdown.push(' ');
        } else if self.markdown.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(['.', ')']) {
            // Not to make a list of a number.
            self.markdown.push('\\');
        }
        let mut words = self.then(rest);
        words.line_ended |= rest.ends_with('\n') && !rest.ends_with("\n\n") && rest != "\n";
        words
    }

    /// Then this Markdown.
    pub fn markdown(self, markdown: &str) -> Self {
        self.then(markdown)
    }

    /// Then a link.
    pub fn link(self, text: &str, url: &str) -> Self {
        self.then(&markdown::link(text, url))
    }

    fn then(mut self, markdown: &str) -> Self {
        if markdown.is_empty() {
            return self;
        }
        if std::mem::take(&mut self.line_ended) && !markdown.starts_with(['\n', '\r']) {
            self.markdown.pop();
            self.markdown.push_str("\\\n");
        }
        self.markdown.push_str(markdown);
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
        &self.markdown
    }

    /// The words as a part.
    #[must_use]
    pub fn part(&self) -> Part {
        Part::markdown(&self.markdown)
    }
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({} octets)", self.markdown.len())
    }
}
