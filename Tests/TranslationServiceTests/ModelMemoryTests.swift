import Decoding
import Dispatch
import Foundation
import System
import Telemetry
import Tensor
import TestSupport
import Testing
import TranslationService

/// Small models of four families, and texts that each of them translates.
private let directories = [
    "Tests/Golden/variants/untied-projection", "Tests/Golden/variants/swish-tied-unigram",
    "Tests/Golden/marian/ssru", "Tests/Golden/variants/gelu-two-vocabularies",
]

private let texts = ["Ein Mann liest ein Buch.", "ba be bi", "Zwei Hunde spielen.", "Schnee"]

/// Waits for something that another thread does, with a limit.
private func wait(_ semaphore: DispatchSemaphore) {
    #expect(semaphore.wait(timeout: .now() + 120) == .success)
}

@Suite("Networks that come and go", .timeLimit(.minutes(10)))
struct ModelMemoryTests {
    private func open(
        _ directories: [String], isLoaded: Bool = false, pinned: Set<Int> = []
    ) throws -> [ServedModel] {
        try directories.enumerated().map { index, directory in
            var options = ServedModel.Options()
            options.id = "model\(index)"
            options.isPinned = pinned.contains(index)
            options.loads = { _ in isLoaded }
            let path = directory.hasPrefix("/") ? directory : Repository.path(directory)
            return try ServedModel(directory: path, options)
        }
    }

