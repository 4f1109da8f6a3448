@testable import Comity
import ComityTest
import Foundation
import Testing

/// A part of an app that shares the client's thread.
private actor Worker {
    private let client: Client
    private var isLetIn = false

    init(_ client: Client) {
        self.client = client
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    /// Whether somebody who waits for the thread gets it during a call.
    func isLeft(by call: @Sendable (isolated Worker, Client) async throws -> Void) async throws -> Bool {
        isLetIn = false
        let waiting = Task { isLetIn = true }
        let began = pthread_self()
        try await call(self, client)
        let wasLetIn = isLetIn
        if !wasLetIn {
            #expect(pthread_equal(began, pthread_self()) != 0, "who never left is where they were")
        }
        await waiting.value
        return wasLetIn
    }

    /// Is cancelled in the middle of its call.
    func isCancelled() async throws {
        try await client.does { client in
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try client.engine.send(now: now, room: room, outgoing: .text("Whatever happens"), allow: Allow())
        }
    }
}

extension Client {
    /// A function of the app's that is isolated to the client itself.
    fileprivate func sends(_ texts: [String]) async throws -> Bool {
        let began = pthread_self()
        for text in texts {
            _ = try await send(.text(text), to: room, now: now)
        }
        return pthread_equal(began, pthread_self()) != 0
    }
}

/// On which thread a client works.
@Suite(.timeLimit(.minutes(1))) struct Places {
    let desk: Desk
    let client: Client
    private let worker: Worker

    init() async throws {
        desk = try Desk()
        client = try await desk.clientInRoom()
        worker = Worker(client)
    }

    /// What was sent, in order.
    private func texts() async throws -> [String] {
        let page = try await client.reader().timeline(now: now, room: room, page: .latest(limit: 100))
        return page.compactMap { message in
            guard case .single(let part) = message.content?.part.body else { return nil }
            return String(decoding: part.content, as: UTF8.self)
        }
    }

    @Test("Who shares the client's thread is served in place, and nobody comes in between")
    func inPlace() async throws {
        let reader = try await client.reader()
        #expect(
            try await !worker.isLeft { worker, client in
                for text in ["One", "Two"] {
                    _ = try await client.send(.text(text), to: room, now: now)
                }
                for request in try reader.outstanding(after: nil, limit: 100) {
                    _ = try await client.answer(request.id, with: .undeliverable, now: now)
                }
                _ = try await client.wake(now: now)
                _ = try await client.restored()
            })
        #expect(try await client.sends(["Three", "Four"]))
        #expect(try await texts() == ["One", "Two", "Three", "Four"])
    }

    @Test("What takes long goes to the queue, where who shares the thread waits without holding it")
    func long() async throws {
        #expect(try await worker.isLeft { _, client in _ = try await client.receive(Batch(frames: []), now: now) })
        #expect(try await worker.isLeft { _, client in try await client.pause() })
        #expect(try await worker.isLeft { _, client in try await client.resume() })
        #expect(try await worker.isLeft { _, client in try await client.rekey(key) })
    }

    @Test("An older system's way goes to the queue as well, from wherever it is called")
    func older() async throws {
        #expect(try await worker.isLeft { _, client in try await client.doesInTask { _ in } })
        try await Task.detached { [client] in try await client.doesInTask { $0.assertIsolated() } }.value
    }

    @Test("Who is cancelled in the middle of a call in place leaves when it is over")
    func within() async throws {
        let worker = worker
        let cancelled = Task { try await worker.isCancelled() }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(try await texts() == ["Whatever happens"])
    }

    @Test("A task that is cancelled beforehand begins nothing in place")
    func beforehand() async throws {
        let worker = worker
        let cancelled = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await worker.isLeft { _, client in _ = try await client.send(.text("Never"), to: room, now: now) }
        }
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(try await texts().isEmpty)
    }

    @Test("What fails in place is told, and the next call has its turn")
    func failing() async throws {
        _ = try await worker.isLeft { _, client in
            let fault = try await fault { _ = try await client.send(.text("Nowhere"), to: "nowhere", now: now) }
            #expect(fault.code == .invalidArgument)
            _ = try await client.send(.text("Here"), to: room, now: now)
        }
        #expect(try await texts() == ["Here"])
    }

    @Test("The main actor is not worked on, and is come back to")
    @MainActor func main() async throws {
        for _ in 0..<3 {
            try await client.does { $0.assertIsolated() }
            MainActor.assertIsolated()
        }
    }

    @Test("Neither an actor with a thread of its own nor a detached task is worked on")
    func others() async throws {
        actor Other {
            func calls(_ client: Client) async throws {
                try await client.does { $0.assertIsolated() }
                assertIsolated()
            }
        }
        try await Other().calls(client)
        try await Task.detached { [client] in try await client.does { $0.assertIsolated() } }.value
        let another = try await Desk().clientInRoom()
        #expect(try await worker.isLeft { _, _ in _ = try await another.wake(now: now) }, "it has another thread")
    }
}
