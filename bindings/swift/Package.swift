// swift-tools-version: 6.0
//
// Comity for Swift. Apps import `Comity`. On Apple's platforms the engine comes as an XCFramework, elsewhere as a library of the
// system; README.md says how both are made.
import PackageDescription

/// The XCFramework with the engine, relative to this file, as README.md builds it. A published package names a URL and its checksum
/// here: `.binaryTarget(name: "comityFFI", url: "https://…/comityFFI.xcframework.zip", checksum: "…")`.
let framework = Context.environment["COMITY_XCFRAMEWORK"]

/// The library that programs are linked with where there is no XCFramework. Our tests name one that has their own functions, too.
let library = Context.environment["COMITY_LIBRARY"] ?? "comity_uniffi"

/// The engine's functions, as a module of C.
let engine: Target =
    if let framework {
        .binaryTarget(name: "comityFFI", path: framework)
    } else {
        .target(name: "comityFFI", linkerSettings: [.linkedLibrary(library)])
    }

let package = Package(
    name: "Comity",
    platforms: [.iOS(.v17), .macOS(.v14), .tvOS(.v17), .watchOS(.v10), .visionOS(.v1)],
    products: [.library(name: "Comity", targets: ["Comity"])],
    targets: [
        engine,
        // What uniffi writes: values, and one call for each of the engine's.
        .target(name: "ComityEngine", dependencies: ["comityFFI"], swiftSettings: [.swiftLanguageMode(.v6)]),
        // What apps import, written by hand.
        .target(name: "Comity", dependencies: ["ComityEngine"], swiftSettings: [.swiftLanguageMode(.v6)]),
    ]
)

// Our tests need a library with their own functions: `cargo xtask test --only swift` builds and names it.
if library == "comity_ffi_test" {
    package.targets += [
        .target(name: "comityTestFFI", path: "Tests/comityTestFFI"),
        .target(name: "ComityTest", dependencies: ["ComityEngine", "comityTestFFI"], path: "Tests/ComityTest"),
        .executableTarget(name: "Story", dependencies: ["Comity", "ComityTest"], path: "Tests/Story"),
        .executableTarget(name: "Sends", dependencies: ["Comity", "ComityTest"], path: "Tests/Sends"),
        .testTarget(name: "ComityTests", dependencies: ["Comity", "ComityTest", "Story"]),
    ]
}
