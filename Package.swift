// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The C compiler would otherwise build the kernels at -O2 in release and at -O0 in debug.
let c: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]

let package = Package(
    name: "shoal",
    targets: [
        .target(name: "CKernels", cSettings: c),
        .target(name: "Tensor", dependencies: ["CKernels"], swiftSettings: swift),
        .target(name: "JSON", swiftSettings: swift),
        .target(name: "Checkpoint", dependencies: ["JSON"], swiftSettings: swift),
        .target(
            name: "TranslationModel", dependencies: ["Tensor", "Checkpoint"], swiftSettings: swift),
        .target(
            name: "Decoding", dependencies: ["TranslationModel", "Tensor", "Checkpoint"],
            swiftSettings: swift),
        .target(name: "Evaluation", swiftSettings: swift),
        .target(
            name: "TestSupport", dependencies: ["JSON"], path: "Tests/TestSupport",
            swiftSettings: swift),
        .testTarget(
            name: "JSONTests", dependencies: ["JSON", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "CheckpointTests", dependencies: ["Checkpoint", "JSON", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "DecodingTests",
            dependencies: ["Decoding", "TranslationModel", "Checkpoint", "JSON", "TestSupport"],
            swiftSettings: swift),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"], swiftSettings: swift),
    ]
)
