@testable import Comity
import ComityTest
import Foundation
import Testing

@Suite struct EventsOfEveryKind {
    @Test("Every event arrives as what it is")
    func everyKind() {
        let all = ComityTest.events()
        #expect(all.map(\.seq) == Array(1...UInt64(all.count)))
        let names = all.map { event -> String in
            switch event.kind {
            case .message(_, _, let change): name(of: change)
            case .room(_, let change): name(of: change)
            case .user(_, let change): name(of: change)
            case .task(_, let change): name(of: change)
            case .frame: "frame"
            case .client(let change, _): name(of: change)
            case .other: "other"
            }
        }
        #expect(
            names == [
                "received", "sending", "accepted", "refused", "undeliverable", "edited", "deleted", "reactions",
                "unauthorized", "expired", "withdrawn",
                "created", "refused", "invited", "joined", "left", "removed", "participants", "metadata", "requirement",
                "capability", "behind", "stalled", "read",
                "clientAdded", "keyChanged", "progress", "finished", "frame", "frame",
                "clockSuspect", "keyPackagesPublished", "keyPackagesRefused", "restored",
            ])
    }

    @Test("Events carry what they are about")
    func about() throws {
        let kinds = ComityTest.events().map(\.kind)
        #expect(kinds.contains(.room(room: room, change: .invited(by: alice))))
        #expect(kinds.contains(.client(change: .clockSuspect(offsetMs: -1), advice: .wait)))
        #expect(kinds.contains(.client(change: .keyPackagesPublished(held: 7), advice: .wait)))
        let frames = kinds.compactMap { if case .frame(let room, let reason, let advice) = $0 { (room, reason.code, advice) } else { nil } }
        #expect(frames.map(\.0) == [nil, room])
        #expect(frames.allSatisfy { $0.1 == .undecryptable && $0.2 == .askResend })
    }

    private func name(of value: Any) -> String {
        Mirror(reflecting: value).children.first?.label ?? "\(value)"
    }
}

@Suite(.timeLimit(.minutes(1))) struct SequencesOfEvents {
    let desk: Desk
    let client: Client

    init() async throws {
        desk = try Desk()
        client = try await desk.clientInRoom()
    }

    @Test("A sequence is the log from a place on, then what later steps tell")
    func logThenSteps() async throws {
        let log = try await client.reader().events(after: 0, limit: 100)
        #expect(!log.isEmpty)
        let listening = Task {
            var heard: [Event] = []
            for try await event in client.events(after: 0) {
                heard.append(event)
                if heard.count == log.count + 3 { break }
            }
            return heard
        }
        for text in ["one", "two", "three"] {
            _ = try await client.send(.text(text), to: room, now: now)
        }
        let heard = try await listening.value
        #expect(Array(heard.prefix(log.count)) == log)
        #expect(heard.map(\.seq) == Array(1...UInt64(log.count + 3)))
        var rest = client.events(after: heard[1].seq).makeAsyncIterator()
        #expect(try await rest.next() == heard[2])
    }

    @Test("Many listen at once, and each hears everything")
    func many() async throws {
        let before = try await client.reader().events(after: 0, limit: 100).count
        let heard = try await withThrowingTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<5 {
                group.addTask { [client] in
                    var seqs: [UInt64] = []
                    for try await event in client.events(after: 0) {
                        seqs.append(event.seq)
                        if seqs.count == before + 20 { break }
                    }
                    return seqs
                }
            }
            for number in 0..<20 {
                _ = try await client.send(.text("\(number)"), to: room, now: now)
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(heard.count == 5)
        #expect(heard.allSatisfy { $0 == Array(1...UInt64(before + 20)) })
    }

    @Test("More than a page of the log is told")
    func pages() async throws {
        for number in 0..<150 {
            _ = try await client.send(.text("\(number)"), to: room, now: now)
        }
        let last = try await client.reader().events(after: 140, limit: 1000).last?.seq
        var heard: [UInt64] = []
        for try await event in client.events(after: 0) {
            heard.append(event.seq)
            if event.seq == last { break }
        }
        #expect(heard == Array(1...UInt64(heard.count)))
        #expect(heard.count > 150)
    }

    @Test("A task that is cancelled is told nothing more, however long the log is")
    func cancelledInTheLog() async throws {
        for number in 0..<10 {
            _ = try await client.send(.text("\(number)"), to: room, now: now)
        }
        let heard = Task {
            var heard = 0
            for try await _ in client.events(after: 0) {
                heard += 1
                withUnsafeCurrentTask { $0?.cancel() }
            }
            return heard
        }
        #expect(try await heard.value == 1)
        let told = Task {
            var told = 0
            for try await _ in client.requests() {
                told += 1
                withUnsafeCurrentTask { $0?.cancel() }
            }
            return told
        }
        #expect(try await told.value == 1)
    }

    @Test("What another process has done is told with the next step, though that has no events of its own")
    func others() async throws {
        let log = try await client.reader().events(after: 0, limit: 100)
        let last = try #require(log.last?.seq)
        let listening = Task { try await client.events(after: last).first { _ in true } }
        // It listens, and has found nothing.
        try await Task.sleep(for: .milliseconds(100))
        let other = try await Client.open(desk.opening(), now: now)
        let step = try await other.send(.text("from elsewhere"), to: room, now: now)
        try await other.close()
        let wake = try await client.wake(now: now)
        #expect(wake.events.isEmpty && wake.requests.isEmpty)
        #expect(try await listening.value == step.events.first)
    }

    @Test("A paused client's sequence waits, and goes on when it is resumed")
    func pausing() async throws {
        let first = try await client.reader().events(after: 0, limit: 100).count
        try await client.pause()
        let listening = Task {
            var heard: [UInt64] = []
            for try await event in client.events(after: 0) {
                heard.append(event.seq)
                if heard.count == first { break }
            }
            return heard
        }
        try await client.resume()
        #expect(try await listening.value.count == first)
    }

    @Test("What another process told is heard when the client is resumed")
    func otherProcess() async throws {
        let first = try await client.reader().events(after: 0, limit: 100).count
        var events = client.events(after: UInt64(first)).makeAsyncIterator()
        try await client.pause()
        let other = try await Client.open(desk.opening(), now: now)
        _ = try await other.send(.text("from elsewhere"), to: room, now: now)
        try await other.close()
        try await client.resume()
        #expect(try await events.next()?.seq == UInt64(first + 1))
    }

    @Test("It ends when the client is closed, whoever waits")
    func closing() async throws {
        let listening = Task {
            for try await _ in client.events(after: 0) {}
            return "ended"
        }
        try await client.close()
        #expect(try await listening.value == "ended")
        for try await _ in client.events(after: 0) {
            Issue.record("a closed client told something")
        }
    }

    @Test("It ends when the task is cancelled, and nobody else's does")
    func cancelling() async throws {
        let first = UInt64(try await client.reader().events(after: 0, limit: 100).count)
        let cancelled = Task {
            for try await _ in client.events(after: first) {}
            return "ended"
        }
        let other = Task { try await client.events(after: first).first { _ in true }?.seq }
        cancelled.cancel()
        #expect(try await cancelled.value == "ended")
        _ = try await client.send(.text("still here"), to: room, now: now)
        #expect(try await other.value == first + 1)
    }
}
