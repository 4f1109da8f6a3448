// A client, from nothing to its first requests: what docs/swift.md shows.
import Comity
import Foundation

/// Here an app posts a request to its server. This one has none.
func post(_ request: Request) async -> Answer {
    print("to \(request.to): \(request.kind), \(request.body.count) octets")
    return .unreachable(retryAfter: nil)
}

// ANCHOR: deliver
/// Runs for as long as the app does. Here is all of its transport.
func deliver(for client: Client) async throws {
    for try await request in client.requests() {
        let answer = await post(request)
        do {
            _ = try await client.answer(request.id, with: answer)
        } catch ComityError.Paused {}  // It will come again.
    }
}
// ANCHOR_END: deliver

// ANCHOR: listen
/// Runs for as long as the app does. The app keeps the number of the last event that it has seen.
func listen(to client: Client, after last: UInt64) async throws {
    for try await event in client.events(after: last) {
        switch event.kind {
        case .message(_, let message, _): print("show message \(message)")
        case .room(let room, .invited(let user)): print("\(user) invites to \(room)")
        default: print("event \(event.seq): \(event.kind)")
        }
    }
}
// ANCHOR_END: listen

// ANCHOR: place
/// A part of the app that may wait for the disk: it shares the client's thread.
actor Outbox {
    private let client: Client

    init(_ client: Client) {
        self.client = client
    }

    nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    func send(_ texts: [String], to room: RoomUri) async throws {
        for text in texts {
            _ = try await client.send(.text(text), to: room)  // Here, on this thread.
        }
    }
}
// ANCHOR_END: place

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("comity-\(UUID())")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

let path = folder.appendingPathComponent("alice.comity").path
// ANCHOR: create
let key = Data(0..<32)  // An app draws it once, and keeps it in the keychain.
let opening = try Opening.app(path: path, key: key)
let client = try await Client.create(
    opening, user: "mimi://a.example/u/alice", client: "mimi://a.example/d/alice-phone")
// ANCHOR_END: create

let delivering = Task { try await deliver(for: client) }
let listening = Task { try await listen(to: client, after: 0) }

// ANCHOR: advertise
// Say what this app can show: what every MIMI client can, and HTML.
_ = try await client.advertise(.baseline(and: ["text/html;charset=utf-8"], languages: ["en"]))
// ANCHOR_END: advertise

// The hub's key is in its provider's directory.
let lunch = NewRoom(hubKey: Data(count: 32), name: "Lunch")
_ = try await client.createRoom("mimi://a.example/r/lunch", as: lunch)

try await Outbox(client).send(["Soup?", "Or the usual?"], to: "mimi://a.example/r/lunch")

// ANCHOR: reader
// For the main thread: it waits for nobody.
let reader = try await client.reader()
for room in try reader.rooms(now: .now) {
    print("\(room.uri): \(room.phase), \(room.unread) unread")
}
// ANCHOR_END: reader
for request in try reader.outstanding(after: nil, limit: 100) {
    print("still to post: \(request.kind)")
}

// ANCHOR: errors
do {
    _ = try reader.room(room: "mimi://a.example/r/dinner")
} catch let error as ComityError {
    print("\(error.fault.code.rawValue) \(error.fault.name): \(error.localizedDescription)")
}
// ANCHOR_END: errors

// ANCHOR: suspend
// Before the system suspends the app, and when it is in front again.
client.interrupter.interrupt()
try await client.pause()
try await client.resume()
// ANCHOR_END: suspend

// An app whose person signs out.
delivering.cancel()
listening.cancel()
try await client.close()
