// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    // libFuzzer has the main function.
    .unsafeFlags(["-parse-as-library"]),
]

/// A program of one function, which libFuzzer calls with generated input.
func fuzzer(_ name: String, of product: String) -> Target {
    .executableTarget(
        name: name, dependencies: ["FuzzSupport", .product(name: product, package: "shoal")],
        swiftSettings: swift)
}

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "shoal", path: "..")],
    targets: [
        .target(name: "FuzzSupport", swiftSettings: swift),
        fuzzer("FuzzConnection", of: "HTTPWire"),
        fuzzer("FuzzForms", of: "FormData"),
        fuzzer("FuzzGzip", of: "Compression"),
        fuzzer("FuzzJSON", of: "JSON"),
        fuzzer("FuzzRequests", of: "HTTPWire"),
        fuzzer("FuzzText", of: "TextPreparation"),
    ]
)
