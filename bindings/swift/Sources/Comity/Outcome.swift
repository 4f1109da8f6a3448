#if canImport(Darwin)
    import os
#else
    import Synchronization
#endif

/// What becomes of a piece of work: told once, and waited for by one task, which may stop waiting.
final class Outcome<R: Sendable>: Sendable {
    private enum State: Sendable {
        case open
        case awaited(CheckedContinuation<R, any Error>)
        case told(Result<R, any Error>)
        case over
    }

    // The systems of 2023 know no other lock that Swift trusts; Linux has no such.
    #if canImport(Darwin)
        private let state = OSAllocatedUnfairLock(initialState: State.open)
    #else
        private let state = Mutex(State.open)
    #endif

    /// The first telling counts.
    func tell(_ result: Result<R, any Error>) {
        let waiter: CheckedContinuation<R, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .told(result)
                return nil
            case .awaited(let waiter):
                state = .over
                return waiter
            case .told, .over:
                return nil
            }
        }
        waiter?.resume(with: result)
    }

    /// Waits until it is told. A cancelled task goes at once: that is a telling, too.
    func value(isolation: isolated (any Actor)? = #isolation) async throws -> R {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                if let result = result(for: waiter) {
                    waiter.resume(with: result)
                }
            }
        } onCancel: {
            tell(.failure(CancellationError()))
        }
    }

    /// What was told already; nil, and `waiter` will be told, if nothing was.
    private func result(for waiter: CheckedContinuation<R, any Error>) -> Result<R, any Error>? {
        state.withLock { state in
            guard case .told(let result) = state else {
                state = .awaited(waiter)
                return nil
            }
            state = .over
            return result
        }
    }
}
