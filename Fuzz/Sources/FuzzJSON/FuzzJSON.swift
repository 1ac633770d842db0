import FuzzSupport
import JSON

/// What is accepted reads back equal once it is written; what is refused has a place in the text.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzJSON(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = FuzzInput(start, count).bytes
    do {
        let value = try JSON.parse(bytes)
        for style in [JSONWriter.Style.compact, .pretty] {
            let written = JSON.serialize(value, style: style)
            precondition((try? JSON.parse(written)) == value)
        }
    } catch {
        let lines = bytes.count { $0 == UInt8(ascii: "\n") } + 1
        precondition(1...lines ~= error.line && 1...(count + 1) ~= error.column)
    }
    return 0
}
