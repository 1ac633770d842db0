/// Published test cases in a file of the repository: a case a line, its columns parted by tabs.
///
/// Within a column `\r`, `\n`, `\t`, `\\` and `\xHH` stand for bytes, and `\*N{text}` for a text
/// repeated N times, in which no brace closes.
public enum VectorFile {
    /// What in a file is no such case.
    public struct Fault: Error {
        /// The column that cannot be read.
        public let column: String
    }

    /// Reads all cases.
    ///
    /// - Parameter path: the file, from the repository's root.
    /// - Returns: the columns of each line, as bytes.
    /// - Throws: `Fault`, or what Foundation says about a file that cannot be read.
    public static func rows(_ path: String) throws -> [[[UInt8]]] {
        try Repository.bytes(path).split(separator: UInt8(ascii: "\n")).map { line in
            try line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
                .map(unescape)
        }
    }

    private static func unescape(_ column: ArraySlice<UInt8>) throws -> [UInt8] {
        var rest = column
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "x"):
                guard let value = UInt8(text(rest.prefix(2)), radix: 16) else {
                    throw fault(column)
                }
                bytes.append(value)
                rest = rest.dropFirst(2)
            case UInt8(ascii: "*"): bytes += try repetition(&rest, of: column)
            default: throw fault(column)
            }
        }
        return bytes
    }

    /// The bytes of `N{text}`, which is removed.
    private static func repetition(
        _ rest: inout ArraySlice<UInt8>, of column: ArraySlice<UInt8>
    ) throws -> [UInt8] {
        guard let open = rest.firstIndex(of: UInt8(ascii: "{")),
            let count = Int(text(rest[..<open])),
            let close = rest[open...].firstIndex(of: UInt8(ascii: "}"))
        else { throw fault(column) }
        defer { rest = rest[(close + 1)...] }
        // The braces of the text itself are written as `\xHH`.
        let repeated = try unescape(rest[(open + 1)..<close])
        return Array(repeatElement(repeated, count: count).joined())
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private static func fault(_ column: ArraySlice<UInt8>) -> Fault { Fault(column: text(column)) }
}
