import Certification
import Checkpoint
import Decoding
import HTTPServer
import HTTPWire
import LanguageTags
import Tensor
import TranslationAPI
import TranslationService

extension Setting<ServerSettings> {
    /// Every key, in the order in which help and the file list them.
    package static var all: [Setting] {
        listening + http + tls + access + model + limits + batch + exit + compute + end + reload
            + log
    }

    private static var listening: [Setting] {
        [
            Setting(
                key: "server.listen.host", help: "Address, name or Unix socket to listen on.",
                range: ListenAddress.notation, read: { $0.server.host },
                write: { settings, text in
                    settings.server.host = text
                    return Setting.named(text) != nil && ListenAddress(text) != nil
                }),
            .integer(
                "server.listen.port", \.server.port, 0...65535,
                "Port to listen on; 0 takes a free one."),
            Setting(
                key: "server.listen.socket_permissions",
                help: "Permissions of a Unix socket: who may write to it may connect.",
                range: "0000 to 0777",
                read: { settings in
                    let digits = String(settings.server.listener.socketPermissions, radix: 8)
                    return String(repeating: "0", count: 4 - min(4, digits.count)) + digits
                },
                write: { settings, text in
                    guard let permissions = UInt32(text, radix: 8), permissions <= 0o777 else {
                        return false
                    }
                    settings.server.listener.socketPermissions = permissions
                    return true
                }),
            Setting(
                key: "server.metrics.host",
                help: "Separate place for metrics and probes, in plain HTTP; empty: none.",
                range: ListenAddress.notation + ", or empty", read: { $0.metrics.host },
                write: { settings, text in
                    settings.metrics.host = text
                    return text.isEmpty
                        || (Setting.named(text) != nil && ListenAddress(text) != nil)
                }),
            .integer(
                "server.metrics.port", \.metrics.port, 0...65535,
                "Port of that place; 0 takes a free one."),
        ]
    }

    private static var http: [Setting] {
        [
            .size(
                "http.max_head", \.server.limits.headBytes, 1 << 10...1 << 20,
                "Largest head of a request."),
            .integer("http.max_fields", \.server.limits.fields, 1...1000, "Most fields in a head."),
            .size(
                "http.max_target", \.server.limits.targetBytes, 64...1 << 16,
                "Longest request target."),
            .size(
                "http.max_body", \.server.limits.bodyBytes, 1 << 10...1 << 28,
                "Largest body of a request."),
            .size(
                "http.max_inflated_body", \.limits.maximumInflatedBytes, 1 << 10...1 << 28,
                "Largest body after gzip is unpacked."),
            .integer(
                "http.max_connections", \.server.maximumConnections, 1...1_000_000,
                "Most open connections."),
            .duration(
                "http.head_timeout", \.server.timeouts.head, 0.1...3600,
                "Time for the head to arrive."),
            .duration(
                "http.body_timeout", \.server.timeouts.body, 0.1...3600,
                "Time for the body to arrive."),
            .number(
                "http.min_body_rate", \.server.timeouts.bodyBytesPerSecond, 1...1e9,
                "Minimum body rate in bytes/s after `http.body_timeout`."),
            .duration(
                "http.idle_timeout", \.server.timeouts.idle, 0.1...86400,
                "Time between two requests of a connection."),
            .duration(
                "http.write_timeout", \.server.timeouts.write, 0.1...3600,
                "Time without progress in sending an answer."),
            .size(
                "http.max_unsent_stream", \.server.limits.unsentStreamBytes, 1 << 10...1 << 28,
                "Most bytes of events that a client leaves unread; beyond it the connection is cut."
            ),
            Setting(
                key: "http.trusted_proxies",
                help:
                    "Proxies whose X-Forwarded-For and X-Forwarded-Prefix are believed; empty: none.",
                range: AddressRange.notation + ", with commas between, or empty",
                read: { $0.trustedProxies.map(\.text).joined(separator: ",") },
                write: { settings, text in
                    guard let ranges = AddressRange.list(text) else { return false }
                    settings.trustedProxies = ranges
                    return true
                }),
        ]
    }

