@testable import Comity
import ComityTest
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct Tasks {
    let desk: Desk
    let client: Client

    init() async throws {
        desk = try Desk()
        client = try await desk.clientInRoom()
    }

    @Test("Tasks use a client at once, and none is told of another")
    func together() async throws {
        let ids = try await withThrowingTaskGroup(of: MessageId?.self) { group in
            for sender in 0..<8 {
                for number in 0..<5 {
                    group.addTask { [client] in
                        let step = try await client.send(.text("\(sender) \(number)"), to: room, now: now)
                        guard case .message(let id) = step.made else { return nil }
                        return id
                    }
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 40 && !ids.contains(nil))
        let page = try await client.reader().timeline(now: now, room: room, page: .latest(limit: 100))
        #expect(Set(page.map(\.id)) == ids)
    }

    @Test("The main actor asks a reader while the client is busy, and waits for nothing")
    @MainActor func reading() async throws {
        let reader = try await client.reader()
        let gate = Gate()
        let holding = Task { [client] in try await client.does { try gate.hold(client: $0.engine) } }
        await elsewhere { gate.entered() }
        #expect(try reader.rooms(now: now).map(\.uri) == [room])
        #expect(try reader.identity() == Identity(user: alice, client: phone))
        client.interrupter.interrupt()
        gate.open()
        try await holding.value
    }

    @Test("Two threads at once in the engine's own client are told")
    func underneath() async throws {
        let engine = await client.engine
        let gate = Gate()
        let holding = Task { try await client.does { try gate.hold(client: $0.engine) } }
        await elsewhere { gate.entered() }
        #expect(try await fault(of: { _ = try engine.wake(now: now) }).code == .concurrentUse)
        #expect(try await fault(of: { try engine.closeFile() }).code == .concurrentUse)
        gate.open()
        try await holding.value
        _ = try engine.wake(now: now)
    }

    @Test("Work waits for the disk on no thread of Swift's")
    func threads() async throws {
        // More calls are held than Swift has threads; a task still runs.
        let gate = Gate()
        let desks = try (0..<(2 * ProcessInfo.processInfo.activeProcessorCount)).map { _ in try Desk() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for desk in desks {
                let client = try await desk.client()
                group.addTask { try await client.does { _ in gate.entered() } }
            }
            #expect(await Task { true }.value)
            try await client.does { client in
                gate.open()
                try gate.hold(client: client.engine)
            }
            try await group.waitForAll()
        }
    }

    @Test("A client that is dropped is closed, and its file opens again")
    func dropped() async throws {
        let desk = try Desk()
        var client: Client? = try await desk.client()
        _ = try await client?.wake(now: now)
        client = nil
        for attempt in 1... {
            do {
                try await Client.open(desk.opening(), now: now).close()
                return
            } catch let error as ComityError where error.fault.advice == .retry && attempt < 100 {
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
