import Certification
import Checkpoint
import Configuration
import Decoding
import Dispatch
import Glibc
import Logging
import System
import Telemetry
import TranslationService

/// Makes the service of the models that the settings name, at the start and again at each reload.
final class ModelHost: Sendable {
    private let settings: ServerSettings
    private let registry: MetricRegistry
    private let metrics: ModelMetrics
    /// Holds certificates against what is translated; nil where nothing is served.
    let watch: CertificateWatch?
    /// Keeps what the watch has seen over restarts; nil where nothing is watched or kept.
    let watchStore: WatchStore?
    /// The networks that are in memory.
    let memory: ModelMemory
    /// Packed weights on disk; nil: none are kept.
    let packs: PackStore?
    /// What is served.
    private let current: Lock<[HostedModel]> = Lock([])
    /// Names of models that are to be read anew whether or not their files have changed.
    private let stale: Lock<Set<String>> = Lock([])

    /// A service with what it was made of.
    struct Made: Sendable {
        let service: TranslationService
        let models: [HostedModel]
    }

    /// A model with what it was read from.
    struct HostedModel: Sendable {
        let model: ServedModel
        let settings: ModelSettings
        /// Of its files, before they were read.
        let signature: FileSignature
    }

    /// Nothing is read before `makeService`.
    ///
    /// - Parameters:
    ///   - settings: which models, and how they are served.
    ///   - registry: where to count.
    ///   - log: where to tell what comes and goes, and which certificates are refuted; nil: nothing is served.
    init(settings: ServerSettings, registry: MetricRegistry, log: Logger? = nil) {
        self.settings = settings
        self.registry = registry
        let watch = log.map { CertificateWatch(settings.watch, registry: registry, log: $0) }
        self.watch = watch
        let isKept = settings.watch.share > 0 && !settings.watchStatePath.isEmpty
        watchStore =
            if let watch, let log, isKept {
                WatchStore(settings.watchStatePath, of: watch) { $0.tell(log) }
            } else { nil }
        metrics = ModelMetrics(registry)
        // Whoever only checks the settings reads the weights themselves.
        packs = log.flatMap { log in PackStore(settings.packPlace) { $0.tell(log) } }
        memory = ModelMemory(
            limit: settings.modelMemory == 0 ? nil : settings.modelMemory,
            report: { [metrics] event in
                metrics.count(event)
                if let log { event.tell(log) }
            })
        registry.gauge(
            "shoal_models_memory_limit_bytes",
            help: "Weights that may be in memory; 0: all that there are."
        ).set(Double(settings.modelMemory))
    }

    /// Has the next reload read a model anew, whether or not its files have changed.
    func expire(_ id: String) { _ = stale.withLock { $0.insert(id) } }

    /// Takes note that a service is in use.
    func use(_ made: Made) {
        current.withLock { $0 = made.models }
        if let watchStore {
            watchStore.watch(made.service.catalog.models)
        } else {
            watch?.watch(made.service.catalog.models)
        }
        metrics.keep(Set(made.models.map(\.model.id)))
    }

    /// Lets go of a service's models that are not in use, after it has stopped.
    func retire(_ service: TranslationService) {
        let kept = current.withLock { $0.map(\.model) }
        memory.retire(service.catalog.models.filter { model in !kept.contains { $0 === model } })
    }

    /// Opens the models, those of which nothing has changed since the last time as they are, and translates with each
    /// that is new and in memory.
    ///
    /// - Returns: a service that is ready.
    /// - Throws: what is wrong with a checkpoint, or with the exit settings for it.
    func makeService() throws -> Made {
        let start = monotonicSeconds()
        let old = current.withLock { $0 }
        let anew = stale.withLock { stale in
            defer { stale = [] }
            return stale
        }
        let reusable = old.filter { !anew.contains($0.model.id) }
        var new: [ServedModel] = []
        do {
            let models = try open(reusable, isReload: !old.isEmpty) { new.append($0) }
            try check(new, isReload: !old.isEmpty)
            let catalog = ModelCatalog(models.map(\.model), pivots: settings.pivots)
            let service = try TranslationService(
                catalog: catalog, memory: memory, configuration: configuration,
                metrics: ServiceMetrics(registry: registry, catalog: catalog), checks: watch?.checks
            )
            do {
                for model in new where memory.place(of: model) == .memory {
                    try warmUp(service, model)
                }
            } catch {
                service.stop()
                throw error
            }
            describe(models.map(\.model), seconds: monotonicSeconds() - start)
            watchStore?.read()
            return Made(service: service, models: models)
        } catch {
            memory.retire(new)
            stale.withLock { $0.formUnion(anew) }
            throw error
        }
    }

