import Comity
import ComityTest
import Foundation
import Testing

let bob = "mimi://b.example/u/bob"
let bobsPhone = "mimi://b.example/d/bob-phone"
let video = "video/mp4"
let html = "text/html;charset=utf-8"

/// When two people meet: their key packages are good for a while from when they are made, by the clock of the machine, too.
let meeting = Date()

/// Alice and Bob, clients of two providers, in a room. Alice sees HTML.
struct Pair {
    let alice: Person
    let bob: Person

    init() async throws {
        let network = Network()
        alice = try await Person(on: network, user: ComityTests.alice, client: phone)
        bob = try await Person(on: network, user: ComityTests.bob, client: bobsPhone)
        try await alice.does(alice.client.advertise(.baseline(and: [video, html]), now: meeting))
        try await bob.does(bob.client.advertise(.baseline(and: [video]), now: meeting))
        let lunch = NewRoom(hubKey: try network.hubKey(provider: "mimi://a.example"), name: "Lunch")
        try await alice.does(alice.client.createRoom(room, as: lunch, now: meeting))
        try await alice.does(alice.client.change(room, by: [.invite(user: bob.user, role: nil, keyPackages: [])], now: meeting))
        try await bob.takesMail()
        try await bob.does(bob.client.respond(to: room, with: .accept, now: meeting))
        try await alice.takesMail()
    }
}

/// A client, and the host around it.
actor Person {
    let user: UserUri
    let id: ClientUri
    let desk: Desk
    let client: Client
    private let network: Network
    private var taken = 0

    init(on network: Network, user: UserUri, client id: ClientUri) async throws {
        (self.network, self.user, self.id) = (network, user, id)
        desk = try Desk()
        client = try await Client.create(desk.opening(), user: user, client: id, now: meeting)
        try network.register(user: user, client: id)
    }

    /// Posts what a step asks for, and feeds the answers back until nothing is left to post. What the step made.
    @discardableResult
    func does(_ step: Step, at time: Date = meeting) async throws -> Made? {
        var waiting = step.requests[...]
        while let request = waiting.popFirst() {
            let answer = try network.post(now: time, user: user, client: id, request: request)
            waiting += try await client.answer(request.id, with: answer, now: time).requests
        }
        return step.made
    }

    func sends(_ outgoing: Outgoing) async throws -> MessageId {
        guard case .message(let id) = try await does(client.send(outgoing, to: room, now: meeting)) else {
            throw CancellationError()
        }
        return id
    }

    /// The frames that were not taken yet.
    func mail() throws -> [Frame] {
        try network.mail(client: id, first: UInt32(taken))
    }

    func takesMail(at time: Date = meeting) async throws {
        let frames = try mail()
        taken += frames.count
        try await does(client.receive(Batch(frames: frames), now: time), at: time)
    }
}
