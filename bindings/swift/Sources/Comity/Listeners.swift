import ComityEngine

/// What those are told who listen.
enum Told: Sendable {
    /// A step was taken: its requests. Its events are in the log.
    case requests([Request])
    /// The file is open again.
    case resumed
}

/// Those who want to know what steps come to: the sequences of events and of requests that somebody goes along.
struct Listeners {
    private var all: [Int: AsyncStream<Told>.Continuation] = [:]
    private var next = 0
    private var isOver = false

    /// One more of them, for whom at most so many tellings are kept. `leaves` is called with its name when it stops listening.
    mutating func listen(
        keeping newest: Int, leaves: @escaping @Sendable (Int) -> Void
    ) -> AsyncStream<Told> {
        let (told, listener) = AsyncStream<Told>.makeStream(bufferingPolicy: .bufferingNewest(newest))
        guard !isOver else {
            listener.finish()
            return told
        }
        let name = next
        next += 1
        all[name] = listener
        listener.onTermination = { _ in leaves(name) }
        return told
    }

    /// Each step is told, those without events too: another process may have written to the log in the meantime.
    func tell(of step: Step) {
        all.values.forEach { $0.yield(.requests(step.requests)) }
    }

    /// The file is open again, and others may have written to it.
    func resumed() {
        all.values.forEach { $0.yield(.resumed) }
    }

    /// Nothing will be told any more.
    mutating func end() {
        isOver = true
        all.values.forEach { $0.finish() }
    }

    mutating func forget(_ name: Int) {
        all[name] = nil
    }
}

/// What a sequence knows of a client: what it is told, and a reader of its own.
struct Listening {
    private let client: Client
    private let newest: Int
    private var reader: Reader?
    private var told: AsyncStream<Told>.AsyncIterator?

    init(to client: Client, keeping newest: Int) {
        (self.client, self.newest) = (client, newest)
    }

    /// Begins to listen, so that nothing happens between a look and a wait.
    mutating func begin() async {
        if told == nil {
            told = await client.listen(keeping: newest).makeAsyncIterator()
        }
    }

    /// What is in the file now. Nothing, while the client is paused, closed or given up.
    mutating func look<R>(_ query: (Reader) throws -> R) async throws -> R? {
        do {
            let reader = if let reader { reader } else { try await client.reader() }
            self.reader = reader
            return try query(reader)
        } catch let error as ComityError where error.isOfClosedFile {
            return nil
        } catch is CancellationError {
            return nil
        }
    }

    /// What is told next; nil when the client is closed or the task is cancelled.
    mutating func wait() async -> Told? {
        await told?.next()
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
