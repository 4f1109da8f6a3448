@testable import Comity
import ComityTest
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct Cancellation {
    let desk: Desk
    let client: Client

    init() async throws {
        desk = try Desk()
        client = try await desk.clientInRoom()
    }

    @Test("Cancelling ends the waiting at once, and the work is done to its end")
    func detaches() async throws {
        let gate = Gate()
        let before = try await client.reader().events(after: 0, limit: 100).count
        let sending = Task {
            try await client.steps { engine in
                try gate.hold(client: engine)
                return try engine.send(now: now, room: room, outgoing: .text("Whatever happens"), allow: Allow())
            }
        }
        await elsewhere { gate.entered() }
        sending.cancel()
        await #expect(throws: CancellationError.self) { _ = try await sending.value }  // The work is still inside.
        gate.open()
        let told = try await client.events(after: UInt64(before)).first { _ in true }
        guard case .message(room, let message, .sending) = told?.kind else {
            Issue.record("it was not told: \(String(describing: told))")
            return
        }
        let reader = try await client.reader()
        #expect(try reader.message(now: now, id: message) != nil)
        #expect(try reader.outstanding(after: nil, limit: 100).count == 1)
    }

    @Test("Who waits behind a long call may stop waiting, too")
    func behind() async throws {
        let gate = Gate()
        let holding = Task { try await client.does { try gate.hold(client: $0.engine) } }
        await elsewhere { gate.entered() }
        let begun = AsyncStream<Void>.makeStream()
        let sending = Task {
            begun.continuation.finish()
            return try await client.send(.text("In the queue"), to: room, now: now)
        }
        for await _ in begun.stream {}
        try await Task.sleep(for: .milliseconds(100))  // So that it is in the queue, as a rule.
        sending.cancel()
        await #expect(throws: CancellationError.self) { _ = try await sending.value }
        gate.open()
        try await holding.value
        _ = try await client.wake(now: now)
    }

    @Test("On older systems work goes its way by a task, and is done whoever waits for it")
    func older() async throws {
        let gate = Gate()
        let sending = Task {
            try await client.doesInTask { client in
                try gate.hold(client: client.engine)
                let text = Outgoing.text("Whatever happens")
                return try client.engine.send(now: now, room: room, outgoing: text, allow: Allow())
            }
        }
        await elsewhere { gate.entered() }
        sending.cancel()
        await #expect(throws: CancellationError.self) { _ = try await sending.value }
        gate.open()
        let page = try await client.doesInTask { try $0.engine.reader().timeline(now: now, room: room, page: .latest(limit: 10)) }
        #expect(page.count == 1)
    }

    @Test("A task that is cancelled beforehand begins nothing")
    func beforehand() async throws {
        let client = client
        let sending = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(.text("Never"), to: room, now: now)
        }
        await #expect(throws: CancellationError.self) { _ = try await sending.value }
        _ = try await client.wake(now: now)
        #expect(try await client.reader().timeline(now: now, room: room, page: .latest(limit: 10)).isEmpty)
    }

    @Test("A file that nobody waited for can be opened")
    func creating() async throws {
        let desk = try Desk()
        let creating = Task { try await desk.client() }
        creating.cancel()
        _ = try? await creating.value
        // It was created or it was not; in no case is it half there.
        for _ in 0..<600 {
            do {
                let client = try await Client.open(desk.opening(), now: now)
                try await client.close()
                return
            } catch let error as ComityError where error.fault.code == .storageMissing {
                return
            } catch let error as ComityError where error.fault.advice == .retry {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        Issue.record("it stayed locked")
    }
}
