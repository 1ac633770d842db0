import Decoding
import Dispatch
import Foundation
import System
import Telemetry
import TestSupport
import Testing
import TranslationService

@Suite("Packed weights on disk", .timeLimit(.minutes(10)))
struct PackStoreTests {
    private let model: TemporaryDirectory
    private let events = Lock<[PackStore.Event]>([])

    init() throws {
        model = try Repository.copiedNetwork("variants/untied-projection")
        try settle()
    }

    /// Gives the files a time at which they are not being written to any more.
    private func settle() throws {
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        for name in model.names() where name != ".shoal" {
            try FileManager.default.setAttributes(
                [.modificationDate: date], ofItemAtPath: model.path + "/" + name)
        }
    }

    private func store(_ place: PackPlace = .besideModel) throws -> PackStore {
        let store = PackStore(place) { [events] event in events.withLock { $0.append(event) } }
        return try #require(store)
    }

    private func open(_ store: PackStore?, isLoaded: Bool = true) throws -> ServedModel {
        var options = ServedModel.Options()
        options.id = "model"
        options.packs = store
        options.loads = { _ in isLoaded }
        return try ServedModel(directory: model.path, options)
    }

    /// A start of a server: the model as it is served, and what was written has been written.
    private func start(_ place: PackPlace = .besideModel) throws -> ServedModel {
        let store = try store(place)
        let served = try open(store)
        store.begin()
        store.finish()
        return served
    }

    private func translate(_ served: ServedModel) throws -> String {
        let catalog = ModelCatalog([served])
        let service = try TranslationService(
            catalog: catalog, memory: ModelMemory(),
            configuration: TranslationService.Configuration(),
            metrics: ServiceMetrics(registry: MetricRegistry(), catalog: catalog))
        defer { service.stop() }
        let options = DecodingOptions(exit: try ExitOptions().resolve(for: served))
        let request = TranslationRequest(
            texts: ["ba be bi"], options: options, maximumSourceTokens: 64)
        let result = service.answer(to: request, within: 120)
        return "\((try? result?.get().translations[0].outputs[0]) as Any)"
    }

    @Test(
        "The first start writes them once it has begun, the second maps them; answers are the same")
    func secondStart() throws {
        let plain = try open(nil)
        let store = try store()
        let first = try open(store)
        #expect(model.names(in: ".shoal") == [])
        store.begin()
        store.finish()
        #expect(model.names(in: ".shoal") == ["digests", "float32.pack"])
        guard case .written("model", let path, let bytes)? = events.withLock({ $0.first }) else {
            Issue.record("nothing was written")
            return
        }
        #expect(path == model.path + "/.shoal/float32.pack" && bytes > 0)
        let second = try start()
        #expect(first.mappedByteCount == 0 && second.mappedByteCount > 0)
        #expect(second.byteCount == plain.byteCount)
        #expect(second.checksum == plain.checksum)
        #expect(second.networkChecksum == plain.networkChecksum)
        #expect(try translate(second) == translate(plain))
        #expect(events.withLock { $0.count } == 1)
    }

    @Test("Weights that change are read, and their pack replaces the old one")
    func changed() throws {
        _ = try start()
        let old = try start()
        var bytes = model.bytes("model.safetensors")
        bytes[bytes.count - 2] ^= 1
        try model.write(bytes, to: "model.safetensors")
        let new = try start()
        #expect(new.mappedByteCount == 0)
        #expect(new.checksum != old.checksum)
        #expect(new.checksum == (try open(nil)).checksum)
        #expect(try start().mappedByteCount > 0)
        #expect(model.names(in: ".shoal") == ["digests", "float32.pack"])
        let reasons = events.withLock { $0 }.compactMap { event in
            if case .unusable(_, _, let reason) = event { reason } else { nil }
        }
        #expect(reasons == ["of other weights"])
    }

    @Test("Weights that are only touched are mapped, and so is a model that moves with its pack")
    func touched() throws {
        _ = try start()
        let date = Date(timeIntervalSince1970: 1_600_000_000)
        try FileManager.default.setAttributes(
            [.modificationDate: date], ofItemAtPath: model.path + "/model.safetensors")
        let old = model.bytes(".shoal/digests")
        #expect(try start().mappedByteCount > 0)
        #expect(model.bytes(".shoal/digests") != old)
    }

    @Test("A damaged pack is made anew")
    func damaged() throws {
        let plain = try start()
        var bytes = model.bytes(".shoal/float32.pack")
        let whole = bytes
        bytes[bytes.count - 5000] ^= 64
        try model.write(bytes, to: ".shoal/float32.pack")
        let other = try start()
        #expect(other.mappedByteCount == 0)
        #expect(try translate(other) == translate(plain))
        #expect(model.bytes(".shoal/float32.pack") == whole)
    }

    @Test("Damaged digests never give another checksum")
    func damagedDigests() throws {
        let checksum = try start().checksum
        let whole = model.bytes(".shoal/digests")
        var generator = SeededGenerator(seed: 8)
        for _ in 0..<300 {
            var bytes = whole
            generator.mutate(&bytes)
            try model.write(bytes, to: ".shoal/digests")
            #expect(try open(try store(), isLoaded: false).checksum == checksum)
        }
    }

    @Test("Where nothing can be written the model is served, and one line says so")
    func unwritable() throws {
        try model.write([], to: ".shoal")
        let served = try start()
        #expect(try translate(served) == translate(open(nil)))
        guard case .unwritable("model", _)? = events.withLock({ $0.first }) else {
            Issue.record("nobody was told")
            return
        }
        #expect(events.withLock { $0.count } == 1)
    }

    @Test(
        "A folder for all models has a subfolder for each, which is not followed where it is a link"
    )
    func folder() throws {
        let root = try TemporaryDirectory()
        _ = try start(.folder(root.path))
        let name = try #require(root.names().first)
        #expect(root.names(in: name) == ["digests", "float32.pack"])
        #expect(model.names(in: ".shoal") == [])
        #expect(try start(.folder(root.path)).mappedByteCount > 0)
        let other = try TemporaryDirectory()
        let elsewhere = try TemporaryDirectory()
        try other.makeLink(name, to: elsewhere.path)
        _ = try start(.folder(other.path))
        #expect(elsewhere.names() == [])
    }

    @Test("Two processes that write at once leave one whole pack")
    func together() throws {
        let stores = try (0..<4).map { _ in try store() }
        for store in stores { _ = try open(store) }
        let models = try stores.map { try open($0) }
        for store in stores { store.begin() }
        for store in stores { store.finish() }
        #expect(models.count == 4)
        #expect(model.names(in: ".shoal") == ["digests", "float32.pack"])
        #expect(try start().mappedByteCount > 0)
    }

    @Test("A network that comes and goes is mapped again each time, and counts in full")
    func comesAndGoes() throws {
        _ = try start()
        let served = try open(try store(), isLoaded: false)
        let mapped = Lock<[Int]>([])
        let memory = ModelMemory(report: { event in
            if case .loaded(_, _, let bytes, let shared) = event {
                mapped.withLock { $0 += [bytes, shared] }
            }
        })
        memory.adopt([served])
        for _ in 0..<2 {
            let loaded = DispatchSemaphore(value: 0)
            memory.load(served) { isThere in
                #expect(isThere)
                loaded.signal()
            }
            #expect(loaded.wait(timeout: .now() + 120) == .success)
            #expect(memory.byteCount >= served.byteCount)
            memory.unload(served)
        }
        let counts = mapped.withLock { $0 }
        #expect(counts.count == 4 && counts.allSatisfy { $0 > 0 })
        #expect(counts[0] >= counts[1])
    }
}