    private static var tls: [Setting] {
        [
            .optionalText(
                "tls.certificate", \.tls.certificate,
                "PEM file with the server's certificate and its intermediates; empty: plain HTTP.",
                range: "a file, or empty"
            ).offering(.files),
            .optionalText(
                "tls.key", \.tls.key,
                "PEM file with the certificate's private key, without a password.",
                range: "a file, or empty"
            ).offering(.files),
            .optionalText(
                "tls.client_ca", \.tls.clientCA,
                "PEM file with the authorities that sign clients' certificates; empty: clients need none.",
                range: "a file, or empty"
            ).offering(.files),
            .duration(
                "tls.hsts_max_age", \.tls.transportSecurity, 0...63_072_000,
                "Time for which browsers use TLS only (Strict-Transport-Security); 0s: not sent."),
        ]
    }

    private static var access: [Setting] {
        [
            .optionalText(
                "auth.keys_file", \.keysPath,
                "File of API keys, a line each as `shoal generate-key` prints it; empty: no key is needed.",
                range: "a file, or empty"
            ).offering(.files),
            .optionalText(
                "metrics.token_file", \.metricsTokenPath,
                "The token that `GET /metrics` must bring, alone in its file; empty: none.",
                range: "a file, or empty"
            ).offering(.files),
            .flag("pages.enabled", \.showsPages, "Serve the pages at / and /docs."),
            Setting(
                key: "cors.origins",
                help:
                    "Origins whose pages may read answers in a browser; empty: only this server's.",
                range: "origins with commas between, such as https://example.org, or *, or empty",
                read: { $0.origins.text },
                write: { settings, text in
                    guard let origins = AllowedOrigins(text) else { return false }
                    settings.origins = origins
                    return true
                }
            ).takingList(),
        ]
    }

    private static var model: [Setting] {
        [
            .text("model.path", \.modelPath, "Checkpoint directory.", range: "a directory")
                .offering(.directories),
            .optionalText(
                "model.directory", \.modelsPath,
                "Folder with further checkpoints, each subfolder a model of its name; without model.path the first of them is the standard one; empty: none."
            ).offering(.directories),
            .models,
            .size(
                "model.max_memory", \.modelMemory, 0...1 << 50,
                "Weights that may be in memory; the models used the longest ago leave for others; 0B: all that there are."
            ),
            Setting(
                key: "model.pack_cache",
                help:
                    "Where weights are kept as kernels read them, so that the next start maps them: in .shoal beside the model's files, in a folder, or nowhere.",
                range: PackPlace.range, read: { $0.packPlace.text },
                write: { settings, text in
                    guard let place = PackPlace(text), Setting.named(text) != nil else {
                        return false
                    }
                    settings.packPlace = place
                    return true
                }
            ).offering(.directories),
            .choice(
                "model.load", \.modelLoading,
                "When weights are read: at the start, as many as there is room for, or when a request needs them."
            ),
            .choice(
                "model.while_loading", \.whileLoading,
                "What requests do while the weights that they need are read: wait within their deadline, or be refused with 503 and Retry-After."
            ),
            Setting(
                key: "model.pivots",
                help:
                    "Languages over which a text goes where no model translates it alone, the preferred first; empty: none.",
                range: "language tags with commas between, or empty",
                read: { $0.pivots.map(\.description).joined(separator: ",") },
                write: { settings, text in
                    let tags = text.split(separator: ",").map { LanguageTag(String($0)) }
                    settings.pivots = tags.compactMap(\.self)
                    return settings.pivots.count == tags.count && tags.count <= 8
                }
            ).takingList(),
            .flag(
                "model.shortlist", \.usesShortlist,
                "Choose tokens from the model's shortlist for requests that say nothing of it, where the model has one."
            ),
            Setting(
                key: "glossaries.files",
                help:
                    "Glossaries that requests may name, each as its file is called without the ending: TSV or CSV, a source and a target in a line; empty: none.",
                range: "files with commas between, or empty",
                read: { $0.glossaryPaths.joined(separator: ",") },
                write: { settings, text in
                    settings.glossaryPaths = text.split(separator: ",").map(String.init)
                    return settings.glossaryPaths.allSatisfy { Setting.named($0) != nil }
                }
            ).takingList(),
        ]
    }

