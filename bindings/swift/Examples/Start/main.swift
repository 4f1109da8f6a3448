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

// ANCHOR: receive
/// Takes what the app's server has delivered: each time as many as the step says.
func take(_ frames: [Frame], for client: Client) async throws {
    var waiting = frames[...]
    while !waiting.isEmpty {
        let step = try await client.receive(Batch(frames: Array(waiting)))
        waiting = waiting.dropFirst(step.frames.count)
    }
}
// ANCHOR_END: receive

// ANCHOR: attach
/// A photo for whoever can show one, and words for everybody else.
func photo(_ jpeg: Data, upload: (Data) async throws -> String) async throws -> Outgoing {
    let sealed = try sealAttachment(plaintext: jpeg)  // Under a key of its own, which travels in the part.
    let url = try await upload(sealed.ciphertext)
    let part = try Part.attachment(sealed.part, mediaType: "image/jpeg", url: url, filename: "lunch.jpg")
    return Outgoing(alternatives: [part, .text("A photo of lunch")])
}
// ANCHOR_END: attach

// ANCHOR: shown
/// What a person sees of a message.
func words(of message: Message, supported: Supported) throws -> String? {
    switch try message.selection(for: supported)?.chosen.first?.part.body {
    case .single(let single): String(decoding: single.content, as: UTF8.self)
    case .external(let file): "a file: \(file.filename)"  // Fetch it, then `openAttachment(part: file, fetched:)`.
    case .multi, .null, nil: nil
    }
}
// ANCHOR_END: shown

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
// Say what this app can show: what every MIMI client can, HTML, and photos.
let supported = Supported.baseline(and: ["text/html;charset=utf-8", "image/jpeg"], languages: ["en"])
_ = try await client.advertise(supported)
// ANCHOR_END: advertise

let hubKey = Data(count: 32)
// ANCHOR: room
// The hub's public key is in its provider's directory. Once the event `created` has come:
// `client.change(room, by: [.invite(user: …)])`. Who is invited answers with `client.respond(to: room, with: .accept)`.
let room = "mimi://a.example/r/lunch"
_ = try await client.createRoom(room, as: NewRoom(hubKey: hubKey, name: "Lunch"))
// ANCHOR_END: room

try await Outbox(client).send(["Soup?", "Or the usual?"], to: room)

// ANCHOR: reader
// For the main thread: it waits for nobody.
let reader = try await client.reader()
for room in try reader.rooms(now: .now) {
    print("\(room.uri): \(room.phase), \(room.unread) unread")
}
// ANCHOR_END: reader

// ANCHOR: say
// The same thing twice, richest first: each reader sees the best that their app can show.
let hello = Outgoing(alternatives: [.html("<p>Hello, <b>you</b>!</p>"), .text("Hello, you!")])
let plan = try reader.plan(room: room, outgoing: hello)
if plan.unreadableBy.isEmpty, case .message(let id) = try await client.send(hello, to: room).made {
    _ = try await client.send(.text("Hello, all of you!").editing(id), to: room)
    _ = try await client.send(.text("I am late").expiring(.relative(seconds: 3600)), to: room)
}
// ANCHOR_END: say
_ = try await client.send(photo(Data("…".utf8)) { _ in "https://files.example/1" }, to: room)
for message in try reader.timeline(now: .now, room: room, page: .latest(limit: 50)) {
    print("\(message.sender): \(try words(of: message, supported: supported) ?? "?")")
}
try await take([], for: client)

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
