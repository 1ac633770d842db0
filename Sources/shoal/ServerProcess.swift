import CSystem
import Decoding
import Dispatch
import Glibc
import HTTPServer
import HTTPWire
import Synchronization
import Threads
import Telemetry
import TranslationAPI
import TranslationModel
import TranslationService

/// The life of a server: the listener opens, the model is loaded and tried, requests are served, and
/// SIGTERM ends it after what runs has been answered.
final class ServerProcess: Sendable {
    private let settings: ServerSettings
    private let registry = MetricRegistry()
    private let signalQueue = DispatchQueue(label: "shoal.signals")
    private let stopping = Atomic<Bool>(false)

    init(_ settings: ServerSettings) {
        self.settings = settings
    }

    /// Serves until a signal ends the process.
    func run() throws -> Never {
        // Left to itself, the allocator raises this threshold with every large block that is given back,
        // and keeps what loading and the first full batch needed for ever.
        shoal_give_back_blocks_from(1 << 18)
        let document = try readLines(Self.documentPath())
        var apiSettings = TranslationAPI.Settings()
        apiSettings.limits = settings.limits
        apiSettings.exit = settings.exit
        apiSettings.document = Array(document.joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
        apiSettings.modelChecksum = try checksum(settings.modelPath + "/model.safetensors")
        ProcessMetrics.register(in: registry)
        registry.gauges(
            "shoal_build_info", help: "The version, as a label.", labels: ["version"],
            zeroes: [[Shoal.version]]
        ).labeled(Shoal.version).set(1)
        let api = TranslationAPI(settings: apiSettings, registry: registry)
        let server = try start(api)
        let sources = watchSignals(api, server)
        load(api)
        withExtendedLifetime(sources) { dispatchMain() }
    }

    private func start(_ api: TranslationAPI) throws -> HTTPServer {
        do {
            let server = try HTTPServer.start(
                settings.server, handler: APIHandler(api: api),
                observer: ServerMetrics(registry, logsAccess: settings.logsAccess))
            writeError("listening on http://\(server.address.host):\(server.address.port)\n")
            return server
        } catch {
            throw Failure("\(error)", code: EX_UNAVAILABLE)
        }
    }

    /// Loads the model beside the listener, which answers probes meanwhile.
    private func load(_ api: TranslationAPI) {
        DispatchQueue(label: "shoal.load").async { [self] in
            let start = DispatchTime.now().uptimeNanoseconds
            do {
                let model = try ServedModel(
                    directory: settings.modelPath, precision: settings.precision)
                let service = TranslationService(
                    model: model, configuration: settings.service,
                    metrics: ServiceMetrics(registry: registry, model: model))
                try warmUp(service)
                let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
                describe(model, seconds)
                api.enter(.serving(service))
                writeError(
                    "\(model.id) is ready after \(fixed(seconds, 2)) s: "
                        + "\(settings.service.workers) workers\n")
            } catch {
                writeError("shoal: \(error)\n")
                Glibc.exit(EX_DATAERR)
            }
        }
    }

    private func describe(_ model: ServedModel, _ seconds: Double) {
        registry.gauges(
            "shoal_model_info", help: "The model, as a label.", labels: ["model"],
            zeroes: [[model.id]]
        ).labeled(model.id).set(1)
        registry.gauges(
            "shoal_model_load_duration_seconds", help: "Time from start to ready."
        ).labeled().set(seconds)
        registry.gauges(
            "shoal_model_memory_bytes", help: "Packed weights."
        ).labeled().set(Double(model.network.byteCount))
    }

    /// One translation before the first client's: it proves that the server's exit settings fit the
    /// model and that the model computes.
    private func warmUp(_ service: TranslationService) throws {
        let rule: ExitRule
        do {
            rule = try settings.exit.resolve(for: service.model)
        } catch {
            throw Failure("exit settings: \(error)", code: EX_CONFIGURATION)
        }
        let request = TranslationRequest(
            texts: ["a"], options: DecodingOptions(exit: rule), maximumSourceTokens: .max)
        let finished = DispatchSemaphore(value: 0)
        let outcome = Lock<TranslationError?>(nil)
        _ = service.submit(request) { result in
            if case .failure(let error) = result { outcome.withLock { $0 = error } }
            finished.signal()
        }
        finished.wait()
        if let error = outcome.withLock({ $0 }) { throw Failure("the model fails: \(error)") }
    }

    /// The first SIGTERM or SIGINT drains, the second ends the process at once.
    private func watchSignals(
        _ api: TranslationAPI, _ server: HTTPServer
    ) -> [any DispatchSourceSignal] {
        [SIGTERM, SIGINT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: signalQueue)
            source.setEventHandler { [self] in
                if stopping.exchange(true, ordering: .relaxed) { Glibc.exit(128 + number) }
                drain(api, server)
            }
            source.activate()
            return source
        }
    }

    private func drain(_ api: TranslationAPI, _ server: HTTPServer) {
        writeError("stopping: what runs is finished first\n")
        if let service = api.stage.service { api.enter(.draining(service)) }
        server.shutdown(timeout: settings.drainTimeout) { Glibc.exit(EXIT_SUCCESS) }
    }

    /// openapi.yaml: beside the working directory, or where an installed binary has it.
    private static func documentPath() throws -> String {
        let candidates = ["openapi.yaml", "/usr/local/share/shoal/openapi.yaml"]
        guard let path = candidates.first(where: { access($0, R_OK) == 0 }) else {
            throw Failure(
                "openapi.yaml is neither here nor in /usr/local/share/shoal", code: EX_NOINPUT)
        }
        return path
    }
}

/// Hands requests of the server to the API.
private struct APIHandler: RequestHandler {
    let api: TranslationAPI

    func handle(_ request: ServerRequest, _ exchange: Exchange) {
        let cancel = api.handle(request) { exchange.respond($0) }
        if let cancel { exchange.onCancel(cancel) }
    }

    func response(to failure: HTTPFailure) -> ServerResponse { api.response(to: failure) }
}
