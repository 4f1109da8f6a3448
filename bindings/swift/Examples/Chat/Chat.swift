// A terminal chat: Comity, Foundation, and the relay of docs/relay.md, which says what the arguments are.
//   swift run Chat --relay http://127.0.0.1:8787 --user alice --file alice.comity
import Comity
import Foundation

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

func options(_ name: String) -> [String] {
    let arguments = CommandLine.arguments
    return zip(arguments, arguments.dropFirst()).filter { $0.0 == name }.map { $0.1 }
}

/// The URI of `alice`, or of `alice@a.example`.
func uri(_ kind: String, _ name: String) -> String {
    let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
    return "mimi://\(parts.count > 1 ? parts[1] : "relay.example")\(kind.isEmpty ? "" : kind + parts[0])"
}

func say(_ text: String, to handle: FileHandle = .standardOutput) {
    handle.write(Data("\(text)\n".utf8))
}

func stop(_ why: String) -> Never {
    say("chat: \(why)", to: .standardError)
    exit(1)
}

func required(_ name: String) -> String {
    guard let value = options(name).first else { stop("docs/relay.md tells the arguments") }
    return value
}

let (relay, name, path) = (required("--relay"), required("--user"), required("--file"))
let (user, me, provider) = (uri("/u/", name), uri("/d/", name), uri("", name))

typealias Reply = (status: Int, body: Data, room: String?, hub: String?, cursor: String?)

/// The transport: one call of docs/relay.md.
func call(_ what: String, _ headers: [String: String?] = [:], body: Data? = nil) async throws -> Reply {
    var request = URLRequest(url: URL(string: "\(relay)/\(what)")!)
    headers.forEach { request.setValue($0.value, forHTTPHeaderField: $0.key) }
    request.httpMethod = body == nil ? "GET" : "POST"
    request.httpBody = body
    let (data, response) = try await URLSession.shared.data(for: request)
    guard let http = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    let header = http.value(forHTTPHeaderField:)
    return (http.statusCode, data, header("Comity-Room"), header("Comity-Hub"), header("Comity-Cursor"))
}

/// What can happen. It is done in the order in which it happened.
enum Input: Sendable {
    case frame(Batch)
    case typed(String)
    case tick
}

@MainActor final class Chat {
    let client: Client
    let reader: Reader
    private var room: RoomUri?
    private var maySpeak = false
    private var wakeAt: Date?
    private var (said, seen, accepted) = (0, 0, 0)

    /// Opens the file, or creates it, and logs in.
    init() async throws {
        // An app draws 32 random octets once and keeps them in the keychain: not in the program, and not beside the file.
        let opening = try Opening.app(path: path, key: Data("only an example may do it so....".utf8))
        let isNew = !FileManager.default.fileExists(atPath: path)
        client = try await isNew ? .create(opening, user: user, client: me) : .open(opening)
        reader = try await client.reader()
        let login = try await call("login", ["Comity-From": me, "Comity-User": user], body: Data())
        guard login.status == 204 else { stop("no login: \(String(decoding: login.body, as: UTF8.self))") }
        if isNew { try await take(client.advertise(.baseline())) }
        for request in try reader.outstanding(after: nil, limit: 1000) { try await take(post(request)) }
        wakeAt = try reader.wakeAt()
        room = try reader.rooms(now: .now).last { $0.phase == .joined }?.uri
        maySpeak = room != nil
    }

    /// Creates a room, once everybody is there, and invites them all in one change.
    func invite(_ names: [String]) async throws {
        let guests = names.map { uri("/u/", $0) }
        while true {
            let users = String(decoding: try await call("users").body, as: UTF8.self).split(separator: "\n")
            if guests.allSatisfy({ guest in users.contains { $0 == guest } }) { break }
            try await Task.sleep(for: .milliseconds(200))
        }
        let key = try await call("hub-key", ["Comity-To": provider])
        guard key.status == 200 else { stop("no key of the hub") }
        let room = "\(provider)/r/chat-\(Int(Date.now.timeIntervalSince1970 * 1000))"
        self.room = room
        try await take(client.createRoom(room, as: NewRoom(hubKey: key.body, name: "Chat")))
        try await take(client.change(room, by: guests.map { .invite(user: $0) }))
    }