    private static var limits: [Setting] {
        [
            .integer(
                "limits.max_texts", \.limits.maximumTexts, 1...10_000, "Most texts in a request."),
            .integer(
                "limits.max_characters", \.limits.maximumCharacters, 1...1_000_000,
                "Most code points in a text."),
            .integer(
                "limits.max_source_tokens", \.limits.maximumSourceTokens, 2...1_000_000,
                "Most tokens in a text, end of sentence included; never above the model's positions."
            ),
            .integer(
                "limits.max_beam", \.limits.maximumBeam, 1...APILimits.widestBeam, "Widest beam."),
            .duration(
                "limits.timeout", \.limits.timeout, 0.001...3600, "Time for a whole request."),
            Setting(
                key: "limits.rate_per_address",
                help:
                    "Requests of each client address that are answered, where no keys are asked for; "
                    + "empty: all.",
                range: RateLimit.notation + ", or empty",
                read: { $0.addressRate?.text ?? "" },
                write: { settings, text in
                    let rate = RateLimit(text)
                    guard text.isEmpty || rate != nil else { return false }
                    settings.addressRate = rate
                    return true
                }),
            .integer(
                "limits.burst_per_address", \.addressBurst, 0...RateLimit.largestCount,
                "Of these, how many may come at once; 0: as many as the rate's number."),
        ]
    }

    private static var batch: [Setting] {
        [
            .integer(
                "batch.max_sequences", \.service.maximumSequences, 1...4096,
                "Most sentences that a worker decodes at once."),
            .integer(
                "batch.max_queue_requests", \.service.maximumQueuedRequests, 1...1_000_000,
                "Most waiting requests; one more is refused with 503."),
            .integer(
                "batch.max_queue_tokens", \.service.maximumQueuedTokens, 1...1 << 30,
                "Most waiting source tokens; a request that would exceed it is refused with 503."),
            .duration(
                "batch.stall_timeout", \.stallTimeout, 1...3600,
                "Longest step of a worker; beyond it /livez fails."),
        ]
    }

    private static var exit: [Setting] {
        let policies = ExitPolicy.allCases.filter { !$0.needsLayer }.map(\.rawValue)
        return [
            Setting(
                key: "exit.policy",
                help: "Exit policy of requests that name none; empty: the model's.",
                range: policies.joined(separator: ", ") + ", or empty",
                read: { $0.exit.policy?.rawValue ?? "" },
                write: { settings, text in
                    let policy = ExitPolicy(rawValue: text)
                    settings.exit.policy = policy
                    return text.isEmpty || policy?.needsLayer == false
                }
            ).offering(.names(policies)),
            Setting(
                key: "exit.threshold",
                help: "Exit threshold of requests that give none; empty: the model's.",
                range: "0 to 1, or one for each layer below the last with commas between, or empty",
                read: { settings in
                    switch settings.exit.threshold {
                    case .uniform(let value): String(value)
                    case .perLayer(let values): values.map { String($0) }.joined(separator: ",")
                    case nil: ""
                    }
                },
                write: { settings, text in
                    guard !text.isEmpty else {
                        settings.exit.threshold = nil
                        return true
                    }
                    settings.exit.threshold = ExitOptions.Threshold(notation: text)
                    return settings.exit.threshold?.isInRange == true
                }
            ).takingList(),
            Setting(
                key: "exit.profile",
                help:
                    "Profile of exits.json, as `shoal calibrate` writes it, instead of a threshold; empty: none.",
                range: "the name of a profile, or empty",
                read: { $0.exit.profile ?? "" },
                write: { settings, text in
                    settings.exit.profile = text.isEmpty ? nil : text
                    return named(text) != nil
                }),
            .integer(
                "exit.confidence_candidates", \.confidenceCandidates,
                0...ExitRule.maximumCandidates,
                "Ids that confidence scores before it scores all; 0: it scores all at every layer."),
            .optional(
                "exit.drafts", \.exit.drafts, 0...ExitRule.maximumDrafts,
                "Tokens that speculative drafts at a time; empty: as many as pay.",
                range: "0 to \(ExitRule.maximumDrafts), or empty"),
            .layer(
                "exit.min_layer", \.exit.minimumLayer, "No token exits below this layer; empty: 1."),
            .layer(
                "exit.max_layer", \.exit.maximumLayer,
                "No token exits above this layer; empty: the last."),
            .number(
                "exit.watch.share", \.watch.share, 0...1,
                "Share of the sentences under `exit.guarantee` that idle workers decode again at full depth, to see whether the certificate holds; 0: none."
            ),
            .choice(
                "exit.watch.action", \.watch.action,
                "What becomes of requests under a certificate that is refuted so: its rule and a report, or full depth and a report."
            ),
            .optionalText(
                "exit.watch.state", \.watchStatePath,
                "File that keeps what was seen so over restarts, one for each process; it is made where it is not there; empty: each process begins anew.",
                range: "a file, or empty"
            ).offering(.files),
            Setting(
                key: "exit.load.risk",
                help:
                    "Under load, requests without `exit` follow the model's certificates of this risk, the smallest delta first, instead of being refused; empty: load changes no answer.",
                range: Risk.allCases.map(\.rawValue).joined(separator: ", ") + ", or empty",
                read: { $0.loadRisk?.rawValue ?? "" },
                write: { settings, text in
                    settings.loadRisk = Risk(rawValue: text)
                    return text.isEmpty || settings.loadRisk != nil
                }
            ).offering(.names(Risk.allCases.map(\.rawValue))),
            .number(
                "exit.load.max_delta", \.loadDelta, 0.0001...0.9999,
                "The greatest delta of a certificate that load may lead to; `exit.max_risk` of a request may say less."
            ),
        ]
    }

