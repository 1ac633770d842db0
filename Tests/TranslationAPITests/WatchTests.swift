import Certification
import Checkpoint
import Foundation
import JSON
import System
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

/// A server whose model promises more than it keeps, and which looks at every sentence.
private struct WatchedServer {
    let certified: CertifiedModel
    let registry = MetricRegistry()
    let watch: CertificateWatch
    let server: TestServer
    let refutations = Monitor<[CertificateWatch.Refutation]>([])

    init(_ action: CertificateWatch.Action = .full, share: Double = 1) throws {
        certified = try CertifiedModel { network in
            [
                certificate(network, 0.002, layer: 1, operations: 0.3),
                certificate(network, 0.9, layer: 5, operations: 0.2),
                certificate(network, 0.3, layer: 1, operations: 0.3, risk: .quality),
            ]
        }
        var options = CertificateWatch.Options()
        (options.action, options.share) = (action, share)
        watch = CertificateWatch(options, registry: registry) { [refutations] refutation in
            refutations.change { $0.append(refutation) }
        }
        watch.watch([certified.model])
        server = try TestServer(model: certified.model, checks: watch.checks) { [watch] settings in
            settings.watch = watch
        }
    }

    private static func sources() throws -> [String] {
        String(decoding: try Repository.bytes("models/multi30k-de-en/sample.de"), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// The answer to the sample under a bound.
    func translate(_ exit: String) throws -> JSONObject {
        let texts = try Self.sources().map { JSONValue.string($0) }
        let body = JSONObject([
            .init("text", .array(texts)), .init("exit", try JSON.parse(Array(exit.utf8))),
        ])
        let response = try server.translate(
            String(decoding: JSON.serialize(.object(body)), as: UTF8.self))
        #expect(response.status == 200)
        return try json(response)
    }

    func texts(_ answer: JSONObject) -> [String?]? {
        answer["translations"]?.arrayValue?.map { $0.objectValue?["text"]?.stringValue }
    }

    func policy(_ answer: JSONObject) -> String? {
        answer["compute"]?.objectValue?["policy"]?.stringValue
    }

    /// The line of a metric.
    func metric(_ name: String, delta: String, risk: String = "chrf") -> Double? {
        let start = #"\#(name){model="\#(certified.model.id)",risk="\#(risk)",delta="\#(delta)"} "#
        return registry.text.split(separator: "\n").first { $0.hasPrefix(start) }
            .flatMap { Double($0.dropFirst(start.count)) }
    }
}

private let promised = #"{"guarantee":{"risk":"chrf","delta":0.01}}"#

@Suite("Certificates that are watched over a real socket", .timeLimit(.minutes(10)))
struct WatchTests {
    @Test("One that is refuted gives full depth, and answers and models say so")
    func fullDepth() throws {
        let watched = try WatchedServer()
        let first = try watched.translate(promised)
        #expect(watched.policy(first) == "fixed")
        #expect(first["certificate"]?.objectValue?["refuted"]?.boolValue == false)
        let refutation = watched.refutations.waitLimited { $0.first }
        #expect(refutation.certificate.delta == 0.002 && refutation.loss > 0.002)
        let second = try watched.translate(promised)
        #expect(second["certificate"]?.objectValue?["refuted"]?.boolValue == true)
        #expect(second["certificate"]?.objectValue?["delta"]?.doubleValue == 0.002)
        let full = try watched.translate(#"{"policy":"full"}"#)
        #expect(watched.policy(second) == "full")
        #expect(watched.texts(second) == watched.texts(full))
        #expect(watched.texts(first) != watched.texts(full))
        let models = try json(watched.server.ask("GET", "/models"))["models"]?.arrayValue
        let list = models?.first?.objectValue?["certificates"]?.arrayValue
        #expect(
            list?.map { $0.objectValue?["refuted"]?.boolValue } == [true, false, nil],
            "the risk quality is not watched")
        #expect(watched.metric("shoal_certificate_refuted", delta: "0.002") == 1)
        #expect(watched.metric("shoal_certificate_refuted", delta: "0.9") == 0)
        #expect(watched.refutations.withLock { $0.count } == 1)
        watched.server.close()
    }

    @Test("One that is refuted and only reported is answered by its rule still, and told once")
    func report() throws {
        let watched = try WatchedServer(.report)
        let first = try watched.translate(promised)
        _ = watched.refutations.waitLimited { $0.first }
        let second = try watched.translate(promised)
        #expect(second["certificate"]?.objectValue?["refuted"]?.boolValue == true)
        #expect(watched.policy(second) == "fixed")
        #expect(watched.texts(second) == watched.texts(first))
        #expect(watched.refutations.withLock { $0.count } == 1)
        watched.server.close()
    }

    @Test("A promise that is kept stays, and evidence is there to see")
    func kept() throws {
        let watched = try WatchedServer()
        let answer = try watched.translate(#"{"guarantee":{"risk":"chrf","delta":0.9}}"#)
        #expect(answer["certificate"]?.objectValue?["refuted"]?.boolValue == false)
        // What is checked after it: by then the ten sentences before are.
        _ = try watched.translate(promised)
        _ = watched.refutations.waitLimited { $0.first }
        let evidence = try #require(watched.metric("shoal_certificate_evidence", delta: "0.9"))
        #expect(evidence < 1)
        #expect(watched.metric("shoal_certificate_loss_count", delta: "0.9") == 10)
        #expect(try #require(watched.metric("shoal_certificate_evidence", delta: "0.002")) >= 20)
        watched.server.close()
    }

    @Test("A model that is loaded again keeps its evidence, another network begins anew")
    func reload() throws {
        let watched = try WatchedServer()
        _ = try watched.translate(promised)
        _ = watched.refutations.waitLimited { $0.first }
        let (watch, model) = (watched.watch, watched.certified.model)
        let own = try #require(model.certificates.first { $0.delta == 0.002 })
        watch.watch([try ServedModel(directory: watched.certified.directory.path, id: model.id)])
        #expect(watch.isRefuted(own, of: model.id) == true)
        #expect(watched.metric("shoal_certificate_refuted", delta: "0.002") == 1)
        // The same promise, issued for a test on other sentences.
        let other = try CertifiedModel { network in
            [certificate(network, 0.002, layer: 1, operations: 0.3, sentences: 900)]
        }
        watch.watch([try ServedModel(directory: other.directory.path, id: model.id)])
        #expect(watch.isRefuted(own, of: model.id) == nil)
        let new = try #require(other.model.certificates.first)
        #expect(watch.isRefuted(new, of: model.id) == false)
        #expect(watched.metric("shoal_certificate_evidence", delta: "0.002") == 1)
        #expect(watched.metric("shoal_certificate_loss_count", delta: "0.002") == 0)
        #expect(watched.metric("shoal_certificate_evidence", delta: "0.9") == nil)
        watch.watch([])
        #expect(watch.isRefuted(new, of: model.id) == nil)
        watched.server.close()
    }

    @Test(
        "The next process goes on from the file of the one before, for the very certificates only")
    func restart() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/watch"
        let watched = try WatchedServer()
        let model = watched.certified.model
        let events = Monitor<[WatchStore.Event]>([])
        func store(_ watch: CertificateWatch) -> WatchStore {
            WatchStore(path, of: watch, interval: 3600) { event in
                events.change { $0.append(event) }
            }
        }
        let first = store(watched.watch)
        first.read()
        first.watch([model])
        _ = try watched.translate(promised)
        _ = watched.refutations.waitLimited { $0.first }
        _ = try watched.translate(#"{"guarantee":{"risk":"chrf","delta":0.9}}"#)
        watched.server.close()
        first.stop()
        #expect(events.withLock { $0 } == [])
        let kept = try WatchState(folder.bytes("watch"))
        #expect(kept.entries.contains { $0.martingale.refutes(epsilon: 0.05) })

        let own = try #require(model.certificates.first { $0.delta == 0.002 })
        func restarted(_ models: [ServedModel]) -> (CertificateWatch, MetricRegistry) {
            let registry = MetricRegistry()
            let watch = CertificateWatch(.init(), registry: registry)
            let next = store(watch)
            next.read()
            next.watch(models)
            next.stop()
            return (watch, registry)
        }
        let (second, registry) = restarted([model])
        #expect(second.isRefuted(own, of: model.id) == true)
        #expect(second.state == kept)
        #expect(
            registry.text.contains(
                #"shoal_certificate_refuted{model="\#(model.id)",risk="chrf",delta="0.002"} 1"#))
        let count = kept.entries.count
        #expect(events.withLock { $0 } == [.resumed(certificates: count, refuted: 1)])
        events.withLock { $0 = [] }

        // The same promise, issued for a test on other sentences.
        let other = try CertifiedModel { network in
            [certificate(network, 0.002, layer: 1, operations: 0.3, sentences: 900)]
        }
        let new = try #require(other.model.certificates.first)
        let (third, _) = restarted([try ServedModel(directory: other.directory.path, id: model.id)])
        #expect(third.isRefuted(new, of: model.id) == false)
        #expect(third.state.entries.isEmpty)
        #expect(
            events.withLock { $0 }.contains(.dropped(model: model.id, risk: .chrF, delta: 0.002)))
        #expect(events.withLock { $0.count } == count)
        #expect(try WatchState(folder.bytes("watch")).entries.isEmpty)
    }

    @Test(
        "A file that cannot be read or gone on from is named, and the watch begins anew",
        arguments: ["damaged", "folder", "pipe", "large"])
    func unusable(_ kind: String) throws {
        let folder = try TemporaryDirectory()
        switch kind {
        case "folder": try folder.makeDirectory("watch")
        case "pipe": try folder.makePipe("watch")
        case "large": try folder.write(.init(repeating: 32, count: 17 << 20), to: "watch")
        default: try folder.write(Array("shoal-watch 1 0\n{}".utf8), to: "watch")
        }
        let certified = try CertifiedModel { [certificate($0, 0.1, layer: 1, operations: 0.3)] }
        let events = Monitor<[WatchStore.Event]>([])
        let watch = CertificateWatch(.init(), registry: MetricRegistry())
        let store = WatchStore(folder.path + "/watch", of: watch, interval: 3600) { event in
            events.change { $0.append(event) }
        }
        store.read()
        store.watch([certified.model])
        store.stop()
        let own = try #require(certified.model.certificates.first)
        #expect(watch.isRefuted(own, of: certified.model.id) == false)
        let told = events.withLock { $0 }
        guard case .unusable(let reason) = told.first else {
            Issue.record("\(told)")
            return
        }
        #expect(reason.contains(folder.path + "/watch"))
        if ["damaged", "large"].contains(kind) {
            #expect(told.count == 1)
            #expect(try WatchState(folder.bytes("watch")).entries.isEmpty)
        } else {
            guard told.count == 2, case .unwritable = told.last else {
                Issue.record("\(told)")
                return
            }
        }
    }

    @Test("What is seen is written while the process runs, and not before the file was taken over")
    func whileRunning() throws {
        let folder = try TemporaryDirectory()
        let watched = try WatchedServer()
        let store = WatchStore(folder.path + "/watch", of: watched.watch, interval: 0.01) { _ in }
        store.read()
        store.stop()
        #expect(folder.names() == [])
        let next = WatchStore(folder.path + "/watch", of: watched.watch, interval: 0.01) { _ in }
        next.read()
        next.watch([watched.certified.model])
        _ = try watched.translate(promised)
        _ = watched.refutations.waitLimited { $0.first }
        // Ends by the limit of the suite where nothing is written.
        while (try? WatchState(folder.bytes("watch")))?.entries.first?.martingale
            .refutes(epsilon: 0.05) != true
        {
            sched_yield()
        }
        watched.server.close()
        next.stop()
    }

    @Test("Nothing is watched, and answers say nothing of it, where the share is 0")
    func off() throws {
        let watched = try WatchedServer(share: 0)
        #expect(watched.watch.checks == nil)
        let answer = try watched.translate(promised)
        let named = try #require(answer["certificate"]?.objectValue)
        #expect(named["delta"] != nil && named["refuted"] == nil)
        #expect(!watched.registry.text.contains("shoal_certificate_evidence{"))
        watched.server.close()
    }
}
