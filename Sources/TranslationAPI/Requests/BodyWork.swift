import HTTPWire
import JSON
import Telemetry
import TranslationService

extension TranslationAPI {
    /// Whether work may be done for a request.
    enum Admission: Equatable {
        /// It has yet to show a key.
        case pending
        /// It may, by its key; nil where no keys are configured.
        case granted(APIKey?)
    }

    /// A request that work is done for.
    struct AdmittedRequest {
        let body: RequestBody
        /// Who brought the key; nil where no keys are configured.
        let holder: String?
        let context: RequestContext
    }

    /// Lets a request pass, reads its body and works on it, on the event loop where the body is small.
    ///
    /// - Parameters:
    ///   - context: of the request; refusals are written as it says.
    ///   - shape: what the route takes.
    ///   - keyField: the field of the body that may bring a key.
    ///   - isLong: whether the work takes too long for the event loop, however small the body.
    ///   - work: answers, or throws why not.
    func work(
        on context: RequestContext, _ shape: RequestBody.Shape, keyField: String,
        isLong: Bool = false,
        _ work: @escaping @Sendable (AdmittedRequest) throws(Problem) -> Void
    ) {
        let admission: Admission
        do {
            admission = try self.admission(byFieldsOf: context.request)
        } catch {
            return context.refuse(error)
        }
        let whole = { @Sendable [self] (context: RequestContext) in
            do throws(Problem) {
                try work(admitted(context, admission, shape, keyField))
            } catch {
                context.refuse(error)
            }
        }
        guard isLong || !context.request.hasSmallBody else { return whole(context) }
        workBeside(context, for: admission == .pending ? .stranger : .known, whole) {
            [self] error in
            if case .overloaded = error { rejected.labeled("overloaded").increment() }
            context.refuse(Problem(error))
        }
    }

    private func admitted(
        _ context: RequestContext, _ admission: Admission, _ shape: RequestBody.Shape,
        _ keyField: String
    ) throws(Problem) -> AdmittedRequest {
        let body = try RequestBody(context.request, limits: settings.limits, shape: shape)
        let key = try complete(admission, of: context.request, keyInBody: body.key(keyField))
        return AdmittedRequest(body: body, holder: key?.name, context: context)
    }
}

extension RequestBody {
    /// The key that a field brings; an empty one is none.
    func key(_ field: String) -> String? {
        object[field]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