    private static var compute: [Setting] {
        [
            .integer(
                "compute.workers", \.service.workers, 1...1024,
                "Threads that translate (default: the processors)."
            ).followingMachine(),
            .integer(
                "compute.threads", \.service.threads, 1...1024,
                "Threads for a request that is alone (default: the processors)."
            ).followingMachine(),
            .integer(
                "compute.niceness", \.service.niceness, 0...19,
                "Niceness of these threads above the server's others, so that refusals and probes go first."
            ),
            .choice("compute.precision", \.precision, "Number format of the matrix products."),
        ]
    }

    private static var end: [Setting] {
        [
            .duration(
                "shutdown.drain_delay", \.drainDelay, 0...3600,
                "Time after SIGTERM in which /readyz fails and requests are still accepted."),
            .duration(
                "shutdown.drain_timeout", \.drainTimeout, 0...3600,
                "Time after that for running requests to finish."),
        ]
    }

    private static var reload: [Setting] {
        [
            .duration(
                "reload.timeout", \.reload.timeout, 0.1...86400,
                "Time for the model, the certificates or the keys to be read again; what takes longer is given up."
            ),
            .duration(
                "reload.watch_interval", \.reload.watchInterval, 0...86400,
                "Time between two looks whether files of certificates and keys have changed; 0s: only SIGHUP reads them again."
            ),
            .flag(
                "reload.watch_model", \.reload.watchesModel,
                "Look at the files of the model, too."),
        ]
    }

    private static var log: [Setting] {
        [
            .choice("log.level", \.log.level, "Lowest severity that is logged."),
            .choice("log.format", \.log.format, "Lines for people, or JSON objects."),
            .flag("log.access", \.log.access, "Log each request, never its text."),
            Setting(
                key: "log.access_exclude",
                help: "Routes whose requests `log.access` leaves out; empty: none.",
                range: "routes with commas between, such as /livez,/metrics, or empty",
                read: { $0.log.accessExclude.joined(separator: ",") },
                write: { settings, text in
                    let routes = text.split(separator: ",").map { $0.filter { $0 != " " } }
                    settings.log.accessExclude = routes
                    return routes.allSatisfy(LogSettings.routes.contains)
                }
            ).takingList(),
        ]
    }
}
