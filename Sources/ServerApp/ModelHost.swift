import Certification
import Checkpoint
import Configuration
import Decoding
import Dispatch
import Glibc
import Synchronization
import System
import Telemetry
import TranslationModel
import TranslationService

/// Makes the service of the models that the settings name, at the start and again at each reload.
struct ModelHost: Sendable {
    let settings: ServerSettings
    let registry: MetricRegistry
    /// Holds certificates against what is translated; nil where nothing is served.
    let watch: CertificateWatch?

    /// Loads the models, translates with each, and measures how long that took.
    ///
    /// - Returns: a service that is ready.
    /// - Throws: what is wrong with a checkpoint, or with the exit settings for it.
    func makeService() throws -> TranslationService {
        let start = monotonicSeconds()
        var models: [ServedModel] = []
        for path in try settings.modelPaths() {
            do {
                let model = try ServedModel(directory: path, precision: settings.precision)
                try model.checkpoint.requireOwnCertificates(model.networkChecksum)
                if let other = models.first(where: { $0.id == model.id }) {
                    throw Failure(
                        "\(path): another model has the name \(other.id)", code: EX_CONFIGURATION)
                }
                models.append(model)
            } catch {
                let failure = Failure(loading: path, error)
                let isTold = settings.modelsPath.isEmpty || error is Failure
                throw isTold ? failure : Failure("\(path): \(failure)", code: failure.code)
            }
        }
        let catalog = ModelCatalog(models, pivots: settings.pivots)
        let service = try TranslationService(
            catalog: catalog, configuration: settings.service,
            metrics: ServiceMetrics(registry: registry, catalog: catalog), checks: watch?.checks)
        do {
            for model in models { try warmUp(service, model) }
        } catch {
            service.stop()
            throw error
        }
        describe(models, seconds: monotonicSeconds() - start)
        return service
    }

    private func describe(_ models: [ServedModel], seconds: Double) {
        let infos = registry.gauges(
            "shoal_model_info", help: "The models, each as a label.", labels: ["model"])
        let bytes = registry.gauges(
            "shoal_model_memory_bytes", help: "Packed weights.", labels: ["model"])
        let names = Set(models.map(\.id))
        for family in [infos, bytes] {
            family.removeAll { !names.contains($0[0]) }
        }
        for model in models {
            infos.labeled(model.id).set(1)
            bytes.labeled(model.id).set(Double(model.network.byteCount))
        }
        registry.gauge(
            "shoal_model_load_duration_seconds", help: "Time that the latest load took."
        ).set(seconds)
    }

    /// Translations before the first client's, one and then several at once: they prove that the server's exit
    /// settings fit the model and that the model computes, and admission learns from them how fast that is.
    private func warmUp(_ service: TranslationService, _ model: ServedModel) throws {
        let rule: ExitRule
        do {
            rule = try settings.exit.resolve(for: model)
        } catch {
            throw Failure("exit settings: \(error.text(naming: \.key))", code: EX_CONFIGURATION)
        }
        let several = min(
            4 * service.configuration.workers, service.configuration.maximumQueuedRequests)
        for count in [1, several] {
            try translate(
                times: count, DecodingOptions(exit: rule, scores: false), by: model, service)
        }
    }

    /// Translates a letter so many times at once.
    private func translate(
        times count: Int, _ options: DecodingOptions, by model: ServedModel,
        _ service: TranslationService
    ) throws {
        let limit = model.longestOutput + 1
        var request = TranslationRequest(
            texts: ["a"], options: options, maximumSourceTokens: limit)
        request.isTrial = true
        request.model = model
        let finished = DispatchSemaphore(value: 0)
        let outcome = Lock<TranslationError?>(nil)
        for _ in 0..<count {
            _ = service.submit(request) { result in
                if case .failure(let error) = result { outcome.withLock { $0 = error } }
                finished.signal()
            }
        }
        for _ in 0..<count { finished.wait() }
        switch outcome.withLock({ $0 }) {
        // A queue too short for all of them is no fault of the model.
        case nil, .overloaded: return
        case .invalid:
            throw Failure(
                "the model's tokenizer makes more tokens of the letter a than the model has "
                    + "positions (max_position_embeddings \(limit))", code: EX_DATAERR)
        case .decoding(let error): throw Failure("the model fails: \(error)", code: EX_DATAERR)
        case .shuttingDown, .deadlineExceeded, .cancelled:
            throw Failure("the trial of the model was given up", code: EX_SOFTWARE)
        }
    }
}
