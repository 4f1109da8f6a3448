@testable import Comity
import ComityTest
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct SequencesOfRequests {
    let desk: Desk
    let client: Client

    init() async throws {
        desk = try Desk()
        client = try await desk.clientInRoom()
    }

    /// The texts of so many requests, answered with nothing.
    private func ids(_ count: Int) async throws -> [RequestId] {
        var ids: [RequestId] = []
        for try await request in client.requests() {
            ids.append(request.id)
            if ids.count == count { break }
        }
        return ids
    }

    @Test("What nobody has answered comes first, then what steps ask for, each once")
    func outstandingThenSteps() async throws {
        let first = try await client.send(.text("one"), to: room, now: now)
        let second = try await client.restock(left: 0, now: now)
        let all = try await ids(2)
        #expect(all == (first.requests + second.requests).map(\.id))
        #expect(try await ids(2) == all, "they are not answered yet")
    }

    @Test("A request is told while somebody listens, and not again")
    func telling() async throws {
        var requests = client.requests().makeAsyncIterator()
        _ = try await client.restock(left: 0, now: now)
        let told = try #require(try await requests.next())
        _ = try await client.answer(told.id, with: .undeliverable, now: now)
        let sent = try await client.send(.text("two"), to: room, now: now)
        #expect(try await requests.next()?.id == sent.requests.first?.id)
    }

    @Test("What a step asks for whose caller was cancelled is told")
    func cancelled() async throws {
        let gate = Gate()
        let listening = Task { try await client.requests().first { _ in true } }
        let sending = Task {
            try await client.steps { engine in
                try gate.hold(client: engine)
                return try engine.send(now: now, room: room, outgoing: .text("Whatever happens"), allow: Allow())
            }
        }
        await elsewhere { gate.entered() }
        sending.cancel()
        await #expect(throws: CancellationError.self) { _ = try await sending.value }
        gate.open()
        #expect(try await listening.value?.kind == .submitMessage)
    }

    @Test("What was not answered when the client was paused comes again when it is resumed")
    func resuming() async throws {
        var requests = client.requests().makeAsyncIterator()
        _ = try await client.restock(left: 0, now: now)
        let told = try #require(try await requests.next())
        try await client.pause()
        await #expect(throws: ComityError.self) {
            _ = try await client.answer(told.id, with: .undeliverable, now: now)
        }
        try await client.resume()
        #expect(try await requests.next() == told)
    }

    @Test("It waits while the client is paused, ends when it is closed, and when its task is cancelled")
    func ends() async throws {
        try await client.pause()
        let listening = Task { try await client.requests().reduce(0) { count, _ in count + 1 } }
        let cancelled = Task { try await client.requests().reduce(0) { count, _ in count + 1 } }
        cancelled.cancel()
        #expect(try await cancelled.value == 0)
        try await client.resume()
        try await client.close()
        #expect(try await listening.value == 0)
    }
}
