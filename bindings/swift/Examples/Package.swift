// swift-tools-version: 6.0
//
// Programs to copy from. Another package depends on Comity by its URL; these by the folder above.
import PackageDescription

let package = Package(
    name: "Examples",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "Comity", path: "..")],
    targets: [
        .executableTarget(name: "Start", dependencies: ["Comity"], path: "Start"),
        .executableTarget(name: "Chat", dependencies: ["Comity"], path: "Chat"),
    ]
)
