import Comity
import Foundation
import Testing

/// What is worked out of values alone.
@Suite struct Helpers {
    /// A message of three texts, of which a reader may take as many as it can.
    private func three() throws -> Data {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: root.appendingPathComponent("fuzz/corpus/decode_content/example-multipart-2"))
    }

    @Test("What an app does not want is passed over, and what it wants less comes later")
    func wishes() throws {
        let all = try selectContent(octets: three(), supported: .baseline())
        #expect(all.chosen.map(\.index) == [1, 2, 3])
        let without = try selectBy(
            octets: three(), supported: .baseline(), wishes: [WishedPart(index: 2, wish: .never)])
        #expect(without.chosen.map(\.index) == [1, 3])
        #expect(without.passedOver.map(\.index) == [2] && without.passedOver.map(\.because) == [.notWanted])
        let ranked = try selectBy(
            octets: three(), supported: .baseline(), wishes: [WishedPart(index: 2, wish: .rank(rank: 7))])
        #expect(ranked.chosen.map(\.index) == all.chosen.map(\.index) && ranked.passedOver.isEmpty)
    }

    @Test("An attachment is a part with what sealing gave, and of a message is shown what the reader supports")
    func attachmentsAndSelections() async throws {
        let desk = try Desk()
        let client = try await desk.clientInRoom()
        let sealed = try sealAttachment(plaintext: Data("a photo".utf8))
        let photo = try Part.attachment(
            sealed.part, mediaType: "image/jpeg", url: "https://files.example/1", filename: "lunch.jpg", expires: 7)
        guard case .external(let file) = photo.body else {
            Issue.record("it is no attachment")
            return
        }
        #expect(file.filename == "lunch.jpg" && file.url == "https://files.example/1" && file.expires == 7)
        #expect(try openAttachment(part: file, fetched: sealed.ciphertext).plaintext == Data("a photo".utf8))
        #expect(throws: ComityError.self) { try Part.attachment(sealed.part, mediaType: "image/jpeg", url: "file:///x") }

        let both = Outgoing(alternatives: [.html("<b>Hello</b>"), .text("Hello")])
        guard case .message(let id) = try await client.send(both, to: room, now: now, allow: Allow(unreadableBy: true)).made else {
            Issue.record("nothing was sent")
            return
        }
        let reader = try await client.reader()
        let message = try #require(try reader.message(now: now, id: id))
        let octets = try #require(message.octets)
        for supported in [Supported.baseline(), .baseline(and: [html])] {
            let selection = try #require(try message.selection(for: supported))
            let same = try selectContent(octets: octets, supported: supported)
            #expect(selection.chosen.map(\.index) == same.chosen.map(\.index))
        }
        _ = try await client.send(.deletion(of: id), to: room, now: now)
        let deleted = try #require(try reader.message(now: now, id: id))
        #expect(try deleted.selection(for: .baseline()) == nil)
    }

    @Test("Parts link to one another")
    func links() throws {
        let link = try partLink(index: 5)
        #expect(try linkedPart(link: link) == 5)
        #expect(try linkedPart(link: "https://a.example/5") == nil)
        #expect(try linkedParts(part: .html("<img src=\"\(link)\"> <a href=\"\(try partLink(index: 2))\">")) == [5, 2])
        #expect(try linkedParts(part: .text(link)).isEmpty)
    }

    @Test("A chain of replies is followed to its beginning, and no further than into a loop")
    func replies() throws {
        let ids = (1...3).map { "01" + String(repeating: "0\($0)", count: 31) }
        let replies = [Reply(message: ids[2], inReplyTo: ids[1]), Reply(message: ids[1], inReplyTo: ids[0])]
        #expect(try replyChain(from: ids[2], replies: replies) == ReplyChain(messages: ids.reversed(), end: .begins))
        let loop = replies + [Reply(message: ids[0], inReplyTo: ids[2])]
        #expect(try replyChain(from: ids[0], replies: loop).end == .loops)
    }
}
