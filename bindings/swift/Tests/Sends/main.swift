// How long a `send` takes in Swift, turn by turn: `Sends --folder DIR`, driven by `cargo xtask bench faces`. The lines that come and go
// are those of crates/ffi-test/src/bin/sends.rs.
import Foundation

@MainActor func takeTurns(in folder: URL) async throws {
    let lunch = try await Lunch(folder)
    let worker = Worker(lunch)
    let call = try Call(folder)
    while let line = readLine() {
        let numbers = line.split(separator: " ").compactMap { Int($0) }
        let (text, times) = (String(repeating: "x", count: numbers[0]), numbers[1])
        var turn = try await worker.turn(text, times)
        try await screen(lunch, text, times, &turn)
        for _ in 0..<times {
            try call.measure(text, &turn)
        }
        print(turn.told)
        fflush(nil)
    }
}

guard CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--folder" else {
    fatalError("Sends --folder DIR")
}
try await takeTurns(in: URL(fileURLWithPath: CommandLine.arguments[2]))
