import HTTPTypes
import HTTPWire
import JSON
import TranslationService

/// What POST /models/{id} can do with a model.
enum ModelAction: String, CaseIterable {
    /// Reads its network, unless it is in memory.
    case load
    /// Has its network leave the memory when it is at rest; the next request brings it back.
    case unload
    /// Reads all of it anew, and serves with that from then on.
    case reload
}

extension TranslationAPI {
    /// POST /models/{id}: answered when it is done, with the model as it is then.
    func changeModel(_ id: String, _ context: RequestContext) {
        do throws(Problem) {
            try gate.admitAdmin(context.request.fields.presentedKeys)
            let body = try RequestBody(context.request, limits: settings.limits)
            var reader = FieldReader(body.object)
            let action = reader.choice("action", ModelAction.self)
            if action == nil, reader.problems.isEmpty {
                let names = ModelAction.allCases.map(\.rawValue).joined(separator: ", ")
                reader.note(.wrongType, "action", "`action` is required: \(names)")
            }
            let problems = reader.finished()
            guard problems.isEmpty, let action else { throw Problem(problems) }
            let service = try loadedService
            guard let model = service.catalog.model(named: id) else {
                throw Problem(modelNotFoundIn: service.catalog)
            }
            try change(model, of: service, action, context)
        } catch {
            context.refuse(error)
        }
    }

    private func change(
        _ model: ServedModel, of service: TranslationService, _ action: ModelAction,
        _ context: RequestContext
    ) throws(Problem) {
        let finish: @Sendable (Bool) -> Void = { [self] isDone in
            // Told on a thread that reads models or decides about them.
            answers.add { [self] in
                if isDone {
                    describeChanged(model.id, context)
                } else {
                    context.refuse(Problem(TranslationError.unavailable))
                }
            }
        }
        switch action {
        case .load: service.memory.load(model, completion: finish)
        case .unload:
            guard !model.isPinned else {
                throw Problem(.conflict, "\(model.id) is pinned: its settings keep it in memory")
            }
            service.memory.unload(model)
            finish(true)
        case .reload:
            guard let reload = settings.reloadModel else {
                throw Problem(.notOffered, "this server does not read models anew")
            }
            reload(model.id, finish)
        }
    }

    private func describeChanged(_ id: String, _ context: RequestContext) {
        do throws(Problem) {
            let service = try loadedService
            guard let model = service.catalog.model(named: id) else {
                throw Problem(modelNotFoundIn: service.catalog)
            }
            var writer = JSONWriter()
            writeModel(model, of: service, to: &writer)
            context.answer(.json(writer))
        } catch {
            context.refuse(error)
        }
    }
}
