import Comity
import ComityTest
import Foundation
import Testing

/// Calls that no other test makes, and what they tell: two people talk.
@Suite(.timeLimit(.minutes(1))) struct CallsInARoom {
    let pair: Pair
    let reader: Reader
    let now = meeting

    var alice: Person { pair.alice }
    var bob: Person { pair.bob }

    init() async throws {
        pair = try await Pair()
        reader = try await pair.alice.client.reader()
    }

    @Test("A room tells who is in it, and what protects it")
    func membersAndPosture() async throws {
        let lunch = try reader.room(room: room)
        #expect(try reader.rooms(now: now) == [lunch.summary])
        #expect((lunch.summary.name, lunch.summary.phase) == ("Lunch", .joined))
        let roles = Dictionary(uniqueKeysWithValues: lunch.participants.map { ($0.user, $0.role) })
        #expect(roles == [alice.user: roleOfAdmin(), bob.user: roleOfMember()])

        let members = try reader.members(room: room, first: 0, limit: 10)
        #expect(Set(members.map(\.client)) == [alice.id, bob.id])
        #expect(try reader.members(room: room, first: 1, limit: 10) == [members[1]])
        #expect(try reader.members(room: room, first: 0, limit: 1) == [members[0]])
        #expect(members.allSatisfy { $0.lacks.isEmpty && $0.advertisement.contains(html) == ($0.user == alice.user) })

        let posture = try reader.posture(room: room)
        #expect((posture.cipherSuite, posture.clients, posture.users) == (1, 2, 2))
        let readable = Dictionary(uniqueKeysWithValues: posture.readable.map { ($0.mediaType, $0.clients) })
        #expect(readable == [video: 2, html: 1])
    }

    @Test("A user is known by their clients and keys")
    func people() throws {
        let user = try reader.user(user: bob.user)
        #expect(user.clients.map(\.client) == [bob.id])
        #expect(user.clients.map(\.key.count) == [32])
        #expect(try reader.user(user: "mimi://z.example/u/zoe").clients.isEmpty)
        #expect(try reader.identity() == Identity(user: alice.user, client: alice.id))
    }

    @Test("What may be done is told before anybody taps")
    func may() async throws {
        #expect(try reader.may(room: room, action: .send))
        try reader.can(room: room, change: .removeUser(user: bob.user))
        let others = try await bob.client.reader()
        #expect(try !others.may(room: room, action: .deleteOther))
        let refused = try await fault { try others.can(room: room, change: .removeUser(user: alice.user)) }
        #expect(refused.code == .notAllowed)
    }

    @Test("A plan says who will see what")
    func plan() throws {
        let both = try reader.plan(room: room, outgoing: Outgoing(alternatives: [.html("<b>x</b>"), .text("x")]))
        #expect(both.reach.first { $0.client == alice.id }?.sees == 0)
        #expect(both.reach.first { $0.client == bob.id }?.sees == 1)
        #expect((both.sends, both.unreadableBy) == ([0, 1], []))
        let one = try reader.plan(room: room, outgoing: Outgoing(alternatives: [.html("<b>x</b>")]))
        #expect(one.unreadableBy == [bob.user])
    }

    @Test("A task tells what became of a change")
    func tasks() async throws {
        let later = now.addingTimeInterval(61)
        let about = Metadata(roomUri: room, name: "Dinner", subject: "Pizza")
        let step = try await alice.client.change(room, by: [.metadata(metadata: about)], now: later)
        guard case .task(let id) = step.made else {
            Issue.record("no task was made")
            return
        }
        #expect(try reader.task(id: id)?.state == .waiting)
        try await alice.does(step, at: later)
        let task = try #require(try reader.task(id: id))
        #expect((task.id, task.room, task.state, task.invites.count) == (id, room, .done, 0))
        try await bob.takesMail(at: later)
        #expect(try await bob.client.reader().room(room: room).metadata == about)
        #expect(try reader.task(id: String(repeating: "0", count: 32)) == nil)
    }

    @Test("A preview shows what a frame holds, and takes nothing")
    func preview() async throws {
        let id = try await alice.sends(.text("Look"))
        let others = try await bob.client.reader()
        let frame = try #require(try await bob.mail().first)
        let preview = try #require(try others.preview(now: now, frame: frame))
        #expect((preview.message, preview.room, preview.sender, preview.client) == (id, room, alice.user, alice.id))
        #expect(preview.notify)
        guard case .single(let text) = preview.content.part.body else {
            Issue.record("no text")
            return
        }
        #expect(text.content == Data("Look".utf8))
        #expect(try others.message(now: now, id: id) == nil)
        let garbage = Frame(room: room, provider: frame.provider, kind: .fanout, bytes: Data("nothing".utf8))
        #expect(try others.preview(now: now, frame: garbage) == nil)
    }

    @Test("What could not be sent is sent again, or withdrawn")
    func resolve() async throws {
        let step = try await alice.client.send(.text("x"), to: room, now: now)
        guard case .message(let id) = step.made, let request = step.requests.first else {
            Issue.record("nothing is to be sent")
            return
        }
        _ = try await alice.client.answer(request.id, with: .undeliverable, now: now)
        #expect(try reader.message(now: now, id: id)?.delivery == .undeliverable)
        let again = try await alice.client.resolve(id, by: .retry, now: now)
        _ = try await alice.client.answer(try #require(again.requests.first).id, with: .undeliverable, now: now)
        _ = try await alice.client.resolve(id, by: .withdraw, now: now)
        #expect(try reader.message(now: now, id: id) == nil)
    }

    @Test("Nobody answers, and the request is handed out again")
    func unreachable() async throws {
        let request = try #require(try await alice.client.send(.text("x"), to: room, now: now).requests.first)
        let step = try await alice.client.answer(request.id, with: .unreachable(retryAfter: 90), now: now)
        let due = try #require(step.wakeAt)
        #expect(due >= now.addingTimeInterval(90))
        #expect(try reader.wakeAt() == due)
        let again = try await alice.client.wake(now: due).requests
        #expect(again.map(\.id) == [request.id])
        #expect(again.map(\.attempt) == [1])
        #expect(try reader.outstanding(after: nil, limit: 10).map(\.id) == [request.id])
    }

    @Test("The log is forgotten up to a place, and a queue has its place")
    func places() async throws {
        let log = try reader.events(after: 0, limit: 1000)
        _ = try await alice.client.forget(upTo: log[2].seq, now: now)
        #expect(try reader.events(after: 0, limit: 1).map(\.seq) == [log[3].seq])
        #expect(try reader.cursor(queue: "push") == nil)
        let cursor = Cursor(queue: "push", position: Data([0, 255]))
        _ = try await alice.client.receive(Batch(frames: [], cursor: cursor, more: true), now: now)
        #expect(try reader.cursor(queue: "push") == cursor)
    }

    @Test("What was read is not counted any more")
    func unread() async throws {
        let id = try await bob.sends(.text("Hi"))
        try await alice.takesMail()
        #expect(try reader.rooms(now: now).map(\.unread) == [1])
        let position = try #require(try reader.message(now: now, id: id)).position
        #expect(try reader.timeline(now: now, room: room, page: .after(position: position, limit: 9)).isEmpty)
        _ = try await alice.client.read(room, upTo: position, now: now)
        #expect(try reader.rooms(now: now).map(\.unread) == [0])
    }

    @Test("A room is left, and joined from outside")
    func leaveAndJoin() async throws {
        try await bob.does(bob.client.change(room, by: [.leave], now: now))
        #expect(try await bob.client.reader().rooms(now: now).map(\.phase) == [.leaving])
        let other = "mimi://b.example/r/other"
        let step = try await alice.client.join(other, code: Data("code".utf8), now: now)
        #expect(step.requests.map(\.lane) == [other])
        #expect(try reader.rooms(now: now).map(\.phase) == [.joined, .joining])
        let long = try await fault { _ = try await alice.client.join("mimi://b.example/r/third", code: Data(count: 2000), now: now) }
        #expect(long.code == .tooLong)
    }
}

/// Calls about the file that no other test makes.
@Suite(.timeLimit(.minutes(1))) struct CallsAboutAFile {
    @Test("A copy opens with the same key, and says the same")
    func backup() async throws {
        let desk = try Desk()
        let client = try await desk.clientInRoom()
        let copy = desk.path + ".copy"
        try await client.backup(to: copy)
        let exists = try await fault { try await client.backup(to: copy) }
        #expect(exists.code == .storageExists)
        let reader = try Reader.open(opening: Opening.app(path: copy, key: key))
        #expect(try reader.identity() == Identity(user: alice, client: phone))
        #expect(try reader.rooms(now: now).map(\.uri) == [room])
        #expect(try reader.health().rooms == 1)
        try await Client.wipe(path: copy)
        #expect(!FileManager.default.fileExists(atPath: copy))
    }

    @Test("Witnesses notice an older copy")
    func witnesses() async throws {
        let desk = try Desk()
        let unseen = Witnesses(twin: nil, lastRequest: nil)
        let client = try await Client.create(desk.opening().witnessed(witnesses: unseen), user: alice, client: phone, now: now)
        let twin = try #require(try await client.twin())
        #expect(try await !client.restored())
        try await client.close()
        for (twin, isCopy) in [(twin, false), (Data(count: 16), true)] {
            let seen = Witnesses(twin: twin, lastRequest: isCopy ? String(repeating: "0", count: 32) : nil)
            let client = try await Client.open(desk.opening().witnessed(witnesses: seen), now: now)
            #expect(try await client.restored() == isCopy)
            try await client.close()
        }
    }

    @Test("An extension takes as many frames as its budget has, and may no more")
    func budget() async throws {
        let pair = try await Pair()
        for text in ["one", "two"] {
            _ = try await pair.alice.sends(.text(text))
        }
        try await pair.bob.client.close()
        let opening = try Opening.extension(path: pair.bob.desk.path, key: key)
            .budgeted(budget: Budget(frames: 1, octets: .max, memory: Budget.extension.memory))
        let client = try await Client.open(opening, now: meeting)
        let step = try await client.receive(Batch(frames: pair.bob.mail()), now: meeting)
        #expect(step.frames.count == 1)
        let refused = try await fault { _ = try await client.advertise(.baseline(), now: meeting) }
        #expect(refused.code == .extensionMayNot)
        try await client.close()
    }
}
