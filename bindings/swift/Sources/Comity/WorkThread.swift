import Dispatch

/// Where a client's work is done, one piece at a time. Work waits for the disk; Swift's own threads, of which there are few, must not.
final class WorkThread: SerialExecutor {
    // As urgent as who asks for it. On Linux, a queue of another urgency has other threads, on another core as a rule.
    private let queue = DispatchQueue(label: "org.comity.client")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }

    /// Ends the program unless it is called on this thread.
    func checkIsolated() {
        dispatchPrecondition(condition: .onQueue(queue))
    }

    /// Whether an actor has this thread for its own. Whoever is isolated to it is on this thread, and nothing else is.
    func isThread(of actor: (any Actor)?) -> Bool {
        actor?.unownedExecutor.isSame(as: asUnownedSerialExecutor()) == true
    }

    /// Does work to its end, and waits for it unless cancelled.
    func outcome<R: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable () throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        let outcome = Outcome<R>()
        queue.async { outcome.tell(Result { try work() }) }
        return try await outcome.value()
    }
}

extension UnownedSerialExecutor {
    /// Whether it is the same one. Swift itself compares them so, and has no word for it.
    fileprivate func isSame(as other: Self) -> Bool {
        withUnsafeBytes(of: self) { mine in withUnsafeBytes(of: other) { mine.elementsEqual($0) } }
    }
}
