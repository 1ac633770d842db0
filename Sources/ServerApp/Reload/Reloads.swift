import Configuration
import Dispatch
import Glibc
import HTTPServer
import Logging
import System
import TranslationAPI
import TranslationService

/// The files that are read again while requests are served.
struct ReloadedFiles: Sendable {
    /// The file of keys; none where no keys are asked for.
    let keys: [String]
    /// The file of the token for metrics; none where they need none.
    let metricsToken: [String]
    /// Certificates, key and authorities; none without TLS.
    let certificates: [String]
    /// The directory of the model, or the folder of several.
    let model: String
    /// The directories of the models, as they are now.
    private let models: @Sendable () -> [String]

    private static func place(of settings: ServerSettings) -> String {
        guard settings.modelsPath.isEmpty else { return settings.modelsPath }
        return settings.models.isEmpty
            ? settings.modelPath : settings.models.map(\.path).joined(separator: ", ")
    }

    /// Those that the settings name.
    init(_ settings: ServerSettings) {
        keys = settings.keysPath.isEmpty ? [] : [settings.keysPath]
        metricsToken = settings.metricsTokenPath.isEmpty ? [] : [settings.metricsTokenPath]
        certificates = [settings.tls.certificate, settings.tls.key, settings.tls.clientCA]
            .filter { !$0.isEmpty }
        model = Self.place(of: settings)
        models = { (try? settings.hostedModels().map(\.path)) ?? [settings.modelPath] }
    }

    /// The directories and their files, as far as a checkpoint may have some.
    @Sendable func modelFiles() -> [String] {
        models().flatMap { ModelFiles.paths(of: $0) }
    }
}

/// Reads keys, certificates and the model again, each on its own: when a signal asks for all, or when files
/// of one have changed.
///
/// Unchecked: all that changes is touched on the process's queue.
final class Reloads: @unchecked Sendable {
    private let process: ServerProcess
    private var parts: [ReloadReport.Kind: Part] = [:]
    private var watches: [FileWatch] = []
    /// Told how the attempt that runs ends, and how the one after it does.
    private var waiting: (current: [Completion], next: [Completion]) = ([], [])

    typealias Completion = @Sendable (Bool) -> Void

    /// A reloader without the type of what it loads.
    private struct Part {
        let request: () -> Void
        let isBusy: () -> Bool
        let report: ReloadReport
    }

    /// Looks at files from now on, where the settings say so.
    init(
        _ process: ServerProcess, _ api: TranslationAPI, _ server: HTTPServer,
        _ files: ReloadedFiles
    ) {
        self.process = process
        if let path = files.keys.first {
            add(.keys, path, load: { try KeysFile.read(path) }, take: { api.replaceKeys($0) })
            parts[.keys]?.report.succeeded()
            watch(.keys) { files.keys }
        }
        if let path = files.metricsToken.first {
            add(
                .metricsToken, path, load: { try KeysFile.token(path) },
                take: { api.replaceMetricsToken($0) })
            parts[.metricsToken]?.report.succeeded()
            watch(.metricsToken) { files.metricsToken }
        }
        if !files.certificates.isEmpty {
            add(
                .certificates, files.certificates.joined(separator: ", "),
                load: { try server.readCertificates() },
                take: { certificates in
                    if let certificates { server.use(certificates) }
                    process.warnOfCertificates(of: server)
                })
            parts[.certificates]?.report.succeeded()
            watch(.certificates) { files.certificates }
        }
        add(
            .model, files.model, load: { [host = process.host] in try host.makeService() },
            take: { process.take($0, api) }, discard: { process.retire($0.service) })
        if process.settings.reload.watchesModel { watch(.model, files.modelFiles) }
    }

    private func add<Loaded: Sendable>(
        _ kind: ReloadReport.Kind, _ place: String, load: @escaping @Sendable () throws -> Loaded,
        take: @escaping (Loaded) -> Void, discard: @escaping (Loaded) -> Void = { _ in }
    ) {
        let report = ReloadReport(kind, place, log: process.log, registry: process.registry)
        let reloader = Reloader(
            on: process.life, timeout: process.settings.reload.timeout, load: load,
            use: .init(take: take, discard: discard)
        ) { [unowned self] event in
            report.tell(event)
            guard event.isEnd else { return }
            if kind == .model { tellWaiting(event == .succeeded) }
            announceEnd()
        }
        parts[kind] = Part(
            request: reloader.request, isBusy: { reloader.isBusy }, report: report)
    }

    private func watch(_ kind: ReloadReport.Kind, _ paths: @escaping @Sendable () -> [String]) {
        let interval = process.settings.reload.watchInterval
        guard interval > 0 else { return }
        let watch = FileWatch(paths, every: interval) { [self] in
            process.life.async { [self] in
                guard !process.isStopping else { return }
                process.log.notice("files of the \(kind.rawValue) have changed")
                begin([kind])
            }
        }
        watches.append(watch)
    }

    /// Reads all again.
    func all() {
        process.log.notice("reloading")
        begin(Array(parts.keys))
        for watch in watches { watch.note() }
    }

    /// Reads one model anew, whether or not its files have changed, and of the others what has changed.
    ///
    /// - Parameters:
    ///   - id: its name.
    ///   - completion: told whether what was read is in use.
    func readAnew(_ id: String, _ completion: @escaping Completion) {
        process.host.expire(id)
        if parts[.model]?.isBusy() == true {
            waiting.next.append(completion)
        } else {
            waiting.current.append(completion)
        }
        begin([.model])
    }

    /// Tells those who wait for an attempt how it has ended; the next one runs already where there is one.
    private func tellWaiting(_ isDone: Bool) {
        for completion in waiting.current { completion(isDone) }
        waiting = (waiting.next, [])
    }

    /// The first model is in use.
    func modelIsLoaded() { parts[.model]?.report.succeeded() }

    private func begin(_ kinds: [ReloadReport.Kind]) {
        process.manager.reloading()
        for kind in kinds { parts[kind]?.request() }
    }

    /// Tells the service manager that all that was begun has come to an end.
    private func announceEnd() {
        guard !process.isStopping, !parts.values.contains(where: { $0.isBusy() }) else { return }
        process.manager.ready("serving")
    }
}
