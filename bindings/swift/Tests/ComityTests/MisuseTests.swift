import Comity
@testable import ComityEngine
import ComityTest
import Foundation
import Testing

@Suite(.timeLimit(.minutes(1))) struct Misuse {
    let desk: Desk

    init() throws {
        desk = try Desk()
    }

    private func invalid(
        _ detail: String?, sourceLocation: SourceLocation = #_sourceLocation, _ work: () async throws -> Void
    ) async throws {
        let fault = try await fault(of: work, sourceLocation: sourceLocation)
        #expect(fault.code == .invalidArgument, sourceLocation: sourceLocation)
        #expect(fault.detail != nil, sourceLocation: sourceLocation)
        if let detail {
            #expect(fault.detail == detail, sourceLocation: sourceLocation)
        }
    }

    @Test("Keys and twins have their lengths", arguments: [0, 1, 31, 33, 1 << 20])
    func lengths(count: Int) async throws {
        let octets = Data(count: count)
        let client = try await desk.client()
        try await invalid("key_length") { _ = try Opening.app(path: desk.path, key: octets) }
        try await invalid("key_length") { _ = try Opening.extension(path: desk.path, key: octets) }
        try await invalid("key_length") { try await client.rekey(octets) }
        try await invalid("twin_length") {
            _ = try desk.opening().witnessed(witnesses: Witnesses(twin: octets, lastRequest: nil))
        }
    }

    @Test("Names and ids are checked wherever they stand")
    func names() async throws {
        let client = try await desk.client()
        let reader = try await client.reader()
        let opening = try Opening.app(path: desk.path + "2", key: key)
        try await invalid("uri_scheme") {
            _ = try await Client.create(opening, user: "alice", client: phone, now: now)
        }
        try await invalid("uri_scheme") { _ = try await client.respond(to: "", with: .accept, now: now) }
        try await invalid("uri_kind") { _ = try reader.room(room: alice) }
        try await invalid("uri_scheme") {
            _ = try await client.change(room, by: [.invite(user: "https://a.example")], now: now)
        }
        try await invalid("uri_scheme") {
            let frame = Frame(room: nil, provider: "nobody", kind: .fanout, bytes: Data())
            _ = try await client.receive(Batch(frames: [frame]), now: now)
        }
        for id in ["", "00", String(repeating: "zz", count: 32), String(repeating: "02", count: 32), "\u{1F355}"] {
            try await invalid(nil) { _ = try reader.message(now: now, id: id) }
        }
        try await invalid("id_length") { _ = try reader.task(id: "00") }
        try await invalid("id_digits") {
            _ = try await client.answer(String(repeating: "x", count: 32), with: .undeliverable, now: now)
        }
        for media in [["html"], [""], ["text/plain", "text/"]] {
            try await invalid(nil) {
                _ = try await client.advertise(Supported(media: media, languages: []), now: now)
            }
        }
    }

    @Test("Texts of any kind arrive whole", arguments: ["", "null\0, \u{1F355}", String(repeating: "ü\u{301}", count: 500_000)])
    func texts(text: String) {
        #expect(echoText(text: text) == text)
    }

    @Test("Large values arrive whole", arguments: [0, 1, 65_536, 33 << 20])
    func large(count size: Int) {
        let octets = ComityTest.large(octets: UInt64(size))
        #expect(octets.count == size)
        #expect(ComityTest.count(octets: octets) == UInt64(size))
        #expect(echo(octets: octets) == octets)
        if size > 1 {
            #expect(ComityTest.count(octets: octets.dropFirst(size / 2)) == UInt64(size - size / 2))
        }
    }

    @Test("Octets that are no message are told", arguments: [0, 1, 2 << 20])
    func noMessage(count: Int) async throws {
        try await invalid(nil) { _ = try selectContent(octets: Data(count: count), supported: .baseline()) }
        try await invalid(nil) { _ = try decodeContent(octets: Data(count: count)) }
    }

    @Test("A frame of any octets is rejected and finished")
    func anyFrame() async throws {
        let client = try await desk.client()
        let frames = [Data(), Data(repeating: 0xff, count: 1000), ComityTest.large(octets: 8 << 20)].map {
            Frame(room: nil, provider: "mimi://a.example", kind: .fanout, bytes: $0)
        }
        let codes = try await client.receive(Batch(frames: frames), now: now).frames.map { outcome -> Code? in
            if case .rejected(let reason, _) = outcome { reason.code } else { nil }
        }
        #expect(codes.count == 3)
        #expect(!codes.contains(nil))
        #expect(codes.last == .frameTooLarge)
    }

    @Test("Parts without end are told")
    func nested() async throws {
        try await invalid("part_too_few_parts") {
            _ = try partMulti(disposition: .render, semantics: .chooseOne, parts: [.text("x")])
        }
        func nested(_ levels: Int) -> Part {
            (0..<levels).reduce(.text("x")) { part, _ in
                let body = Body.multi(semantics: .processAll, parts: [part, .text("x")])
                return Part(disposition: .render, language: "", body: body)
            }
        }
        #expect(try isReadable(part: nested(3), media: baselineMediaTypes()))
        for levels in [4, 5, 50, 500] {
            try await invalid(nil) { _ = try isReadable(part: nested(levels), media: baselineMediaTypes()) }
        }
    }

    @Test("A closed client says so, and its reader that it is paused")
    func closed() async throws {
        let client = try await desk.client()
        let reader = try await client.reader()
        try await client.close()
        try await invalid("client_is_closed") { try await client.close() }
        try await invalid("client_is_closed") { _ = try await client.twin() }
        try await invalid("client_is_closed") { _ = try await client.wake(now: now) }
        try await invalid("client_is_closed") { _ = try await client.reader() }
        client.interrupter.interrupt()
        #expect(try await fault(of: { _ = try reader.rooms(now: now) }).code == .paused)
        try await Client.wipe(path: desk.path)
        let missing = try await fault { _ = try await Client.open(desk.opening(), now: now) }
        #expect(missing.code == .storageMissing)
    }

    @Test("A paused client answers nothing until it is resumed")
    func paused() async throws {
        let client = try await desk.client()
        let reader = try await client.reader()
        try await client.pause()
        #expect(try await fault(of: { _ = try await client.wake(now: now) }).code == .paused)
        #expect(try await fault(of: { _ = try reader.rooms(now: now) }).code == .paused)
        try await client.resume()
        #expect(try reader.rooms(now: now).isEmpty)
    }

    @Test("A second client of the same file, another key, an extension that creates: each is told")
    func opening() async throws {
        let client = try await desk.client()
        #expect(try await fault(of: { _ = try await desk.client() }).code == .storageExists)
        let wrong = try Opening.app(path: desk.path, key: Data(repeating: 8, count: 32))
        #expect(try await fault(of: { _ = try await Client.open(wrong, now: now) }).code == .storageWrongKey)
        let small = try Opening.extension(path: desk.path + "2", key: key)
        let fault = try await fault { _ = try await Client.create(small, user: alice, client: phone, now: now) }
        #expect(fault.code == .extensionMayNot)
        try await client.close()
    }

    @Test("Dates that the engine cannot count are the nearest that it can")
    func dates() async throws {
        let client = try await desk.client()
        for seconds in [-.infinity, -1, 0, 1e300, .infinity, .nan] {
            let date = Date(timeIntervalSince1970: seconds)
            _ = try await client.wake(now: date)
            #expect(try await client.reader().rooms(now: date).isEmpty)
        }
    }

    @Test("A date that the engine gave goes back as the same millisecond")
    func milliseconds() {
        for start in [0, 978_307_200_000, 1_800_000_000_000, 253_402_300_800_000] as [UInt64] {
            for milliseconds in start..<(start + 10_000) {
                #expect(Date(engineMilliseconds: milliseconds).engineMilliseconds == milliseconds)
            }
        }
    }

    @Test("Streams that are spent say so; attachments go piece by piece")
    func streams() async throws {
        let sealer = try Sealer(algorithm: .chaCha20Poly1305)
        let pieces = try (0..<5).map { try sealer.update(plaintext: Data(repeating: UInt8($0), count: 1000)) }
        let end = try sealer.finish()
        try await invalid("stream_is_finished") { _ = try sealer.update(plaintext: Data()) }
        let fetched = pieces.reduce(Data(), +) + end.tag
        let verifier = try Verifier(part: end.part, policy: 1 << 20)
        try verifier.update(fetched: fetched.prefix(99))
        try verifier.update(fetched: fetched.dropFirst(99))
        let verified = try verifier.finish()
        #expect(verified.plaintextOctets == 5000 && verified.hashChecked)
        let plain = try verified.opener.update(fetched: fetched)
        try verified.opener.finish()
        #expect(plain == (0..<5).reduce(Data()) { $0 + Data(repeating: UInt8($1), count: 1000) })
    }

    @Test("Nothing that people say and no key is printed")
    func prints() throws {
        let secret = "the cake is a lie"
        let sealed = try sealAttachment(plaintext: Data(secret.utf8))
        let part = try partAttachment(
            sealed: sealed.part, disposition: .inline, mediaType: "text/plain", url: "https://a.example/cake",
            description: secret)
        let values: [Any] = [
            Part.text(secret), Outgoing.text(secret), part, sealed, sealed.part, sealed.part.key, try desk.opening(),
            try openAttachment(part: sealed.part, fetched: sealed.ciphertext),
            try markdownLinks(markdown: "[\(secret)](https://a.example/cake)"),
        ]
        for value in values {
            #expect(!"\(value) \(String(reflecting: value))".contains("cake"))
        }
    }
}
