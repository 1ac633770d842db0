// swift-tools-version: 6.2
import PackageDescription

let swift: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// For what computes, in which the tests would otherwise spend most of their time.
let computing: [SwiftSetting] = swift + [.unsafeFlags(["-O"], .when(configuration: .debug))]

/// The C compiler would otherwise build the kernels at -O2 in release and at -O0 in debug.
let c: [CSetting] = [.unsafeFlags(["-O3", "-Wall", "-Wextra", "-Werror"])]

let package = Package(
    name: "shoal",
    products: [
        .executable(name: "shoal", targets: ["shoal"]),
        // What the package in Fuzz feeds with generated input.
        .library(name: "Compression", targets: ["Compression"]),
        .library(name: "FormData", targets: ["FormData"]),
        .library(name: "HTTPWire", targets: ["HTTPWire"]),
        .library(name: "JSON", targets: ["JSON"]),
        .library(name: "TextPreparation", targets: ["TextPreparation"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CKernels", cSettings: c),
        .target(name: "Tensor", dependencies: ["CKernels", "System"], swiftSettings: computing),
        .target(
            name: "TensorTraining", dependencies: ["CKernels", "Tensor"],
            swiftSettings: computing),
        .target(name: "JSON", dependencies: ["System"], swiftSettings: computing),
        .target(name: "System", dependencies: ["CSystem"], swiftSettings: swift),
        .target(name: "Digest", dependencies: ["COpenSSL"], swiftSettings: computing),
        .target(
            name: "Checkpoint",
            dependencies: ["Compression", "Digest", "JSON", "SentencePiece", "System", "Yams"],
            swiftSettings: computing
        ),
        .target(
            name: "TranslationModel",
            dependencies: ["Checkpoint", "Digest", "JSON", "System", "Tensor"],
            swiftSettings: computing),
        .target(
            name: "Decoding",
            dependencies: ["TranslationModel", "Tensor", "Checkpoint", "System"],
            swiftSettings: computing),
        .target(
            name: "Training",
            dependencies: [
                "TranslationModel", "Tensor", "TensorTraining", "Checkpoint", "JSON",
                "SentencePiece", "System", "Tokenization",
            ],
            swiftSettings: computing),
        .target(
            name: "SentencePiece",
            dependencies: [.product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: computing),
        .target(
            name: "SentencePieceTraining",
            dependencies: [
                "SentencePiece", "UnicodeText",
                .product(name: "HeapModule", package: "swift-collections"),
            ], swiftSettings: computing),
        .target(name: "FormData", dependencies: ["System"], swiftSettings: computing),
        .target(name: "UnicodeText", swiftSettings: computing),
        .target(name: "LanguageTags", swiftSettings: swift),
        .target(name: "CEmbeddedFiles", cSettings: c),
        .target(name: "EmbeddedFiles", dependencies: ["CEmbeddedFiles"], swiftSettings: swift),
        .target(
            name: "LanguageIdentification",
            dependencies: ["EmbeddedFiles", "LanguageTags", "UnicodeText"],
            exclude: ["profiles.bin"],
            swiftSettings: computing),
        .target(
            name: "CorpusPreparation", dependencies: ["System", "UnicodeText"],
            swiftSettings: computing),
        .target(
            name: "TextPreparation", dependencies: ["EmbeddedFiles"],
            exclude: ["Languages", "Markup/entities.txt"],
            swiftSettings: computing),
        .target(
            name: "Tokenization", dependencies: ["SentencePiece", "Checkpoint"],
            swiftSettings: swift),
        .target(name: "Telemetry", dependencies: ["System"], swiftSettings: swift),
        .target(
            name: "TranslationService",
            dependencies: [
                "Checkpoint", "Digest", "LanguageTags", "TranslationModel", "Decoding", "Tensor",
                "TextPreparation", "Tokenization", "Telemetry", "System",
                .product(name: "DequeModule", package: "swift-collections"),
            ], swiftSettings: swift),
        .target(
            name: "Evaluation",
            dependencies: [
                "Checkpoint", "Decoding", "System", "TextFiles", "TranslationModel",
                "TranslationService",
            ],
            swiftSettings: computing),
        .target(name: "Charts", swiftSettings: swift),
        .target(
            name: "Pages", dependencies: ["Digest", "EmbeddedFiles"], exclude: ["Web"],
            swiftSettings: swift),
        .target(
            name: "Calibration",
            dependencies: [
                "Decoding", "TranslationModel", "Tensor", "Checkpoint", "Evaluation", "System",
                "TextFiles", "Tokenization", "TranslationService",
            ],
            swiftSettings: computing),
        .target(
            name: "Certification",
            dependencies: [
                "Checkpoint", "Decoding", "Digest", "Evaluation", "JSON", "System", "Telemetry",
                "TranslationModel", "TranslationService",
            ],
            swiftSettings: swift),
        .target(
            name: "Adaptation",
            dependencies: [
                "Checkpoint", "Decoding", "System", "Tensor", "TensorTraining", "Training",
                "TranslationModel",
            ],
            swiftSettings: computing),
        .target(
            name: "TranslationAPI",
            dependencies: [
                "Certification", "Compression", "FormData", "HTTPWire", "JSON",
                "LanguageIdentification", "LanguageTags", "TextPreparation", "TranslationService",
                "Decoding", "Tensor", "TranslationModel", "Checkpoint", "Tokenization", "Telemetry",
                "System",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: swift),
        .target(name: "CSystem", cSettings: c),
        .target(
            name: "HTTPWire",
            dependencies: [.product(name: "HTTPTypes", package: "swift-http-types")],
            swiftSettings: swift),
        .target(
            name: "HTTPServer",
            dependencies: ["COpenSSL", "CSystem", "HTTPWire", "System"], swiftSettings: swift),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .target(name: "Compression", dependencies: ["CZlib"], swiftSettings: computing),
        .target(name: "TextFiles", dependencies: ["Compression"], swiftSettings: swift),
        .target(
            name: "Configuration",
            dependencies: [
                "Certification", "Checkpoint", "Decoding", "HTTPServer", "HTTPWire",
                "LanguageTags", "System", "Tensor", "TextFiles", "TranslationAPI",
                "TranslationService", "Yams",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .target(
            name: "ServerApp",
            dependencies: [
                "CSystem", "Certification", "Checkpoint", "Configuration", "Decoding", "Digest",
                "EmbeddedFiles", "HTTPServer", "HTTPWire", "JSON", "Pages", "System", "Telemetry",
                "TranslationAPI", "TranslationModel", "TranslationService", "Yams",
                .product(name: "Logging", package: "swift-log"),
            ], swiftSettings: swift),
        .executableTarget(
            name: "shoal",
            dependencies: [
                "Adaptation", "Calibration", "Certification", "Charts", "Checkpoint",
                "Configuration",
                "CorpusPreparation",
                "Decoding", "Digest", "Evaluation", "HTTPServer", "JSON", "LanguageIdentification",
                "LanguageTags", "SentencePiece",
                "SentencePieceTraining",
                "ServerApp", "System", "Telemetry", "Tensor", "TensorTraining", "TextFiles",
                "Tokenization", "Training", "TranslationAPI", "TranslationModel",
                "TranslationService",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: swift),
        .target(
            name: "TestSupport", dependencies: ["JSON", "System"], path: "Tests/TestSupport",
            swiftSettings: swift),
        .testTarget(
            name: "JSONTests", dependencies: ["JSON", "TestSupport"], exclude: ["Resources"],
            swiftSettings: swift),
        .testTarget(
            name: "FormDataTests", dependencies: ["FormData", "TestSupport"],
            exclude: ["Resources"],
            swiftSettings: swift),
        .testTarget(
            name: "CompressionTests", dependencies: ["Compression", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "TextPreparationTests",
            dependencies: ["System", "TestSupport", "TextPreparation"],
            exclude: ["Resources"], swiftSettings: swift),
        .testTarget(
            name: "TextFilesTests", dependencies: ["Compression", "TextFiles", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "CheckpointTests",
            dependencies: ["Checkpoint", "Digest", "JSON", "System", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "DigestTests", dependencies: ["Digest", "System"], swiftSettings: swift),
        .testTarget(
            name: "TranslationModelTests",
            dependencies: [
                "Checkpoint", "JSON", "Tensor", "TestSupport", "TranslationModel",
            ], swiftSettings: swift),
        .testTarget(
            name: "DecodingTests",
            dependencies: [
                "Decoding", "Digest", "TranslationModel", "Tensor", "Tokenization", "Checkpoint",
                "JSON", "System", "TestSupport",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "TokenizationTests", dependencies: ["Tokenization", "Checkpoint", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "SentencePieceTests", dependencies: ["SentencePiece", "SentencePieceTraining"],
            resources: [.copy("Resources")], swiftSettings: swift),
        .testTarget(
            name: "SystemTests", dependencies: ["System", "TestSupport"], swiftSettings: swift),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry"], swiftSettings: swift),
        .testTarget(
            name: "TensorTests",
            dependencies: ["Tensor", "TensorTraining", "CKernels", "TestSupport", "System"],
            swiftSettings: swift),
        .testTarget(
            name: "TrainingTests",
            dependencies: [
                "Training", "TranslationModel", "Tensor", "TensorTraining", "Checkpoint", "JSON",
                "System", "TestSupport",
            ], swiftSettings: swift),
        .testTarget(
            name: "TranslationServiceTests",
            dependencies: [
                "TranslationService", "TranslationModel", "Checkpoint", "Decoding", "LanguageTags",
                "Telemetry", "Tensor", "TestSupport", "TextPreparation", "Tokenization", "System",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "HTTPWireTests",
            dependencies: [
                "HTTPWire", "TestSupport", .product(name: "HTTPTypes", package: "swift-http-types"),
            ],
            exclude: ["Resources"], swiftSettings: swift),
        .testTarget(
            name: "HTTPServerTests",
            dependencies: [
                "COpenSSL", "HTTPServer", "HTTPWire", "TestSupport", "System",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], resources: [.copy("Resources")], swiftSettings: swift),
        .testTarget(
            name: "TranslationAPITests",
            dependencies: [
                "Certification", "Checkpoint", "Compression", "Decoding", "HTTPServer", "HTTPWire",
                "JSON", "LanguageTags", "Telemetry", "TestSupport", "TextPreparation", "System",
                "TranslationAPI", "TranslationService",
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ], swiftSettings: swift),
        .testTarget(
            name: "ConfigurationTests", dependencies: ["Configuration", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ServerAppTests",
            dependencies: ["ServerApp", "System", "Telemetry", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "ToolTests",
            dependencies: ["shoal", "Compression", "JSON", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "CorpusPreparationTests",
            dependencies: ["CorpusPreparation", "TestSupport", "UnicodeText"],
            swiftSettings: swift),
        .testTarget(
            name: "ChartsTests", dependencies: ["Charts", "TestSupport"], swiftSettings: swift),
        .testTarget(
            name: "CalibrationTests",
            dependencies: [
                "Calibration", "Checkpoint", "Decoding", "Evaluation", "Tensor", "TestSupport",
                "Tokenization", "TranslationModel",
            ], swiftSettings: swift),
        .testTarget(
            name: "AdaptationTests",
            dependencies: [
                "Adaptation", "Checkpoint", "Tensor", "TestSupport", "TranslationModel",
            ],
            swiftSettings: swift),
        .testTarget(
            name: "LanguageTagsTests", dependencies: ["LanguageTags"], swiftSettings: swift),
        .testTarget(
            name: "LanguageIdentificationTests",
            dependencies: ["LanguageIdentification", "LanguageTags"],
            swiftSettings: swift),
        .testTarget(
            name: "EmbeddedFilesTests", dependencies: ["EmbeddedFiles", "TestSupport"],
            swiftSettings: swift),
        .testTarget(
            name: "PagesTests", dependencies: ["Pages", "COpenSSL"], swiftSettings: swift),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation"], swiftSettings: swift),
        .testTarget(
            name: "CertificationTests",
            dependencies: [
                "Certification", "Checkpoint", "Decoding", "Digest", "TestSupport",
                "TranslationModel",
            ],
            swiftSettings: swift),
    ]
)

/// A sanitizer builds everything anew: with `SHOAL_TEST_TARGETS`, names with commas between, there is nothing in the
/// package but these tests and what they need (scripts/test-sanitized).
if let names = Context.environment["SHOAL_TEST_TARGETS"] {
    var open = names.split(separator: ",").map(String.init)
    let all = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
    if let unknown = open.first(where: { all[$0] == nil }) {
        fatalError("SHOAL_TEST_TARGETS: there is no target \(unknown)")
    }
    var needed: Set<String> = []
    while let name = open.popLast() {
        // A name that is no target's is a product's of another package.
        guard needed.insert(name).inserted, let target = all[name] else { continue }
        for case .byNameItem(let other, _) in target.dependencies { open.append(other) }
    }
    package.targets.removeAll { !needed.contains($0.name) }
    package.products = []
}
