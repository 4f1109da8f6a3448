import ComityEngine
import Foundation

extension Outgoing {
    /// Plain text.
    public static func text(_ text: String) -> Outgoing { outgoingText(text: text) }

    /// GFM-MIMI markdown, with its plain form as the basic alternative. HTML in it is sent as text.
    public static func markdown(_ markdown: String) throws -> Outgoing { try outgoingMarkdown(markdown: markdown) }

    /// One reaction to a message, such as an emoji.
    public static func reaction(_ reaction: String, to message: MessageId) throws -> Outgoing {
        try outgoingReaction(message: message, reaction: reaction)
    }

    /// Takes back the reaction, or deletes the message, with the given id.
    public static func deletion(of message: MessageId) throws -> Outgoing { try outgoingDeletion(message: message) }

    /// Other content for a message that was sent, as an edit of it.
    public func editing(_ message: MessageId) -> Outgoing {
        Outgoing(alternatives: alternatives, inReplyTo: inReplyTo, replaces: message, topic: topic, expires: expires)
    }

    /// The same as a reply to a message.
    public func replying(to message: MessageId) -> Outgoing {
        Outgoing(alternatives: alternatives, inReplyTo: message, replaces: replaces, topic: topic, expires: expires)
    }

    /// The same, to vanish.
    public func expiring(_ expires: Expiration) -> Outgoing {
        Outgoing(alternatives: alternatives, inReplyTo: inReplyTo, replaces: replaces, topic: topic, expires: expires)
    }
}

extension Part {
    /// Plain text.
    public static func text(_ text: String) -> Part { partText(text: text) }

    /// GFM-MIMI markdown.
    public static func markdown(_ markdown: String) throws -> Part { try partMarkdown(markdown: markdown) }

    /// HTML.
    public static func html(_ html: String) -> Part { partHtml(html: html) }

    /// An attachment that was sealed and uploaded: the part that sealing gave, with what only the app knows.
    ///
    /// - Parameters:
    ///   - sealed: the part that ``ComityEngine/sealAttachment(plaintext:)`` or a ``ComityEngine/Sealer`` gave.
    ///   - mediaType: such as `image/jpeg`.
    ///   - url: where the ciphertext is now: `https` or `http`.
    ///   - filename: what to call it.
    ///   - description: what it is, for people who cannot see it.
    ///   - expires: when it ceases to be there, in seconds since 1970; 0 for never.
    ///   - disposition: `attachment`, or `inline` for what is shown in place.
    public static func attachment(
        _ sealed: ExternalPart, mediaType: MediaType, url: String, filename: String = "", description: String = "",
        expires: UInt32 = 0, disposition: Disposition = .attachment
    ) throws -> Part {
        try partAttachment(
            sealed: sealed, disposition: disposition, mediaType: mediaType, url: url, expires: expires, filename: filename,
            description: description)
    }
}

extension Message {
    /// What to show of it to a reader who supports this. Nil if it was deleted.
    public func selection(for supported: Supported) throws -> Selection? {
        try octets.map { try selectContent(octets: $0, supported: supported) }
    }
}

extension Supported {
    /// What every MIMI client can show, and more.
    public static func baseline(and more: [MediaType] = [], languages: [String] = []) -> Supported {
        Supported(media: baselineMediaTypes() + more, languages: languages)
    }
}

extension Budget {
    /// What is right for a main app on a phone.
    public static var app: Budget { budgetOfApp() }

    /// What is right for a notification extension that may use 24 MB in all.
    public static var `extension`: Budget { budgetOfExtension() }
}
