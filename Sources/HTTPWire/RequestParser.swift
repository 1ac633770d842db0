/// An incremental HTTP/1.1 request parser: bytes in, events out, no input or output of its own.
///
/// Its verdict depends on the bytes only, not on how they were split, and its cost is linear in
/// their number. After a failure it stays failed: where the next request begins is then unknown.
package struct RequestParser: Sendable {
    package enum Event: Sendable {
        /// The head is complete; the body may not have come yet.
        case head(RequestHead)
        /// The request is complete.
        case request(ServerRequest)
    }

    private enum State {
        case start(blankLines: Int)
        case fields
        case length(RequestHead, remaining: Int)
        case chunkLine(RequestHead)
        case chunk(RequestHead, remaining: Int)
        case chunkEnd(RequestHead)
        case trailers(RequestHead, used: Int, count: Int)
        case failed(HTTPFailure, RequestHead)
    }

    private let limits: HTTPLimits
    private var reader = LineReader()
    private var state = State.start(blankLines: 0)
    private var builder: HeadBuilder?
    private var headUsed = 0
    private var extensionBytes = 0
    private var body: [UInt8] = []

    package init(limits: HTTPLimits) {
        self.limits = limits
    }

    /// Bytes received and not yet consumed.
    package var buffered: Int { reader.count }

    /// Bytes of the current body so far.
    package var bodyReceived: Int { body.count }

    /// What has been read of the head of the request that is arriving or failed.
    package var knownHead: RequestHead {
        switch state {
        case .start, .fields: builder?.knownHead ?? .unread
        case .length(let head, _), .chunkLine(let head), .chunk(let head, _),
            .chunkEnd(let head), .trailers(let head, _, _):
            head
        case .failed(_, let head): head
        }
    }

    /// Whether no byte of a request has come since the last one.
    package var isIdle: Bool {
        guard case .start = state else { return false }
        return reader.count == 0
    }

    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        reader.append(bytes)
    }

    /// The next event, or nil until more bytes come.
    package mutating func next() throws(HTTPFailure) -> Event? {
        do {
            while true {
                switch try step() {
                case .event(let event): return event
                case .again: continue
                case .starved: return nil
                }
            }
        } catch {
            state = .failed(error, knownHead)
            body = []
            throw error
        }
    }

    private enum Step {
        case event(Event)
        case again
        case starved
    }

    private mutating func step() throws(HTTPFailure) -> Step {
        switch state {
        case .start(let blankLines): try requestLine(blankLines)
        case .fields: try fieldLine()
        case .length(let head, let remaining): takeBody(head, remaining)
        case .chunkLine(let head): try chunkLine(head)
        case .chunk(let head, let remaining): takeChunk(head, remaining)
        case .chunkEnd(let head): try chunkEnd(head)
        case .trailers(let head, let used, let count): try trailer(head, used, count)
        case .failed(let failure, _): throw failure
        }
    }
}

// MARK: - Head

extension RequestParser {
    private mutating func requestLine(_ blankLines: Int) throws(HTTPFailure) -> Step {
        // Room for the longest target with a method, a version, two spaces and a CRLF.
        let most = min(
            limits.headBytes, min(limits.targetBytes, 1 << 30) + RequestLine.longestMethod + 12)
        let read: ArraySlice<UInt8>?
        do {
            read = try line(
                limit: most, or: .uriTooLong
            ) { "The request target is longer than \($0.targetBytes) bytes." }
        } catch {
            builder = RequestLine(startOf: reader.unread).map(HeadBuilder.init)
            throw error
        }
        guard let bytes = read else { return .starved }
        if bytes.isEmpty {
            // RFC 9112 §2.2: a blank line before the request is ignored, here only one.
            guard blankLines == 0 else { throw .malformed("A request must not be blank.") }
            state = .start(blankLines: 1)
            return .again
        }
        headUsed = bytes.count + 2
        builder = HeadBuilder(line: try RequestLine(bytes))
        try builder?.checkLine(limits: limits)
        state = .fields
        return .again
    }

