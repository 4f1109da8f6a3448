import Comity
import ComityTest
import Foundation
import Testing

let now = Date(timeIntervalSince1970: 1_800_000_000)
let room = "mimi://a.example/r/lunch"
let key = Data(repeating: 7, count: 32)
let alice = "mimi://a.example/u/alice"
let phone = "mimi://a.example/d/alice-phone"

/// A folder of its own for a client's file, gone with the desk.
final class Desk: Sendable {
    private let folder: URL
    let path: String

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("comity-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        path = folder.appendingPathComponent("alice.comity").path
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    func opening() throws -> Opening {
        try Opening.app(path: path, key: key)
    }

    func client() async throws -> Client {
        try await Client.create(opening(), user: alice, client: phone, now: now)
    }

    /// A client in a room of its own, whose hub has accepted everything.
    func clientInRoom() async throws -> Client {
        let client = try await client()
        let network = Network()
        try network.register(user: alice, client: phone)
        let lunch = NewRoom(hubKey: try network.hubKey(provider: "mimi://a.example"), name: "Lunch")
        let step = try await client.createRoom(room, as: lunch, now: now)
        for request in step.requests {
            let answer = try network.post(now: now, user: alice, client: phone, request: request)
            _ = try await client.answer(request.id, with: answer, now: now)
        }
        return client
    }
}

/// The fault that work fails with.
func fault(
    of work: () async throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Fault {
    do {
        try await work()
    } catch let error as ComityError {
        return error.fault
    }
    Issue.record("it did not fail", sourceLocation: sourceLocation)
    throw CancellationError()
}

/// Waits on a thread that is not one of Swift's few.
func elsewhere(_ wait: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        Thread {
            wait(); continuation.resume()
        }.start()
    }
}
