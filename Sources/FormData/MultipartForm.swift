/// Fields and files of the type multipart/form-data (RFC 7578, RFC 2046 §5.1).
///
/// Stricter than the RFCs where they leave room that readers use differently: nothing but an empty line may stand before the
/// first boundary or after the last, every line ends in CRLF, a line that begins with the boundary is one, parts have one
/// `Content-Disposition`, text is UTF-8, and content comes as it is, without transfer encodings.
public struct MultipartForm: Sendable, Equatable {
    /// The parts without a file name, in their order; a name may come several times.
    public let fields: [FormField]
    /// The parts with a file name, in their order.
    public let files: [FormFile]

    /// Reads a body, in time proportional to its length.
    ///
    /// - Parameters:
    ///   - body: the whole of it.
    ///   - contentType: the value of the request's `Content-Type`, which names the boundary.
    ///   - limits: of parts and of their heads.
    /// - Throws: what is wrong with it.
    public init(_ body: [UInt8], contentType: String, limits: FormLimits = FormLimits())
        throws(FormError)
    {
        var reader = MultipartReader(
            body: body, boundary: try Self.boundary(contentType), limits: limits)
        var fields: [FormField] = []
        var files: [FormFile] = []
        while let part = try reader.next() {
            guard fields.count + files.count < limits.fields else { throw .tooMany(limits) }
            if let name = part.head.fileName {
                files.append(
                    FormFile(
                        field: part.head.name, name: name, type: part.head.type,
                        bytes: Array(part.content)))
            } else {
                fields.append(FormField(part.head.name, try part.text))
            }
        }
        self.fields = fields
        self.files = files
    }

    /// The boundary that a content type names: 1 to 70 characters of RFC 2046's, the last no blank.
    static func boundary(_ contentType: String) throws(FormError) -> [UInt8] {
        let value = try ParameterizedValue(Array(contentType.utf8)[...])
        guard value.value.lowercased() == "multipart/form-data" else {
            throw FormError("the content type must be multipart/form-data")
        }
        guard let boundary = value["boundary"].map({ Array($0.utf8) }),
            (1...70).contains(boundary.count), boundary.last != UInt8(ascii: " "),
            boundary.allSatisfy(isBoundaryByte)
        else {
            throw FormError(
                "the content type must name the boundary of the form, 1 to 70 characters long")
        }
        return boundary
    }

    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "'()+_,-./:=? ".utf8.contains(byte)
        }
    }
}

/// A part of a form: its fields, and its content as it is.
struct MultipartPart {
    let head: PartHead
    let content: ArraySlice<UInt8>

    /// The content of a field.
    var text: String {
        get throws(FormError) {
            guard let text = String(validating: content, as: UTF8.self) else {
                throw FormError("the text of a form must be UTF-8")
            }
            return text
        }
    }
}

/// Goes through the parts of a body.
struct MultipartReader {
    private let body: [UInt8]
    /// CRLF, two hyphens, and the boundary.
    private let delimiter: [UInt8]
    private let limits: FormLimits
    /// Nil before the first boundary.
    private var place: Int?

    init(body: [UInt8], boundary: [UInt8], limits: FormLimits) {
        self.body = body
        delimiter = Array("\r\n--".utf8) + boundary
        self.limits = limits
    }

    /// The next part; nil behind the last boundary.
    mutating func next() throws(FormError) -> MultipartPart? {
        if place == nil { place = try firstBoundaryEnd() }
        guard let start = try contentStart(afterBoundary: place ?? 0) else { return nil }
        let (head, contentStart) = try head(from: start)
        guard let end = delimiterStart(from: contentStart) else {
            throw FormError("the form ends before its last boundary")
        }
        place = end + delimiter.count
        return MultipartPart(head: head, content: body[contentStart..<max(contentStart, end)])
    }

    /// Where the first boundary ends, which begins the body or follows an empty line.
    private func firstBoundaryEnd() throws(FormError) -> Int {
        if body.starts(with: delimiter) { return delimiter.count }
        guard body.starts(with: delimiter.dropFirst(2)) else {
            throw FormError("a form must begin with the boundary that its content type names")
        }
        return delimiter.count - 2
    }

    /// Where the line behind a boundary ends; nil behind the last one.
    private func contentStart(afterBoundary place: Int) throws(FormError) -> Int? {
        let rest = body[place...]
        if rest.starts(with: "--".utf8) {
            let end = rest.dropFirst(2).drop(while: Self.isBlank)
            guard end.isEmpty || end.elementsEqual("\r\n".utf8) else {
                throw FormError("nothing may stand behind the last boundary of a form")
            }
            return nil
        }
        let line = rest.drop(while: Self.isBlank)
        guard line.starts(with: "\r\n".utf8) else {
            throw FormError("a boundary must be the whole of its line, which ends in CRLF")
        }
        return line.startIndex + 2
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The fields of a part, and where its content begins.
    private func head(from start: Int) throws(FormError) -> (PartHead, Int) {
        var lines: [ArraySlice<UInt8>] = []
        var place = start
        while true {
            let window = body[place..<min(body.count, start + limits.headBytes)]
            guard let end = Self.lineEnd(window) else {
                throw FormError(
                    "the head of a part must end in an empty line within \(limits.headBytes) bytes")
            }
            let line = body[place..<end]
            place = end + 2
            if line.isEmpty { return (try PartHead(lines), place) }
            lines.append(line)
        }
    }

    /// Where the first CRLF begins.
    private static func lineEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        var place = bytes.startIndex
        while place + 1 < bytes.endIndex {
            if bytes[place] == 0x0D, bytes[place + 1] == 0x0A { return place }
            place += 1
        }
        return nil
    }

    /// Where the next delimiter begins.
    ///
    /// The CRLF of the empty line that ends a head may be the delimiter's, too: an empty part.
    private func delimiterStart(from start: Int) -> Int? {
        var place = start - 2
        while place + delimiter.count <= body.count {
            if body[place] == 0x0D, body[place..<(place + delimiter.count)].elementsEqual(delimiter)
            {
                return place
            }
            place += 1
        }
        return nil
    }
}
