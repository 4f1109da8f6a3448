/// The nanoseconds of each of the things that are measured.
struct Turn: Sendable {
    private var took: [String: [Int64]] = [:]

    /// Does something, and notes how long it took.
    mutating func time<R>(_ name: String, _ work: () throws -> R) rethrows -> R {
        let begun = ContinuousClock.now
        let result = try work()
        note(name, since: begun)
        return result
    }

    /// Notes how long something took that has just ended.
    mutating func note(_ name: String, since begun: ContinuousClock.Instant) {
        let (seconds, attoseconds) = begun.duration(to: .now).components
        took[name, default: []].append(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }

    /// The middle one of each, as a line of JSON.
    var told: String {
        let fields = took.map { name, nanos in "\"\(name)\":\(nanos.sorted()[nanos.count / 2])" }
        return "{\(fields.joined(separator: ","))}"
    }
}
