// The story that every language tells; see crates/ffi-test/src/story.rs. `swift run Story --seed N --names a,b` prints its facts.
import ComityTest

var seedOfChance = "1"
var names = "alice,bob"
var arguments = CommandLine.arguments.dropFirst()
while let argument = arguments.popFirst(), let value = arguments.popFirst() {
    switch argument {
    case "--seed": seedOfChance = value
    case "--names": names = value
    default: fatalError("there are --seed N and --names a,b, and no \(argument)")
    }
}
seed(number: seedOfChance)
try await tell(names: names)
