import Foundation

/// The engine counts milliseconds since 1970; Swift has dates.
extension Date {
    init(engineMilliseconds milliseconds: UInt64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }

    /// To the nearest millisecond. What the engine cannot count becomes the nearest time that it can: 1970, or the end of all times.
    var engineMilliseconds: UInt64 {
        let milliseconds = (timeIntervalSince1970 * 1000).rounded()
        return milliseconds > 0 ? UInt64(exactly: milliseconds) ?? .max : 0
    }
}
