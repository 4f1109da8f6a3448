import ComityEngine

extension Client {
    /// Every request that nobody has answered, and from then on those of every step of this client, of steps that nobody waited for as
    /// well.
    ///
    /// Go along it in one place, for as long as the app runs, post what comes and give the reply to ``answer(_:with:now:isolation:)``; or post the
    /// requests of each step yourself, and leave this.
    ///
    /// ```swift
    /// for try await request in client.requests() {
    ///     let answer = await post(request)
    ///     do {
    ///         _ = try await client.answer(request.id, with: answer)
    ///     } catch ComityError.Paused {}  // It will come again.
    /// }
    /// ```
    ///
    /// Requests of the same lane go one at a time and in order, others side by side. To post one twice is harmless. While the client is
    /// paused, the sequence waits; when it is resumed, what nobody has answered is told again. It ends when the client is closed or the task is cancelled, and keeps the client open until then.
    public nonisolated func requests() -> Requests {
        Requests(client: self)
    }
}

/// The requests of a client: see ``Client/requests()``. Each iteration starts with those that nobody has answered.
public struct Requests: AsyncSequence, Sendable {
    /// Bytes to deliver.
    public typealias Element = Request

    let client: Client

    /// Begins with what nobody has answered.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(listening: Listening(to: client, keeping: .max))
    }

    /// Goes along the requests.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let page: UInt32 = 100

        var listening: Listening
        var waiting: ArraySlice<Request> = []
        var last: RequestId?
        var isListed = false
        // What the file and a step tell is told once.
        var known: [RequestId: UInt32] = [:]

        /// The next request, when there is one; nil when the client is closed or the task is cancelled.
        public mutating func next() async throws -> Request? {
            await listening.begin()
            guard !Task.isCancelled else { return nil }
            while waiting.isEmpty {
                if isListed {
                    switch await listening.wait() {
                    case .requests(let told): waiting = told.filter { known.removeValue(forKey: $0.id) != $0.attempt }[...]
                    case .resumed: (isListed, last, known) = (false, nil, [:])
                    case nil: return nil
                    }
                } else if try await !list() {
                    guard await listening.wait() != nil else { return nil }
                }
            }
            return waiting.removeFirst()
        }

        /// Reads on in the file. Whether it could be read.
        private mutating func list() async throws -> Bool {
            let after = last
            guard let page = try await listening.look({ try $0.outstanding(after: after, limit: Self.page) }) else {
                return false
            }
            waiting = page[...]
            isListed = page.count < Self.page
            last = page.last?.id ?? last
            page.forEach { known[$0.id] = $0.attempt }
            return true
        }
    }
}