    private func service(
        _ models: [ServedModel], _ memory: ModelMemory, waits: Bool = true, workers: Int = 2
    ) throws -> TranslationService {
        var configuration = TranslationService.Configuration()
        configuration.workers = workers
        configuration.waitsForModels = waits
        let catalog = ModelCatalog(models)
        return try TranslationService(
            catalog: catalog, memory: memory, configuration: configuration,
            metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))
    }

    private func request(_ text: String, _ model: ServedModel) throws -> TranslationRequest {
        var request = TranslationRequest(
            texts: [text], options: DecodingOptions(exit: try ExitOptions().resolve(for: model)),
            maximumSourceTokens: 64)
        request.model = model
        return request
    }

    private func answer(
        _ request: TranslationRequest, _ service: TranslationService
    ) -> Result<[String], TranslationError>? {
        service.answer(to: request, within: 120)?.map { $0.translations.map { $0.outputs[0].text } }
    }

    @Test(
        "No network takes more in memory than is said before it is read, nor much less",
        arguments: [false, true])
    func estimate(isQuantized: Bool) throws {
        for directory in directories + ["models/multi30k-de-en", "models/tatoeba-de-en"] {
            let estimate = Lock(0)
            var options = ServedModel.Options()
            options.precision = isQuantized ? .int8 : .float32
            options.loads = { bytes in
                estimate.withLock { $0 = bytes }
                return true
            }
            let model = try ServedModel(directory: Repository.path(directory), options)
            let excess = estimate.withLock { $0 } - model.byteCount
            #expect(excess >= 0, "\(directory)")
            #expect(excess < model.byteCount / 10 + 700 << 10, "\(directory)")
        }
    }

    @Test(
        "Under a bound that holds two of four, all answers are as without one, and the bound holds always"
    )
    func bound() throws {
        let free = try open(directories, isLoaded: true)
        let alone = try service(free, ModelMemory())
        var expected: [String: [String]] = [:]
        for model in free {
            for text in texts {
                let result = answer(try request(text, model), alone)
                expected["\(model.id) \(text)"] = try #require(result).get()
            }
        }
        alone.stop()
        let models = try open(directories)
        let sizes = models.map(\.byteCount).sorted()
        let limit = sizes[3] + sizes[2]
        let loads = Lock(0)
        let memory = ModelMemory(
            limit: limit,
            report: { event in
                if case .loaded = event { loads.withLock { $0 += 1 } }
            })
        let bounded = try service(models, memory)
        let group = DispatchGroup()
        let wrong = Lock<[String]>([])
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<40 {
            for _ in 0..<10 {
                let model = try #require(models.randomElement(using: &generator))
                let text = try #require(texts.randomElement(using: &generator))
                let key = "\(model.id) \(text)"
                let right = expected[key]
                group.enter()
                _ = bounded.submit(try request(text, model)) { result in
                    let outputs = try? result.get().translations.map { $0.outputs[0].text }
                    if outputs != right { wrong.withLock { $0.append(key) } }
                    if memory.byteCount > limit { wrong.withLock { $0.append("the bound") } }
                    group.leave()
                }
            }
            #expect(group.wait(timeout: .now() + 120) == .success)
        }
        #expect(wrong.withLock { $0 } == [])
        #expect(loads.withLock { $0 } > 4)
        #expect(memory.byteCount <= limit)
        bounded.stop()
    }

    @Test("Who gives up or runs out of time while a network is awaited is answered at once")
    func givingUp() throws {
        let models = try open(Array(directories[..<2]))
        let memory = ModelMemory(limit: models.map(\.byteCount).max()! + 1024)
        let service = try service(models, memory, workers: 1)
        // A worker that stands still in the middle of a sentence keeps the first network in use.
        let (stands, goesOn, done) = (
            DispatchSemaphore(value: 0), DispatchSemaphore(value: 0), DispatchSemaphore(value: 0)
        )
        let isFirst = Lock(true)
        _ = service.submit(
            try request(texts[0], models[0]),
            progress: { _ in
                let stops = isFirst.withLock { isFirst in
                    defer { isFirst = false }
                    return isFirst
                }
                guard stops else { return }
                stands.signal()
                _ = goesOn.wait(timeout: .now() + 120)
            }, completion: { _ in done.signal() })
        wait(stands)
        var late = try request(texts[0], models[1])
        late.timeout = 0.02
        #expect(answer(late, service) == .failure(.deadlineExceeded))
        let outcome = Lock<TranslationError?>(nil)
        let cancel = service.submit(try request(texts[0], models[1])) { result in
            if case .failure(let error) = result { outcome.withLock { $0 = error } }
        }
        cancel()
        #expect(outcome.withLock { $0 } == .cancelled)
        goesOn.signal()
        wait(done)
        #expect(try #require(answer(try request(texts[0], models[1]), service)).get().count == 1)
        service.stop()
    }

    @Test(
        "A service that lets nobody wait refuses until the network is there, and says when to come again"
    )
    func refusing() throws {
        let models = try open([directories[0]])
        let service = try service(models, ModelMemory(), waits: false)
        let first = answer(try request(texts[0], models[0]), service)
        guard case .failure(.loading(let seconds)) = first else {
            Issue.record("\(String(describing: first))")
            return
        }
        #expect(seconds > 0)
        let loaded = DispatchSemaphore(value: 0)
        service.memory.load(models[0]) { _ in loaded.signal() }
        wait(loaded)
        #expect(try #require(answer(try request(texts[0], models[0]), service)).get().count == 1)
        service.stop()
    }

    @Test(
        "Weights that are not those that were opened are refused, and everybody who waits is told")
    func changedWeights() throws {
        let directory = try TemporaryDirectory()
        for name in try Repository.names(in: directories[0]) {
            try directory.write(Repository.bytes("\(directories[0])/\(name)"), to: name)
        }
        let models = try open([directory.path])
        let failures = Lock(0)
        let memory = ModelMemory(report: { event in
            if case .failed = event { failures.withLock { $0 += 1 } }
        })
        let service = try service(models, memory)
        let weights = directory.path + "/model.safetensors"
        let handle = try #require(FileHandle(forWritingAtPath: weights))
        try handle.seekToEnd()
        try handle.write(contentsOf: [0])
        try handle.close()
        #expect(answer(try request(texts[0], models[0]), service) == .failure(.unavailable))
        // It is not tried again at once: others would have to leave for it in vain.
        #expect(answer(try request(texts[0], models[0]), service) == .failure(.unavailable))
        #expect(failures.withLock { $0 } == 1)
        #expect(memory.place(of: models[0]) == .failed)
        #expect(memory.byteCount == 0)
        service.stop()
    }

    @Test("A model on disk that is let go of for good keeps no file open")
    func retiring() throws {
        let directory = try TemporaryDirectory()
        for name in try Repository.names(in: directories[0]) {
            try directory.write(Repository.bytes("\(directories[0])/\(name)"), to: name)
        }
        /// Descriptors of the model's weights that this process has open.
        func opened() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/" + name)
                return target == directory.path + "/model.safetensors"
            }
        }
        let memory = ModelMemory()
        func adoptAndRetire() throws {
            let models = try open([directory.path])
            memory.adopt(models)
            #expect(try opened() == 1)
            memory.retire(models)
        }
        for _ in 0..<3 { try adoptAndRetire() }
        #expect(try opened() == 0)
    }

    @Test("A pinned network cannot be made to leave, another comes back when it is used")
    func unloading() throws {
        let models = try open(Array(directories[..<2]), isLoaded: true, pinned: [0])
        let left = DispatchSemaphore(value: 0)
        let memory = ModelMemory(report: { event in
            if case .dropped = event { left.signal() }
        })
        let service = try service(models, memory)
        #expect(models.allSatisfy { memory.place(of: $0) == .memory })
        memory.unload(models[1])
        wait(left)
        #expect(memory.place(of: models[1]) == .disk)
        #expect(try #require(answer(try request(texts[0], models[1]), service)).get().count == 1)
        #expect(memory.place(of: models[1]) == .memory)
        service.stop()
    }
}