    private mutating func fieldLine() throws(HTTPFailure) -> Step {
        guard
            let bytes = try line(
                limit: limits.headBytes - headUsed, or: .headerFieldsTooLarge,
                { "The head is larger than \($0.headBytes) bytes." })
        else { return .starved }
        headUsed += bytes.count + 2
        guard !bytes.isEmpty else { return try finishHead() }
        guard let count = builder?.count, count < limits.fields else {
            throw HTTPFailure(
                .headerFieldsTooLarge, "The head has more than \(limits.fields) fields.")
        }
        try builder?.add(bytes)
        return .again
    }

    private mutating func finishHead() throws(HTTPFailure) -> Step {
        guard let head = try builder?.finish(limits: limits) else {
            throw .malformed("A request must begin with a request line.")
        }
        builder = nil
        body = []
        extensionBytes = 0
        switch head.framing {
        case .length(let length): state = .length(head, remaining: length)
        case .chunked: state = .chunkLine(head)
        }
        return .event(.head(head))
    }
}

// MARK: - Body

extension RequestParser {
    private mutating func takeBody(_ head: RequestHead, _ remaining: Int) -> Step {
        let bytes = reader.take(remaining)
        body.append(contentsOf: bytes)
        guard bytes.count == remaining else {
            state = .length(head, remaining: remaining - bytes.count)
            return .starved
        }
        return finishRequest(head)
    }

    /// chunk-size [chunk-ext] (RFC 9112 §7.1); extensions are bounded and ignored.
    private mutating func chunkLine(_ head: RequestHead) throws(HTTPFailure) -> Step {
        guard
            let bytes = try line(
                limit: limits.chunkLineBytes, or: .malformedRequest,
                { "A chunk-size line is longer than \($0.chunkLineBytes) bytes." })
        else { return .starved }
        let chunk = try ChunkLine(bytes, most: limits.bodyBytes - body.count, limits: limits)
        extensionBytes += chunk.extensionBytes
        guard extensionBytes <= limits.headBytes else {
            throw .malformed("Chunk extensions are larger than \(limits.headBytes) bytes.")
        }
        state =
            chunk.size == 0
            ? .trailers(head, used: 0, count: 0) : .chunk(head, remaining: chunk.size)
        return .again
    }

    private mutating func takeChunk(_ head: RequestHead, _ remaining: Int) -> Step {
        let bytes = reader.take(remaining)
        body.append(contentsOf: bytes)
        guard bytes.count == remaining else {
            state = .chunk(head, remaining: remaining - bytes.count)
            return .starved
        }
        state = .chunkEnd(head)
        return .again
    }

    private mutating func chunkEnd(_ head: RequestHead) throws(HTTPFailure) -> Step {
        let complaint = "A chunk must end where its size says."
        guard let bytes = try line(limit: 2, or: .malformedRequest, { _ in complaint }) else {
            return .starved
        }
        guard bytes.isEmpty else { throw .malformed(complaint) }
        state = .chunkLine(head)
        return .again
    }

    private mutating func trailer(_ head: RequestHead, _ used: Int, _ count: Int)
        throws(HTTPFailure) -> Step
    {
        guard
            let bytes = try line(
                limit: limits.trailerBytes - used, or: .headerFieldsTooLarge,
                { "The trailer section is larger than \($0.trailerBytes) bytes." })
        else { return .starved }
        guard !bytes.isEmpty else { return finishRequest(head) }
        _ = try FieldLine.split(bytes)
        guard count < limits.fields else {
            throw HTTPFailure(
                .headerFieldsTooLarge, "There are more than \(limits.fields) trailers.")
        }
        state = .trailers(head, used: used + bytes.count + 2, count: count + 1)
        return .again
    }

    private mutating func finishRequest(_ head: RequestHead) -> Step {
        let request = ServerRequest(head, body: body)
        body = []
        state = .start(blankLines: 0)
        return .event(.request(request))
    }

    private mutating func line(
        limit: Int, or code: HTTPFailure.Code, _ detail: (HTTPLimits) -> String
    ) throws(HTTPFailure) -> ArraySlice<UInt8>? {
        do {
            return try reader.line(limit: limit)
        } catch {
            switch error {
            case .tooLong: throw HTTPFailure(code, detail(limits))
            case .malformed:
                throw .malformed("Lines end in CRLF and hold no other control characters.")
            }
        }
    }
}
