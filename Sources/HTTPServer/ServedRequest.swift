import HTTPWire

/// A request that was delivered or refused, and whose response is not sent yet.
struct ServedRequest {
    /// Nil for a request that was refused, which no handler has.
    let exchange: Exchange?
    /// Whether the handler has given the last of the response.
    private(set) var isAnswered = false
    private let head: RequestHead
    private let start: Double
    private var response = ServerResponse(status: 0)
    private var bodyBytes = 0

    init(_ exchange: Exchange?, _ head: RequestHead, start: Double) {
        self.exchange = exchange
        self.head = head
        self.start = start
    }

    /// Notes what the record will say of a piece, and makes it the event that it is.
    mutating func take(_ piece: Exchange.Piece, date: String) -> ConnectionMachine.Event {
        switch piece {
        case .whole(let response):
            open(response)
            isAnswered = true
            return .answered(response, date: date)
        case .head(let response):
            open(response)
            return .began(response, date: date)
        case .part(let bytes):
            count(bytes)
            return .wrote(bytes)
        case .end(let logFields):
            response.logFields += logFields
            isAnswered = true
            return .ended
        }
    }

    func record(now: Double) -> RequestRecord {
        RequestRecord(
            method: head.method, route: response.route, status: response.status,
            bodyBytes: bodyBytes,
            seconds: now - start, logFields: response.logFields)
    }

    /// Keeps the response without its body, which only the connection should hold.
    private mutating func open(_ response: ServerResponse) {
        self.response = response
        self.response.body = []
        count(response.body)
    }

    private mutating func count(_ bytes: [UInt8]) {
        let isSent = ResponseSerializer.sendsBody(
            status: response.status, isHead: head.isHead)
        bodyBytes += isSent ? bytes.count : 0
    }
}
