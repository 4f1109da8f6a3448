import Dispatch

/// Where a client's work is done, one piece at a time. Work waits for the disk; Swift's own threads, of which there are few, must not.
final class WorkThread: SerialExecutor {
    private let queue = DispatchQueue(label: "org.comity.client", qos: .userInitiated)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Ends the program unless it is called on this thread.
    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    /// Does work to its end, and waits for it unless cancelled.
    func outcome<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        try Task.checkCancellation()
        let outcome = Outcome<R>()
        queue.async { outcome.tell(Result { try work() }) }
        return try await outcome.value()
    }
}

/// What becomes of a piece of work: told once, and waited for by one task, which may stop waiting.
struct Outcome<R: Sendable>: Sendable {
    // A stream that is cancelled lets go of who waits for it, and of nothing else.
    private let stream: AsyncThrowingStream<R, any Error>
    private let teller: AsyncThrowingStream<R, any Error>.Continuation

    init() {
        (stream, teller) = AsyncThrowingStream.makeStream(bufferingPolicy: .bufferingOldest(1))
    }

    func tell(_ result: Result<R, any Error>) {
        teller.yield(with: result)
        teller.finish()
    }

    func value() async throws -> R {
        for try await value in stream {
            return value
        }
        throw CancellationError()
    }
}
