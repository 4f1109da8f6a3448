package org.comity

/** Plain text. */
public fun Outgoing.Companion.text(text: String): Outgoing = crossing { outgoingText(text) }

/** GFM-MIMI markdown, with its plain form as the basic alternative. HTML in it is sent as text. */
public fun Outgoing.Companion.markdown(markdown: String): Outgoing = crossing { outgoingMarkdown(markdown) }

/** One reaction to a message, such as an emoji. */
public fun Outgoing.Companion.reaction(message: MessageId, reaction: String): Outgoing =
    crossing { outgoingReaction(message, reaction) }

/** Takes back the reaction, or deletes the message, with the given id. */
public fun Outgoing.Companion.deletion(message: MessageId): Outgoing = crossing { outgoingDeletion(message) }

/** Alternatives that say the same thing, richest first. The last one is the basic one, which everybody should be able to read. */
public fun Outgoing.Companion.of(vararg alternatives: Part): Outgoing = Outgoing(alternatives.toList())

/** Plain text. Everybody reads it. */
public fun Part.Companion.text(text: String): Part = crossing { partText(text) }

/** MIMI's Markdown, GFM-MIMI. Everybody reads it, if only as plain text. HTML tags in it are sent as text. */
public fun Part.Companion.markdown(markdown: String): Part = crossing { partMarkdown(markdown) }

/** HTML, as it is. Not everybody reads it: send it beside a basic form. */
public fun Part.Companion.html(html: String): Part = crossing { partHtml(html) }

/** Several parts as one: two or more. */
public fun Part.Companion.multi(disposition: Disposition, semantics: PartSemantics, parts: List<Part>): Part =
    crossing { partMulti(disposition, semantics, parts) }

/**
 * An attachment that was sealed and uploaded: the part that sealing gave, with what only the host knows. [disposition]: `Attachment`, or
 * `Inline` for what is shown in place. [expires]: when it ceases to be at its URL, in seconds since 1970; 0 for never.
 */
public fun Part.Companion.attachment(
    sealed: ExternalPart,
    mediaType: MediaType,
    url: String,
    filename: String = "",
    description: String = "",
    expires: UInt = 0u,
    disposition: Disposition = Disposition.Attachment,
): Part = crossing { partAttachment(sealed, disposition, mediaType, url, expires, filename, description) }

/** The same part, said to be in a language: RFC 5646 tags, separated by commas. */
public fun Part.inLanguage(language: String): Part = crossing { partInLanguage(this, language) }

/** Whether a reader of these media types can read a part: a sender asks beforehand by the rule by which receivers choose. */
public fun Part.isReadableWith(media: List<MediaType>): Boolean = crossing { readable(this, media) }

/** A part in alternatives, richest first, down to one that everybody can read, as far as a machine can tell. */
public fun Part.alternatives(): List<Alternative> = crossing { alternatives(this) }

/** Decodes the octets of a message: exactly these octets, in deterministic encoding, of at most 1 MiB. */
public fun Content.Companion.decode(octets: ByteArray): Content = crossing { direct(octets) { decodeContent(it) } }

/** Tells what the octets of a message do, as far as they alone tell. */
public fun Class.Companion.of(octets: ByteArray): Class = crossing { direct(octets) { classify(it) } }

/**
 * Chooses what to show of a message for a reader who supports this. Null if it was deleted. [wishes]: what a local policy wants of
 * the leaves that it looked at, such as those that were chosen and passed over without any; all others have rank 0.
 */
public fun Message.select(supported: Supported, wishes: List<WishedPart> = emptyList()): Selection? =
    octets?.let { Selection.of(it, supported, wishes) }

/** Chooses what to show of a message, by its [octets] as they travelled, for a reader who supports this; [wishes] as for [Message]s. */
public fun Selection.Companion.of(
    octets: ByteArray,
    supported: Supported,
    wishes: List<WishedPart> = emptyList(),
): Selection = crossing { direct(octets) { selectBy(it, supported, wishes) } }

/** The link to a part of the same message, such as `cid:2@local.invalid`, for HTML or Markdown beside it. */
public fun Part.Companion.link(index: UShort): String = crossing { partLink(index) }

/** The place of the part of the same message that a [link] leads to; null if it is another kind of link. */
public fun Part.Companion.linked(link: String): UShort? = crossing { linkedPart(link) }

/** The places of the parts that this one links to, in the order of their first mention; none unless it is of a type that can link, such as HTML. */
public fun Part.linked(): List<UShort> = crossing { linkedParts(this) }

/** What MIMI requires of every client: MIMI content, plain text, Markdown. */
public val Supported.Companion.baseline: List<MediaType>
    get() = crossing { baseline() }

/** What MIMI requires of every client, and more. */
public fun Supported.Companion.with(vararg more: MediaType): Supported =
    Supported(media = Supported.baseline + more, languages = emptyList())

/**
 * Folds the messages of a room, in any order: edits, deletes, reactions and replies take effect on each other.
 *
 * Who is not among those to whom an action is [denied] may do it. Edits of what others said are refused without asking.
 */
public fun Timeline.Companion.fold(messages: List<Stored>, denied: List<Denied> = emptyList()): Timeline =
    crossing { org.comity.fold(messages, denied) }

/** Follows replies [from] a message, given what messages reply to. If a message is there twice, the last counts. */
public fun ReplyChain.Companion.of(from: MessageId, replies: List<Reply>): ReplyChain = crossing { replyChain(from, replies) }

/** The role of an ordinary member in rooms that Comity creates. */
public val Participant.Companion.member: UInt
    get() = crossing { roleOfMember() }

/** The role of an administrator in rooms that Comity creates. */
public val Participant.Companion.admin: UInt
    get() = crossing { roleOfAdmin() }

/** Markdown: what it says, who it names, and how to write it. */
public object Markdown {
    /** What HTML says, as markdown: a basic form to send beside it. */
    public fun ofHtml(html: String): String = crossing { htmlToMarkdown(html) }

    /** A text as Markdown that shows exactly it: nothing in it is formatting. */
    public fun escape(text: String): String = crossing { markdownEscape(text) }

    /** A link. Neither the text nor the URL can end it early. */
    public fun link(text: String, url: String): String = crossing { markdownLink(text, url) }

    /** Every link and image of a text, in the order in which they end. */
    public fun links(markdown: String): List<Link> = crossing { markdownLinks(markdown) }

    /**
     * Who is mentioned in a text, in order and each as often as mentioned. Links to users who are not among the members are ordinary
     * links.
     */
    public fun mentions(markdown: String, members: List<UserUri>): List<Mention> =
        crossing { markdownMentions(markdown, members) }

    /** Markdown as HTML that is safe to show: no scripts, no images that would be fetched, no HTML of the sender's. */
    public fun toHtml(markdown: String): String = crossing { markdownToHtml(markdown) }

    /** What markdown says, as plain text. */
    public fun toPlainText(markdown: String): String = crossing { markdownToPlainText(markdown) }

    /** Markdown with the HTML in it as text, as MIMI's profile wants it. */
    public fun withoutHtml(markdown: String): String = crossing { markdownWithoutHtml(markdown) }
}

/** The library itself. */
public object Comity {
    /** Its version, such as `0.1.0`. */
    public val version: String
        get() = crossing { version() }
}
