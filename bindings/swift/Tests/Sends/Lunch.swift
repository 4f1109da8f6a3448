import Comity
import ComityTest
import Foundation

private let now = Date(timeIntervalSince1970: 1_790_000_000)
private let alice = "mimi://a.example/u/alice"
private let phone = "mimi://a.example/d/alice-phone"
private let room = "mimi://a.example/r/lunch"

/// The hub of everybody here, and the client's room at it.
private struct Hub {
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

/// A client alone in its room, as apps have it.
struct Lunch {
    private let hub: Hub
    private let client: Comity.Client
    private let reader: Reader

    init(_ folder: URL) async throws {
        hub = try Hub()
        let opening = try Opening.app(
            path: folder.appendingPathComponent("alice.comity").path, key: Data(repeating: 7, count: 32))
        client = try await Client.create(opening, user: alice, client: phone, now: now)
        reader = try await client.reader()
        try await post(client.createRoom(room, as: hub.lunch(), now: now))
    }

    func measure(_ text: String, _ turn: inout Turn) async throws {
        try await post(turn.time("send") { try await client.send(.text(text), to: room, now: now) })
        _ = try await turn.time("nothing") { try await client.restored() }
        let task = try turn.time("query") { try reader.task(id: String(repeating: "00", count: 16)) }
        precondition(task == nil, "nobody made such a task")
    }

    private func post(_ step: Step) async throws {
        for request in step.requests {
            try await post(client.answer(request.id, with: hub.post(request), now: now))
        }
    }
}

/// Another one, through what is generated alone: without the actor, its thread and its listeners.
struct Call {
    private let hub: Hub
    private let client: ComityEngine.Client

    init(_ folder: URL) throws {
        hub = try Hub()
        let opening = try Opening.app(
            path: folder.appendingPathComponent("call.comity").path, key: Data(repeating: 7, count: 32))
        client = try ComityEngine.Client.create(now: now, opening: opening, user: alice, client: phone)
        try post(client.createRoom(now: now, room: room, newRoom: hub.lunch()))
    }

    func measure(_ text: String, _ turn: inout Turn) throws {
        let outgoing = turn.time("text") { Outgoing.text(text) }
        try post(turn.time("call") { try client.send(now: now, room: room, outgoing: outgoing, allow: Allow()) })
    }

    private func post(_ step: Step) throws {
        for request in step.requests {
            try post(client.answer(now: now, request: request.id, answer: hub.post(request)))
        }
    }
}
