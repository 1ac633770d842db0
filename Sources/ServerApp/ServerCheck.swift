import Checkpoint
package import Configuration
import HTTPServer
import Telemetry
import TranslationAPI
import TranslationService

/// Opens and tries all that a start needs, without listening and beside a server that runs.
package struct ServerCheck {
    private let settings: ServerSettings
    private var failures: [Failure] = []

    /// Tries what the settings name, in the order of a start.
    ///
    /// - Parameter settings: as `ServerProcess` takes them.
    /// - Returns: lines for people, "ok" first.
    /// - Throws: `Failure` with all that is wrong and the code that the start would end with.
    package static func run(_ settings: ServerSettings) throws -> String {
        var check = ServerCheck(settings: settings)
        let lines = [
            check.keys(), check.metricsToken(), check.glossaries(), check.address(), check.model(),
        ]
        guard check.failures.isEmpty else { throw Failure(check.failures) }
        return (["ok"] + lines.compactMap { $0 }).map { $0 + "\n" }.joined()
    }

    private init(settings: ServerSettings) {
        self.settings = settings
    }

    private mutating func attempt(
        _ body: () throws -> String, else failure: (any Error) -> Failure = Failure.init(other:)
    ) -> String? {
        do {
            return try body()
        } catch {
            failures.append(failure(error))
            return nil
        }
    }

    private mutating func keys() -> String? {
        let path = settings.keysPath
        return attempt {
            guard let keys = try KeysFile.read(path) else { return "keys: none asked for" }
            return "keys: \(keys.count) in \(path)"
        }
    }

    private mutating func metricsToken() -> String? {
        let path = settings.metricsTokenPath
        guard !path.isEmpty else { return nil }
        return attempt {
            _ = try KeysFile.token(path)
            return "metrics: a token in \(path)"
        }
    }

    private mutating func glossaries() -> String? {
        let paths = settings.glossaryPaths
        guard !paths.isEmpty else { return nil }
        return attempt {
            let names = try GlossaryFiles.read(paths).map(\.name)
            return "glossaries: " + names.joined(separator: ", ")
        }
    }

    private mutating func address() -> String? {
        let settings = settings
        return attempt {
            let configuration = try settings.serverConfiguration()
            try HTTPServer.check(configuration)
            let address = ServerAddress(host: configuration.host, port: configuration.port)
            return "address: " + address.url(scheme: configuration.tls == nil ? "http" : "https")
        }
    }

    private mutating func model() -> String? {
        let settings = settings
        return attempt {
            let service = try ModelHost(settings: settings, registry: MetricRegistry(), watch: nil)
                .makeService()
            defer { service.stop() }
            return service.catalog.models.map { "model: " + Self.describe($0, settings) }
                .joined(separator: "\n")
        } else: { error in
            Failure(loading: settings.modelPath, error)
        }
    }

    private static func describe(_ model: ServedModel, _ settings: ServerSettings) -> String {
        let policy = settings.exit.policy ?? model.defaultPolicy
        let languages = [model.languages.source, model.languages.target].compactMap { $0 }
        return [
            model.id, languages.joined(separator: " to "), "\(model.layerCount) decoder layers",
            "\(settings.precision)", "policy \(policy.rawValue)", "checksum \(model.checksum)",
        ].filter { !$0.isEmpty }.joined(separator: ", ")
    }
}

extension Failure {
    /// What else can be thrown on the way to a start.
    fileprivate init(other error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as HTTPServerError: self.init(error)
        default: self.init("\(error)")
        }
    }
}
