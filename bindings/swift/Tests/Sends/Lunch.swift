import Comity
import ComityTest
import Foundation

private let now = Date(timeIntervalSince1970: 1_790_000_000)
private let alice = "mimi://a.example/u/alice"
private let phone = "mimi://a.example/d/alice-phone"
private let room = "mimi://a.example/r/lunch"

/// The hub of everybody here, and the client's room at it.
private struct Hub: Sendable {
    let network = Network()

    init() throws {
        try network.register(user: alice, client: phone)
    }

    func lunch() throws -> NewRoom {
        NewRoom(hubKey: try network.hubKey(provider: "mimi://a.example"), name: "Lunch")
    }

    func post(_ request: Request) throws -> Answer {
        try network.post(now: now, user: alice, client: phone, request: request)
    }
}

private func askNothing(_ reader: Reader) throws {
    let task = try reader.task(id: String(repeating: "00", count: 16))
    precondition(task == nil, "nobody made such a task")
}

/// A client alone in its room, as apps have it.
final class Lunch: Sendable {
    private let hub: Hub
    fileprivate let client: Comity.Client
    private let reader: Reader

    init(_ folder: URL) async throws {
        hub = try Hub()
        let opening = try Opening.app(
            path: folder.appendingPathComponent("alice.comity").path, key: Data(repeating: 7, count: 32))
        client = try await Client.create(opening, user: alice, client: phone, now: now)
        reader = try await client.reader()
        try await post(client.createRoom(room, as: hub.lunch(), now: now))
    }

    /// Sends from where the caller is, and has it accepted; then does nothing by the same way. Notes both under their names.
    func send(
        _ text: String, _ names: (send: String, nothing: String), _ turn: inout Turn, isolation: isolated (any Actor)? = #isolation
    ) async throws {
        var begun = ContinuousClock.now
        let step = try await client.send(.text(text), to: room, now: now)
        turn.note(names.send, since: begun)
        try await post(step)
        begun = .now
        _ = try await client.restored()
        turn.note(names.nothing, since: begun)
    }

    /// Asks the reader about a task that nobody has begun.
    func ask() throws {
        try askNothing(reader)
    }

    private func post(_ step: Step, isolation: isolated (any Actor)? = #isolation) async throws {
        for request in step.requests {
            try await post(client.answer(request.id, with: hub.post(request), now: now))
        }
    }
}

/// The part of an app that may wait for the disk: it shares the client's thread.
actor Worker {
    private let lunch: Lunch

    init(_ lunch: Lunch) {
        self.lunch = lunch
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { lunch.client.unownedExecutor }

    func turn(_ text: String, _ times: Int) async throws -> Turn {
        var turn = Turn()
        for _ in 0..<times {
            try await lunch.send(text, ("send", "nothing"), &turn)
            try turn.time("query") { try lunch.ask() }
        }
        return turn
    }
}

/// The part that must not: a screen.
@MainActor func screen(_ lunch: Lunch, _ text: String, _ times: Int, _ turn: inout Turn) async throws {
    for _ in 0..<times {
        try await lunch.send(text, ("away", "reach"), &turn)
        try lunch.ask()
    }
}

/// Another one, through what is generated alone: without the actor, its thread and its listeners.
struct Call {
    private let hub: Hub
    private let client: ComityEngine.Client
    private let reader: Reader

    init(_ folder: URL) throws {
        hub = try Hub()
        let opening = try Opening.app(
            path: folder.appendingPathComponent("call.comity").path, key: Data(repeating: 7, count: 32))
        client = try ComityEngine.Client.create(now: now, opening: opening, user: alice, client: phone)
        reader = try client.reader()
        try post(client.createRoom(now: now, room: room, newRoom: hub.lunch()))
    }

    func measure(_ text: String, _ turn: inout Turn) throws {
        let outgoing = turn.time("text") { Outgoing.text(text) }
        try post(turn.time("call") { try client.send(now: now, room: room, outgoing: outgoing, allow: Allow()) })
        try askNothing(reader)  // As the others do.
    }

    private func post(_ step: Step) throws {
        for request in step.requests {
            try post(client.answer(now: now, request: request.id, answer: hub.post(request)))
        }
    }
}
