import Foundation
import Testing

/// What the actor has to offer, beside what the engine has.
@Suite struct Face {
    private func source(_ path: String) throws -> String {
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: package.appendingPathComponent("Sources/\(path)"), encoding: .utf8)
    }

    @Test("Every call of the engine's client is one of the actor's")
    func everyCall() throws {
        let engine = try source("ComityEngine/Generated/ComityEngine.swift")
        let start = try #require(engine.range(of: "public protocol ClientProtocol"))
        let end = try #require(engine.range(of: "\n}", range: start.upperBound..<engine.endIndex))
        let calls = engine[start.upperBound..<end.lowerBound].matches(of: /func `?(\w+)`?\(/).map { String($0.1) }
        #expect(calls.count >= 20)
        let actor = try source("Comity/Client.swift") + source("Comity/Verbs.swift")
        for call in calls + ["create", "open", "wipe"] {
            #expect(actor.contains(".\(call)("), "\(call)")
        }
    }

    @Test("What is written by hand hides nothing from the compiler")
    func strict() throws {
        for file in ["Client", "Errors", "Events", "Exports", "Listeners", "Outcome", "Requests", "Values", "Verbs", "WorkThread"] {
            let text = try source("Comity/\(file).swift")
            for word in ["@unchecked", "nonisolated(unsafe)", "@preconcurrency"] {
                #expect(!text.contains(word), "\(file)")
            }
        }
    }
}
