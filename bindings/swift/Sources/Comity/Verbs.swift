import ComityEngine
import Foundation

// What a person does.
extension Client {
    /// Sends a message: the smallest content that gives every client the best alternative it can read. `plan` of a reader tells
    /// beforehand who will see what.
    ///
    /// The message's id, in `made` of the step, is final.
    ///
    /// - Parameters:
    ///   - outgoing: alternatives, richest first, and how they behave.
    ///   - room: the room.
    ///   - now: the time.
    ///   - allow: what the sender accepts knowingly: nothing, unless you say so.
    ///   - isolation: where the caller is.
    /// - Throws: `Blocked` with ``ComityEngine/Code/cannotRead`` and the users who could read none of the alternatives; `Misuse` with
    ///   ``ComityEngine/Code/tooLong`` for more than 1 MiB in all, which is what attachments are for.
    public func send(
        _ outgoing: Outgoing, to room: RoomUri, now: Date = .now, allow: Allow = Allow(), isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.send(now: now, room: room, outgoing: outgoing, allow: allow) }
    }

    /// Sends again, or withdraws, a message that the hub has not accepted.
    public func resolve(
        _ message: MessageId, by how: Resolution, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.resolve(now: now, message: message, how: how) }
    }

    /// Notes that the person has read the room up to a position: unread counts are reset, and messages that vanish some time after they
    /// were read begin to.
    public func read(
        _ room: RoomUri, upTo position: Position, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.read(now: now, room: room, upTo: position) }
    }

    /// Creates a room at the hub that its URI names, such as `mimi://a.example/r/lunch`, with us as its only member and administrator. It
    /// stands once the hub has accepted it: the event `created`.
    public func createRoom(
        _ room: RoomUri, as newRoom: NewRoom, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.createRoom(now: now, room: room, newRoom: newRoom) }
    }

    /// Changes a room: all the changes in one commit. `task` of a reader tells how the task in `made` goes.
    public func change(
        _ room: RoomUri, by changes: [Change], now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.change(now: now, room: room, changes: changes) }
    }

    /// Answers an invitation. Declining leaves the room and forgets it.
    public func respond(
        to room: RoomUri, with response: Response, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.respond(now: now, room: room, response: response) }
    }

    /// Joins from outside: a room of our user's from a new client, or a room that stalled.
    ///
    /// - Parameters:
    ///   - room: the room.
    ///   - code: a joining code, if there is one.
    ///   - now: the time.
    ///   - isolation: where the caller is.
    public func join(
        _ room: RoomUri, code: Data? = nil, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.join(now: now, room: room, code: code) }
    }

    /// Says what this client can receive from now on: new key packages at once; every room's leaf follows, at once in rooms of at most
    /// 32 members, else within a day.
    public func advertise(
        _ supported: Supported, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.advertise(now: now, supported: supported) }
    }

    /// Publishes key packages if fewer than enough are left at the own provider.
    public func restock(
        left: UInt32, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.restock(now: now, left: left) }
    }

    /// Forgets events up to and including one: the app has them in its own database. Their numbers are never used again. After a power
    /// cut they may be there once more.
    public func forget(
        upTo seq: UInt64, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.forget(now: now, upTo: seq) }
    }
}
