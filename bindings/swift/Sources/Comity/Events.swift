import ComityEngine

extension Client {
    /// The log behind a place in it (0 for all of it), oldest first, and from then on what later steps of this client tell.
    ///
    /// ```swift
    /// for try await event in client.events(after: lastSeen) {
    ///     lastSeen = event.seq
    ///     show(event.kind)
    /// }
    /// ```
    ///
    /// An event is an invitation to look: ask a reader what it says. What another process has done on the file, such as a notification
    /// extension, is told with the next step of this client, or when it is resumed. While the client is paused, the sequence waits. It
    /// ends when the client is closed or the task is cancelled, and keeps the client open until then.
    ///
    /// The log is the buffer, so nothing is lost or kept twice. It holds the last 50,000 events: a first number that does not follow
    /// one's own means that there were more, and that rooms and timelines are to be read instead.
    public nonisolated func events(after seq: UInt64) -> Events {
        Events(client: self, after: seq)
    }
}

/// The events of a client, from a place in its log on: see ``Client/events(after:)``. Each iteration starts from there.
public struct Events: AsyncSequence, Sendable {
    /// An event of the log.
    public typealias Element = Event

    let client: Client
    let after: UInt64

    /// Begins behind the place that was named.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(last: after, listening: Listening(to: client, keeping: 1))
    }

    /// Goes along the log.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let page: UInt32 = 100

        var last: UInt64
        var listening: Listening
        var waiting: ArraySlice<Event> = []

        /// The next event, when there is one; nil when the client is closed or the task is cancelled.
        public mutating func next() async throws -> Event? {
            await listening.begin()
            guard !Task.isCancelled else { return nil }
            while waiting.isEmpty {
                let last = last
                waiting = try await listening.look { try $0.events(after: last, limit: Self.page)[...] } ?? []
                if waiting.isEmpty {
                    guard await listening.wait() != nil else { return nil }
                }
            }
            let event = waiting.removeFirst()
            last = event.seq
            return event
        }
    }
}
