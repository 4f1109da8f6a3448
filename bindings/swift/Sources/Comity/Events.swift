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
    /// extension, is told with the next event of this client, or when it is resumed. While the client is paused, the sequence waits. It
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
        AsyncIterator(client: client, last: after)
    }

    /// Goes along the log.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let page: UInt32 = 100

        let client: Client
        var last: UInt64
        var reader: Reader?
        var rings: AsyncStream<Void>.AsyncIterator?
        var waiting: ArraySlice<Event> = []

        /// The next event, when there is one; nil when the client is closed or the task is cancelled.
        public mutating func next() async throws -> Event? {
            while waiting.isEmpty {
                // Listen first: what happens between the look and the wait rings.
                var rings = if let rings { rings } else { await client.bell.listen().makeAsyncIterator() }
                waiting = try await look()
                if waiting.isEmpty {
                    guard await rings.next() != nil else { return nil }
                }
                self.rings = rings
            }
            let event = waiting.removeFirst()
            last = event.seq
            return event
        }

        /// What is there now: nothing, while the client is paused, closed or given up.
        private mutating func look() async throws -> ArraySlice<Event> {
            do {
                let reader = if let reader { reader } else { try await client.reader() }
                self.reader = reader
                return try reader.events(after: last, limit: Self.page)[...]
            } catch let error as ComityError where error.isOfClosedFile {
                return []
            } catch is CancellationError {
                return []
            }
        }
    }
}

extension ComityError {
    /// The client is paused, was paused just now, or is closed.
    fileprivate var isOfClosedFile: Bool {
        switch fault.code {
        case .paused, .storageInterrupted: true
        case .invalidArgument: fault.detail == "client_is_closed"
        default: false
        }
    }
}

/// Tells those who listen that the log has grown. It says nothing of what is in it, so one ring unheard is as good as ten.
actor Bell {
    private var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
    private var next = 0
    private var isOver = false

    func listen() -> AsyncStream<Void> {
        let (rings, listener) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        guard !isOver else {
            listener.finish()
            return rings
        }
        let name = next
        next += 1
        listeners[name] = listener
        listener.onTermination = { [weak self] _ in
            Task { [weak self] in await self?.forget(name) }
        }
        return rings
    }

    func ring() {
        listeners.values.forEach { $0.yield() }
    }

    func end() {
        isOver = true
        listeners.values.forEach { $0.finish() }
    }

    private func forget(_ name: Int) {
        listeners[name] = nil
    }
}
