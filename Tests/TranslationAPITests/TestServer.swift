import HTTPServer
import HTTPWire
import JSON
import Telemetry
import TestSupport
import Testing
import TranslationAPI
import TranslationService

private struct Handler: RequestHandler {
    let api: TranslationAPI

    func handle(_ request: ServerRequest, _ exchange: Exchange) { api.handle(request, exchange) }

    func response(to failure: HTTPFailure, of head: RequestHead) -> ServerResponse {
        api.response(to: failure, of: head)
    }
}

private struct Silent: ServerObserver {
    func connectionOpened() {}
    func connectionClosed() {}
    func handshakeFailed() {}
    func failed(_ failure: HTTPFailure) {}
    func finished(_ record: RequestRecord) {}
}

/// The shipped model, loaded once for all tests.
enum Shipped {
    private static let loaded = Result { try ServedModel(directory: Repository.model) }

    static func model() throws -> ServedModel { try loaded.get() }
}

/// A server of the shipped model on a port of its own.
struct TestServer {
    let api: TranslationAPI
    let server: HTTPServer

    init(
        loaded: Bool = true, queue: Int = 256, model: ServedModel? = nil,
        checks: FullDepthChecks? = nil,
        _ configure: (inout TranslationAPI.Settings) -> Void = { _ in }
    ) throws {
        let registry = MetricRegistry()
        var settings = TranslationAPI.Settings()
        settings.document = .yaml(try Repository.bytes("openapi.yaml"))
        configure(&settings)
        api = TranslationAPI(settings: settings, registry: registry)
        var configuration = ServerConfiguration()
        configuration.port = 0
        server = try HTTPServer.start(
            configuration, handler: Handler(api: api), observer: Silent())
        guard loaded else { return }
        let model = try model ?? Shipped.model()
        var sizes = TranslationService.Configuration()
        sizes.maximumQueuedRequests = queue
        let service = try TranslationService(
            model: model, configuration: sizes,
            metrics: ServiceMetrics(registry: registry, model: model), checks: checks)
        api.enter(.serving(service))
    }

    func ask(
        _ method: String, _ path: String, body: [UInt8]? = nil, fields: String = ""
    ) throws -> LoopbackClient.Response {
        let client = try LoopbackClient(port: server.address.port)
        let length = body.map { "Content-Length: \($0.count)\r\n" } ?? ""
        try client.send(
            Array("\(method) \(path) HTTP/1.1\r\nHost: x\r\n\(fields)\(length)\r\n".utf8)
                + (body ?? []))
        return try client.response(toHead: method == "HEAD")
    }

    func post(
        _ path: String, _ body: String, type: String = "application/json", fields: String = ""
    ) throws -> LoopbackClient.Response {
        try ask(
            "POST", path, body: Array(body.utf8), fields: "Content-Type: \(type)\r\n" + fields)
    }

    func translate(_ body: String, fields: String = "") throws -> LoopbackClient.Response {
        try post("/translate", body, fields: fields)
    }

    func close() { server.shutdown(timeout: 0) {} }
}

func json(_ response: LoopbackClient.Response) throws -> JSONObject {
    try #require(JSON.parse(response.body).objectValue)
}
