// A client, from nothing to its first requests: what docs/swift.md shows.
import Comity
import Foundation

/// Here an app posts each request to its server, and hands the reply to `answer` of the client.
func take(_ step: Step) {
    for request in step.requests {
        print("to \(request.to): \(request.kind), \(request.body.count) octets")
    }
}

let folder = FileManager.default.temporaryDirectory.appendingPathComponent("comity-\(UUID())")
try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
defer { try? FileManager.default.removeItem(at: folder) }

let path = folder.appendingPathComponent("alice.comity").path
let key = Data(0..<32)  // An app draws it once, and keeps it in the keychain.
let opening = try Opening.app(path: path, key: key)
let client = try await Client.create(
    opening, user: "mimi://a.example/u/alice", client: "mimi://a.example/d/alice-phone", now: .now)

// Say what this app can show: what every MIMI client can, and HTML.
take(try await client.advertise(.baseline(and: ["text/html;charset=utf-8"], languages: ["en"]), now: .now))

// The hub's key is in its provider's directory.
let lunch = NewRoom(hubKey: Data(count: 32), name: "Lunch")
take(try await client.createRoom("mimi://a.example/r/lunch", as: lunch, now: .now))

// What the app has not seen yet, and whatever happens from now on.
let listening = Task {
    for try await event in client.events(after: 0) {
        print("event \(event.seq): \(event.kind)")
    }
}

// For the main thread: it waits for nobody.
let reader = try await client.reader()
for request in try reader.outstanding(after: nil, limit: 100) {
    print("still to post: \(request.kind)")
}

do {
    _ = try reader.room(room: "mimi://a.example/r/dinner")
} catch let error as ComityError {
    print("\(error.fault.code.rawValue) \(error.fault.name): \(error.localizedDescription)")
}

try await client.close()
try await listening.value  // The events of a closed client end.
