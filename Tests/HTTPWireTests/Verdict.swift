import HTTPTypes
import HTTPWire
import TestSupport

/// What the parser makes of a stream of bytes.
enum Verdict: Equatable, CustomStringConvertible {
    /// All requests, each as "METHOD path ?query body", and whether bytes of another are left.
    case requests([String], partial: Bool)
    case failure(after: Int, HTTPFailure.Code)

    static func accept(_ requests: String...) -> Verdict { .requests(requests, partial: false) }

    static func refuse(_ code: HTTPFailure.Code) -> Verdict { .failure(after: 0, code) }

    var description: String {
        switch self {
        case .requests(let requests, let partial):
            "\(requests.joined(separator: ", "))\(partial ? ", incomplete" : "")"
        case .failure(let count, let code): "\(code.rawValue) after \(count)"
        }
    }

    /// Feeds the pieces to a fresh parser.
    init(of pieces: [ArraySlice<UInt8>], limits: HTTPLimits = HTTPLimits()) {
        var parser = RequestParser(limits: limits)
        var requests: [String] = []
        do {
            for piece in pieces {
                parser.append(piece)
                while let event = try parser.next() {
                    guard case .request(let request) = event else { continue }
                    requests.append(Self.line(request))
                }
            }
            self = .requests(requests, partial: !parser.isIdle)
        } catch {
            self = .failure(after: requests.count, error.code)
        }
    }

    private static func line(_ request: ServerRequest) -> String {
        let query = request.query.map { "?\($0)" } ?? ""
        let body = String(decoding: request.body, as: UTF8.self)
        return [request.method, request.path, query, body].filter { !$0.isEmpty }
            .joined(separator: " ")
    }
}

extension SeededGenerator {
    /// Cuts bytes into pieces of 1 to `longest` bytes.
    mutating func split(_ bytes: [UInt8], longest: Int) -> [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + 1 + below(longest))
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }
}
