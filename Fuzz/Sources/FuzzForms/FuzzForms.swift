import FormData
import FuzzSupport

private let narrow: FormLimits = {
    var limits = FormLimits()
    limits.fields = 3
    limits.headBytes = 64
    return limits
}()

/// A form never becomes more than its bytes, and holds no more fields than its limits.
///
/// The first line of an input is the content type, what follows is the body.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForms(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = FuzzInput(start, count).bytes
    let type = bytes.prefix { $0 != 0x0A }
    let body = Array(bytes.dropFirst(type.count + 1))
    for limits in [FormLimits(), narrow] {
        if let form = try? MultipartForm(
            body, contentType: String(decoding: type, as: UTF8.self), limits: limits)
        {
            precondition(form.fields.count + form.files.count <= limits.fields)
            let size =
                form.fields.reduce(0) { $0 + $1.value.utf8.count }
                + form.files.reduce(0) { $0 + $1.bytes.count }
            precondition(size <= body.count)
        }
        if let form = try? URLEncodedForm(body, limits: limits) {
            precondition(form.fields.count <= limits.fields)
            let size = form.fields.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
            precondition(size <= body.count)
        }
    }
    return 0
}
