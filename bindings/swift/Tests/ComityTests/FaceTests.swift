import Foundation
import Testing

/// What the actor has to offer, beside what the engine has.
@Suite struct Face {
    private let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func source(_ path: String) throws -> String {
        try String(contentsOf: package.appendingPathComponent("Sources/\(path)"), encoding: .utf8)
    }

    /// The Swift files of a folder, by their names.
    private func files(in path: String) throws -> [String: String] {
        let folder = package.appendingPathComponent(path)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        let texts = try names.map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }
        return Dictionary(uniqueKeysWithValues: zip(names, texts))
    }

    /// What the generated protocol of an object asks for.
    private func asked(by name: String) throws -> String {
        let engine = try source("ComityEngine/Generated/ComityEngine.swift")
        let start = try #require(engine.range(of: "public protocol \(name)"))
        let end = try #require(engine.range(of: "\n}", range: start.upperBound..<engine.endIndex))
        return String(engine[start.upperBound..<end.lowerBound])
    }

    /// The beginnings of calls of the public functions in a text: a name, and what its first argument is called. Nobody names the
    /// isolation.
    private func beginnings(in text: String) -> [String] {
        text.matches(of: /public (?:nonisolated |static )*func `?(\w+)`?(?:<[^>]*>)?\(\s*(\w*)/).map {
            ".\($0.1)(" + ($0.2 == "_" ? "" : $0.2.isEmpty || $0.2 == "isolation" ? ")" : "\($0.2):")
        }
    }

    @Test("Every call of the engine's client is one of the actor's")
    func everyCall() throws {
        let calls = try asked(by: "ClientProtocol").matches(of: /func `?(\w+)`?\(/).map { String($0.1) }
        #expect(calls.count >= 20)
        let actor = try source("Comity/Client.swift") + source("Comity/Verbs.swift")
        for call in calls + ["create", "open", "wipe"] {
            #expect(actor.contains(".\(call)("), "\(call)")
        }
    }

    @Test("Every call of a client, a reader and an interrupter is made in some test")
    func everyCallIsTested() throws {
        var calls = beginnings(in: try ["Client", "Verbs", "Events", "Requests"].map { try source("Comity/\($0).swift") }.joined())
        for name in ["ReaderProtocol", "InterrupterProtocol"] {
            calls += beginnings(in: try asked(by: name).replacing("func ", with: "public func "))
        }
        #expect(calls.count >= 45, "\(calls)")
        let declared = "public static func a<R>(\n  _ x: Int)\npublic func `b`(c d: E)\npublic func e(isolation: F)\nfunc f()"
        #expect(beginnings(in: declared) == [".a(", ".b(c:", ".e()"])
        let tests = try files(in: "Tests/ComityTests").values.joined()
        #expect(calls.filter { !tests.contains($0) } == [])
    }

    @Test("What is written by hand hides nothing from the compiler")
    func strict() throws {
        let byHand = try files(in: "Sources/Comity")
        #expect(byHand.count >= 9)
        for (file, text) in byHand {
            for word in ["@unchecked", "nonisolated(unsafe)", "@preconcurrency"] {
                #expect(!text.contains(word), "\(file)")
            }
        }
    }
}
