import Comity
import ComityTest
import Foundation

let room = "mimi://a.example/r/lunch"
let video = "video/mp4"
let html = "text/html;charset=utf-8"

/// What MIMI requires of every client, and films.
let basic = Supported.baseline(and: [video])

/// HTML too.
let enhanced = Supported.baseline(and: [video, html])

/// What went wrong, for whoever reads the test's output.
struct StoryFault: Error {
    let what: String
}

/// The network, and the time.
final class World {
    let network = Network()
    var now = Date()

    func tell(_ fact: String) {
        print(fact)
    }

    func tell(_ step: Step, of name: String) {
        for event in step.events {
            let message = if case .message(_, let message, _) = event.kind { " \(message)" } else { "" }
            tell("\(name) event \(event.seq) \(event.kind.name)\(message)")
        }
        for outcome in step.frames {
            tell("\(name) frame \(outcome.words)")
        }
        tell("\(name) requests \(step.requests.count)")
    }

    func tell(_ error: ComityError) {
        let fault = error.fault
        tell("error \(fault.code.rawValue) \(fault.name), advice \(fault.advice.rawValue)")
        for user in fault.users {
            tell("error user \(user)")
        }
    }
}

/// What an app brings along.
final class App {
    let world: World
    let name: String
    let user: UserUri
    let id: ClientUri
    var client: Client
    private let path: String
    private(set) var taken = 0

    init(_ world: World, folder: URL, provider: String, name: String) async throws {
        (self.world, self.name) = (world, name)
        user = "mimi://\(provider)/u/\(name)"
        id = "mimi://\(provider)/d/\(name)-phone"
        path = folder.appendingPathComponent("\(provider).comity").path
        client = try await Client.create(Self.opening(path, 7), user: user, client: id, now: world.now)
        try world.network.register(user: user, client: id)
        world.tell("created \(id)")
    }

    func opening(_ octet: UInt8) throws -> Opening {
        try Self.opening(path, octet)
    }

    private static func opening(_ path: String, _ octet: UInt8) throws -> Opening {
        try Opening.app(path: path, key: Data(repeating: octet, count: 32))
    }

    /// Posts what a step asks for, and feeds the answers back until nothing is left to post.
    func does(_ step: Step) async throws {
        world.tell(step, of: name)
        try await posts(step.requests)
    }

    func posts(_ requests: [Request]) async throws {
        var waiting = requests[...]
        while let request = waiting.popFirst() {
            let answer = try world.network.post(now: world.now, user: user, client: id, request: request)
            switch answer {
            case .body: world.tell("answered")
            case .unreachable: world.tell("unreachable")
            case .undeliverable: world.tell("undeliverable")
            }
            let step = try await client.answer(request.id, with: answer, now: world.now)
            world.tell(step, of: name)
            waiting += step.requests
        }
    }

    func plans(_ outgoing: Outgoing) async throws {
        let plan = try await client.reader().plan(room: room, outgoing: outgoing)
        world.tell("sends \(plan.sends.count) alternatives")
        for reach in plan.reach {
            world.tell("reach \(reach.client) \(reach.sees.map(String.init) ?? "none")")
        }
    }

    @discardableResult
    func sends(_ outgoing: Outgoing) async throws -> MessageId {
        let step = try await client.send(outgoing, to: room, now: world.now)
        guard case .message(let id) = step.made else {
            throw StoryFault(what: "no message was made")
        }
        world.tell("message \(id)")
        try await does(step)
        return id
    }

    /// The frames that were not taken yet.
    func mail() throws -> [Frame] {
        try world.network.mail(client: id, first: UInt32(taken))
    }

    func takesMail() async throws {
        let frames = try mail()
        taken += frames.count
        try await receives(frames)
    }

    func receives(_ frames: [Frame]) async throws {
        try await does(client.receive(Batch(frames: frames), now: world.now))
    }

    func latest() async throws -> Message {
        let page = try await client.reader().timeline(now: world.now, room: room, page: .latest(limit: 1))
        guard let message = page.last else {
            throw StoryFault(what: "no message")
        }
        return message
    }

    func message(_ id: MessageId) async throws -> Message? {
        try await client.reader().message(now: world.now, id: id)
    }

    /// Everything that the person sees.
    func reads(_ supported: Supported) async throws {
        let timeline = try await client.reader().timeline(now: world.now, room: room, page: .latest(limit: 100))
        for message in timeline {
            guard message.content != nil, let octets = message.octets else { continue }
            let edited = message.edits.isEmpty ? "" : " (edited)"
            let selection = try selectContent(octets: octets, supported: supported)
            for chosen in selection.chosen {
                world.tell("\(name) sees \(chosen.part.says)\(edited), \(selection.passedOver.count) others")
            }
            for leaf in selection.unsupported {
                world.tell("\(name) cannot see part \(leaf.index)")
            }
        }
    }
}

extension Part {
    fileprivate var says: String {
        switch body {
        case .single(let single): String(decoding: single.content, as: UTF8.self)
        case .external(let external): "[\(external.filename)]"
        case .null, .multi: "?"
        }
    }
}

extension FrameOutcome {
    fileprivate var words: String {
        switch self {
        case .done(_, let notify): "done, notify \(notify)"
        case .known(_, let notify): "known, notify \(notify)"
        case .held: "held"
        case .rejected(let reason, let advice):
            "rejected \(reason.code.rawValue) \(reason.name), advice \(advice.rawValue)"
        case .other: "?"
        }
    }
}

extension EventKind {
    /// As the C header's `comity_event_kind`, in small letters.
    fileprivate var name: String {
        switch self {
        case .message(_, _, let change): "message_" + words(of: change)
        case .room(_, let change): "room_" + words(of: change)
        case .user(_, let change): "user_" + words(of: change)
        case .task(_, let change): "task_" + words(of: change)
        case .frame: "frame_rejected"
        case .client(let change, _): "client_" + words(of: change)
        case .other: "other"
        }
    }
}

/// The name of a case, in small letters with underscores.
private func words(of value: Any) -> String {
    let name = Mirror(reflecting: value).children.first?.label ?? "\(value)"
    return name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
}
