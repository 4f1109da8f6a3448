import Comity
import Foundation

/// Tells the story.
func tell(names: String) async throws {
    let both = names.split(separator: ",", maxSplits: 1).map(String.init)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("comity-story-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let world = World()
    let alice = try await App(world, folder: folder, provider: "a.example", name: both[0])
    let bob = try await App(world, folder: folder, provider: "b.example", name: both[1])
    try await meet(world, alice, bob)
    let said = try await talk(world, alice, bob)
    try await attach(world, alice, bob)
    try await editAndReact(world, alice, bob, said)
    try await vanish(world, alice, bob)
    try await upgrade(world, alice, bob)
    try await tamper(world, alice, bob)
    try await restart(world, alice, bob)
    try await alice.client.close()
    try await bob.client.close()
}

/// Key packages, a room, an invitation.
private func meet(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("meet")
    try await alice.does(alice.client.advertise(enhanced, now: world.now))
    try await bob.does(bob.client.advertise(basic, now: world.now))
    let lunch = NewRoom(hubKey: try world.network.hubKey(provider: "mimi://a.example"), name: "Lunch")
    try await alice.does(alice.client.createRoom(room, as: lunch, now: world.now))
    try await alice.does(alice.client.change(room, by: [.invite(user: bob.user)], now: world.now))
    try await bob.takesMail()
    try await bob.does(bob.client.respond(to: room, with: .accept, now: world.now))
    try await alice.takesMail()
}

/// A message that is read in two ways, and one that somebody could not read.
private func talk(_ world: World, _ alice: App, _ bob: App) async throws -> MessageId {
    world.tell("talk")
    let hello = Outgoing(alternatives: [.html("<p>Hello, <b>you</b>!</p>"), .text("Hello, you!")])
    try await alice.plans(hello)
    let id = try await alice.sends(hello)
    try await bob.takesMail()
    try await bob.reads(basic)
    let only = Outgoing(alternatives: [.html("<p>Only for some</p>")])
    try await fails(world, "a message that nobody could read was sent") {
        _ = try await alice.client.send(only, to: room, now: world.now)
    }
    return id
}

/// A file that lies elsewhere; one that was changed on the way.
private func attach(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("attach")
    let film = Data((0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
    let sealed = try sealAttachment(plaintext: film)
    let part = try partAttachment(
        sealed: sealed.part, disposition: .attachment, mediaType: video, url: "https://a.example/film",
        filename: "film.mp4")
    try await alice.sends(Outgoing(alternatives: [part]))
    try await bob.takesMail()
    guard case .external(let there) = try await bob.latest().content?.part.body else {
        throw StoryFault(what: "the attachment is not there")
    }
    let opened = try openAttachment(part: there, fetched: sealed.ciphertext)
    let same = opened.plaintext == film
    world.tell("opened \(opened.plaintext.count) octets, same \(same), hash checked \(opened.hashChecked)")
    var changed = sealed.ciphertext
    changed[5] ^= 1
    do {
        _ = try openAttachment(part: there, fetched: changed)
        throw StoryFault(what: "a changed attachment was opened")
    } catch let error as ComityError {
        world.tell("not opened: \(error.fault.name)")
    }
}

private func editAndReact(_ world: World, _ alice: App, _ bob: App, _ first: MessageId) async throws {
    world.tell("edit")
    try await alice.sends(.text("Hello again!").editing(first))
    try await bob.takesMail()
    try await bob.sends(.reaction("\u{1F355}", to: first))
    try await alice.takesMail()
    for reaction in try await alice.message(first)?.reactions ?? [] {
        world.tell("reaction \(reaction.text.joined(separator: " ")) by \(reaction.by)")
    }
    try await bob.reads(basic)
}

/// A message that vanishes a minute after it was read.
private func vanish(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("vanish")
    let id = try await alice.sends(.text("Burn this").expiring(.relative(seconds: 60)))
    try await bob.takesMail()
    let position = try await bob.latest().position
    try await bob.does(bob.client.read(room, upTo: position, now: world.now))
    world.tell("there: \(try await bob.message(id) != nil)")
    world.now += 61
    world.tell("there: \(try await bob.message(id) != nil)")
    try await bob.does(bob.client.wake(now: world.now))
}

/// Bob's app learns to show HTML.
private func upgrade(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("upgrade")
    try await bob.does(bob.client.advertise(enhanced, now: world.now))
    try await alice.takesMail()
    let hello = Outgoing(alternatives: [.html("<p>See?</p>"), .text("See?")])
    try await alice.plans(hello)
    try await alice.sends(hello)
    try await bob.takesMail()
    try await bob.reads(enhanced)
}

/// A frame with one flipped bit, then the frame itself.
private func tamper(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("tamper")
    try await alice.sends(.text("Still me"))
    let frame = try bob.mail()[0]
    var octets = frame.bytes
    octets[200] ^= 1
    try await bob.receives([Frame(room: frame.room, provider: frame.provider, kind: frame.kind, bytes: octets)])
    try await bob.takesMail()
}

/// The process ends between a step and its requests, and is started again.
private func restart(_ world: World, _ alice: App, _ bob: App) async throws {
    world.tell("restart")
    let step = try await alice.client.send(.text("Before the restart"), to: room, now: world.now)
    world.tell(step, of: alice.name)
    try await alice.client.close()
    try await fails(world, "a wrong key opened the file") {
        _ = try await Client.open(alice.opening(8), now: world.now)
    }
    alice.client = try await Client.open(alice.opening(7), now: world.now)
    let requests = try await alice.client.reader().outstanding(after: nil, limit: 100)
    world.tell("outstanding \(requests.count)")
    try await alice.posts(requests)
    try await bob.takesMail()
    let last = try world.network.mail(client: bob.id, first: UInt32(bob.taken - 1))
    try await bob.receives(last)
    try await bob.reads(enhanced)
    let health = try await bob.client.reader().health()
    world.tell("messages \(health.messages), damage \(health.damage ?? "none")")
}

/// Work that fails with an error, which is told.
private func fails(_ world: World, _ otherwise: String, _ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let error as ComityError {
        world.tell(error)
        return
    }
    throw StoryFault(what: otherwise)
}