    private var configuration: TranslationService.Configuration {
        var configuration = settings.service
        configuration.waitsForModels = settings.whileLoading == .wait
        return configuration
    }
}

// MARK: - Opening

extension ModelHost {
    /// Opens the models in the order of the settings; the pinned ones are read first.
    private func open(
        _ reusable: [HostedModel], isReload: Bool, note: (ServedModel) -> Void
    ) throws -> [HostedModel] {
        let wanted = try settings.hostedModels()
        var opened: [Int: HostedModel] = [:]
        for isPinned in [true, false] {
            for (index, own) in wanted.enumerated() where own.isPinned == isPinned {
                let signature = FileSignature(ModelFiles.paths(of: own.path))
                if let known = reusable.first(where: {
                    $0.settings == own && $0.signature == signature
                }) {
                    opened[index] = known
                    continue
                }
                let model = try read(own, isReload: isReload)
                memory.adopt([model])
                note(model)
                opened[index] = HostedModel(model: model, settings: own, signature: signature)
            }
        }
        let models = wanted.indices.compactMap { opened[$0] }
        for (index, one) in models.enumerated() {
            if let other = models[..<index].first(where: { $0.model.id == one.model.id }) {
                throw Failure(
                    "\(one.settings.path): another model has the name \(other.model.id)",
                    code: EX_CONFIGURATION)
            }
        }
        return models
    }

    /// Opens a model; at the start its network is read with it, later by `load`, so that requests' networks count first.
    private func read(_ own: ModelSettings, isReload: Bool) throws -> ServedModel {
        var options = ServedModel.Options()
        options.id = own.id
        options.precision = own.precision ?? settings.precision
        options.languages = (own.sourceLanguage, own.targetLanguage)
        options.exit.policy = own.policy
        options.isPinned = own.isPinned
        options.releasesContent = true
        options.packs = packs
        let isWanted = !isReload && (own.isPinned || settings.modelLoading == .start)
        options.loads = { [memory] bytes in isWanted && memory.hasRoom(for: bytes) }
        do {
            let model = try ServedModel(directory: own.path, options)
            try model.checkpoint.requireOwnCertificates(model.networkChecksum)
            return model
        } catch {
            let failure = Failure(loading: own.path, error)
            let isTold = settings.namesOneModel || error is Failure
            throw isTold ? failure : Failure("\(own.path): \(failure)", code: failure.code)
        }
    }

    /// Makes sure that the exit settings fit all new models, and that those can be read that a reload brings and for
    /// which others have to leave.
    private func check(_ new: [ServedModel], isReload: Bool) throws {
        for model in new {
            _ = try rule(for: model)
            guard memory.place(of: model) != .memory else { continue }
            if isReload, settings.modelLoading == .start || model.isPinned {
                try load(model)
            } else if model.isPinned {
                throw Failure(
                    "\(model.id) is pinned and takes about \(model.byteCount) bytes: model.max_memory leaves no room for it",
                    code: EX_CONFIGURATION)
            }
        }
    }

    /// The exit rule of requests that choose none.
    private func rule(for model: ServedModel) throws(Failure) -> ExitRule {
        do {
            return try model.exitDefaults(settings.exit).resolve(for: model)
        } catch {
            throw Failure("exit settings: \(error.text(naming: \.key))", code: EX_CONFIGURATION)
        }
    }

    private func load(_ model: ServedModel) throws {
        let finished = DispatchSemaphore(value: 0)
        let isThere = Lock(false)
        memory.load(model) { result in
            isThere.withLock { $0 = result }
            finished.signal()
        }
        finished.wait()
        guard isThere.withLock({ $0 }) else {
            throw Failure(
                "\(model.id) cannot be read, or there is no room for it within model.max_memory",
                code: EX_DATAERR)
        }
    }

    private func describe(_ models: [ServedModel], seconds: Double) {
        for model in models { metrics.show(model, in: memory) }
        registry.gauge(
            "shoal_model_load_duration_seconds", help: "Time that the latest load took."
        ).set(seconds)
    }
}

// MARK: - Trial

extension ModelHost {
    /// Translations before the first client's, one and then several at once: they prove that the model computes, and
    /// admission learns from them how fast that is.
    private func warmUp(_ service: TranslationService, _ model: ServedModel) throws {
        let rule = try rule(for: model)
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
        // A queue too short for all of them is no fault of the model, nor is one that others have made leave.
        case nil, .overloaded, .loading, .unavailable: return
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