    /// Lives, until everything was said and seen that was asked for.
    func run(_ inputs: AsyncStream<Input>, until: Int?) async throws {
        for await input in inputs {
            switch input {
            case .frame(let batch): try await take(client.receive(batch))
            case .typed(let line): try await speak(line)
            case .tick: if let wakeAt, wakeAt <= .now { try await take(client.wake()) }
            }
            while maySpeak, said < options("--say").count {
                said += 1
                try await speak(options("--say")[said - 1])
            }
            if let until, seen >= until, accepted >= options("--say").count { break }
        }
        try await client.close()
    }

    private func speak(_ text: String) async throws {
        guard maySpeak, let room else { return say("chat: nobody is there yet", to: .standardError) }
        try await take(client.send(.text(text), to: room))
    }

    /// Does what a step asks for. That leads to further steps: they wait for their turn, so that requests go out in their order.
    private func take(_ step: Step) async throws {
        var steps = [step]
        while !steps.isEmpty {
            let step = steps.removeFirst()
            wakeAt = step.wakeAt
            for request in step.requests { steps.append(try await post(request)) }
            for event in step.events { if let next = try await look(event.kind) { steps.append(next) } }
        }
    }

    /// Posts a request, and tells the client what came back: which is a step again.
    private func post(_ request: Request) async throws -> Step {
        let headers = [
            "Comity-From": me, "Comity-Id": request.id, "Comity-Kind": "\(request.kind)", "Comity-To": request.to,
            "Comity-Lane": request.lane,
        ]
        let reply = try? await call("request", headers, body: request.body)
        let answer: Answer =
            switch reply {
            case let reply? where reply.status == 200: .body(octets: reply.body)
            case let reply? where reply.status == 404: .undeliverable
            default: .unreachable(retryAfter: nil)
            }
        return try await client.answer(request.id, with: answer)
    }

    private func look(_ event: EventKind) async throws -> Step? {
        switch event {
        case .room(let room, .invited): return try await client.respond(to: room, with: .accept)
        case .room(let joined, .joined): (room, maySpeak) = (joined, true)
        case .task(_, .finished): maySpeak = true
        case .message(_, let id, .received): seen += try show(id)
        case .message(_, let id, .accepted): accepted += try show(id)
        case .message(_, _, .refused(let reason)): stop("a message was refused: \(reason.name)")
        default: break
        }
        return nil
    }

    private func show(_ id: MessageId) throws -> Int {
        // An app asks `selectContent` which part to show. This one is sent plain text, for it advertises nothing more.
        if let message = try reader.message(now: .now, id: id), case .single(let part) = message.content?.part.body {
            say("\(message.sender): \(String(decoding: part.content, as: UTF8.self))")
        }
        return 1
    }
}

/// The mailbox, frame by frame. Where it stands is kept in the file, beside what it brought.
func takeMail(after cursor: Data?, into inputs: AsyncStream<Input>.Continuation) async throws {
    var after = cursor ?? Data("0".utf8)
    while true {
        let headers = ["Comity-From": me, "Comity-After": String(decoding: after, as: UTF8.self), "Comity-Wait": "20"]
        let reply = try? await call("frame", headers)
        if let reply, reply.status == 200, let hub = reply.hub, let cursor = reply.cursor {
            after = Data(cursor.utf8)
            let frame = Frame(room: reply.room, provider: hub, kind: .fanout, bytes: reply.body)
            inputs.yield(.frame(Batch(frames: [frame], cursor: Cursor(queue: "relay", position: after))))
        } else if reply?.status != 204 {
            try await Task.sleep(for: .seconds(1))
        }
    }
}

@main enum Program {
    static func main() async throws {
        if let seconds = options("--quit-after").first.flatMap(UInt32.init) { alarm(seconds) }
        let chat = try await Chat()
        if !options("--with").isEmpty { try await chat.invite(options("--with")) }
        let (inputs, happens) = AsyncStream<Input>.makeStream()
        let cursor = try chat.reader.cursor(queue: "relay")?.position
        Task { try await takeMail(after: cursor, into: happens) }
        Thread.detachNewThread { while let line = readLine() { happens.yield(.typed(line)) } }
        Thread.detachNewThread { while sleep(1) == 0 { happens.yield(.tick) } }
        try await chat.run(inputs, until: options("--until-seen").first.flatMap(Int.init))
    }
}
