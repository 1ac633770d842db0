public import Checkpoint
import Decoding
public import LanguageTags
import System
public import Tensor
public import Tokenization
public import TranslationModel

/// A checkpoint with all that answering a request takes: immutable, shared by all workers.
///
/// Its network may be on disk until a request needs it (`ModelMemory`); all else is in memory.
public final class ServedModel: Sendable {
    /// The name that requests use: the checkpoint's directory name unless configured.
    public let id: String
    /// `Checkpoint.checksum()` of what was loaded.
    public let checksum: String
    /// `Checkpoint.Checksums.network` of it, which certificates name.
    public let networkChecksum: String
    /// What was read from the directory.
    public let checkpoint: Checkpoint
    /// Text to ids and back.
    public let tokenizer: Tokenizer
    /// Of the network's matrix products.
    public let precision: Precision
    /// Exit settings for fields that a request leaves out, before those of the server.
    public let exit: ExitOptions
    /// Policies that the checkpoint has heads for.
    private let heads: Set<ExitHead>
    /// Decoder layers of the side branch; 0 where there is none.
    public let branchLayerCount: Int
    /// Where the network is.
    let slot: NetworkSlot
    /// The pair of languages that texts are framed for, where it is known.
    public let languages: (source: String?, target: String?)

    private let table: ModelLanguages
    /// What took texts apart last, for requests that name no words and no tags.
    let preparers = KeptPreparer()
    /// The same for other pairs of languages, each made when it is first asked for.
    private let others: Lock<[[LanguageTag?]: ServedModel]> = Lock([:])

    /// What is said of a model beside its checkpoint.
    public struct Options: Sendable {
        /// Name of the model; nil takes the directory's name, and for the `model` of a training run that of the run.
        public var id: String?
        /// Of the network's matrix products.
        public var precision = Precision.float32
        /// The pair of languages of a model that does not say its own; of one of many languages the pair where a
        /// request names none.
        public var languages: (source: String?, target: String?)
        /// Exit settings for fields that a request leaves out.
        public var exit = ExitOptions()
        /// Whether the network never leaves the memory.
        public var isPinned = false
        /// Whether what was unpacked of a package in one file is given back: it is opened anew where the network is
        /// read again, and nobody else can read its tensors.
        public var releasesContent = false
        /// Where packed weights are kept on disk; nil: nowhere.
        public var packs: PackStore?
        /// Whether the network, of about so many bytes, is read at once.
        public var loads: @Sendable (_ bytes: Int) -> Bool = { _ in true }

        /// The checkpoint's own.
        public init() {}
    }

    /// Loads a checkpoint directory, its network with it.
    ///
    /// - Parameters:
    ///   - directory: path of the checkpoint.
    ///   - id: as in `Options`.
    ///   - precision: of the network's matrix products.
    /// - Throws: `CheckpointError` or `SentencePieceError`, which say what does not fit.
    public convenience init(
        directory: String, id: String? = nil, precision: Precision = .float32
    ) throws {
        var options = Options()
        options.id = id
        options.precision = precision
        try self.init(directory: directory, options)
    }

    /// Opens a checkpoint directory.
    ///
    /// - Parameters:
    ///   - directory: path of the checkpoint.
    ///   - options: what is said of it beside.
    /// - Throws: `CheckpointError` or `SentencePieceError`, which say what does not fit.
    public init(directory: String, _ options: Options) throws {
        let checkpoint = try Checkpoint(directory: directory)
        let own = checkpoint.tokenizer
        let id = options.id ?? Self.name(of: directory)
        table = ModelLanguages(own.languageTokens)
        let pair = (
            own.sourceLanguage ?? options.languages.source,
            own.targetLanguage ?? options.languages.target
        )
        tokenizer = try Tokenizer(checkpoint, languages: pair)
        languages = (table.shortest(pair.0), table.shortest(pair.1))
        precision = options.precision
        exit = options.exit
        heads = Set(
            ExitHead.allCases.filter { checkpoint.exitHeads?.contains($0.weightName) == true })
        branchLayerCount = TranslationModel.branchLayerCount(checkpoint)
        let source = NetworkSource(
            checkpoint, name: id, precision: options.precision,
            releasesContent: options.releasesContent, packs: options.packs)
        slot = NetworkSlot(
            name: id, isPinned: options.isPinned,
            estimatedBytes: TranslationModel.estimatedByteCount(
                checkpoint, precision: options.precision),
            read: { try source.read(keeping: $0) })
        if options.loads(slot.estimatedBytes) { try slot.fill() }
        // Last, so that weights which were written to while they were read are found out.
        let checksums = try source.checksums()
        checksum = checksums.files
        networkChecksum = checksums.network
        self.checkpoint = options.releasesContent ? checkpoint.releasingContent() : checkpoint
        self.id = id
    }

    /// The same model with other languages.
    private init(
        _ model: ServedModel, _ tokenizer: Tokenizer,
        _ languages: (source: String?, target: String?)
    ) {
        id = model.id
        checksum = model.checksum
        networkChecksum = model.networkChecksum
        checkpoint = model.checkpoint
        precision = model.precision
        exit = model.exit
        heads = model.heads
        branchLayerCount = model.branchLayerCount
        slot = model.slot
        table = model.table
        self.tokenizer = tokenizer
        self.languages = languages
    }

    /// Certificates that were issued for these weights in this precision.
    public var certificates: [ExitCertificate] {
        checkpoint.exits.certificates.filter {
            $0.network == networkChecksum && $0.precision == precision.rawValue
                && $0.layer ?? lowestExit >= lowestExit
        }
    }

    /// The network, which has to be in memory: it is where nothing manages it (`ModelMemory`).
    public var network: TranslationModel {
        guard let network = slot.network else {
            preconditionFailure("the network of \(id) is not in memory")
        }
        return network
    }

    /// Bytes of the network's packed weights: of what is in memory, or about as many as will be.
    public var byteCount: Int { slot.byteCount ?? slot.estimatedBytes }

    /// Of these, bytes that are mapped from a pack on disk, which other processes may share; 0: the network is not in memory, or not from
    /// a pack.
    public var mappedByteCount: Int { slot.network?.mappedByteCount ?? 0 }

    /// Whether the network never leaves the memory.
    public var isPinned: Bool { slot.isPinned }

    /// This model at the end of a route that begins in another language.
    func seen(from source: String?) -> ServedModel {
        ServedModel(self, tokenizer, (source, languages.target))
    }

    /// This model with texts framed for another pair of languages.
    private func framed(
        from source: (tag: LanguageTag, code: String)?, to target: (tag: LanguageTag, code: String)?
    ) -> ServedModel {
        let own = checkpoint.tokenizer
        let tokenizer = tokenizer.framed(
            for: (source?.code ?? own.sourceLanguage, target?.code ?? own.targetLanguage),
            of: checkpoint)
        return ServedModel(
            self, tokenizer,
            (
                source?.tag.description ?? languages.source,
                target?.tag.description ?? languages.target
            ))
    }

    private static func name(of path: String) -> String {
        let names = path.split(separator: "/").filter { $0 != "." }.suffix(2).map(String.init)
        let package = Checkpoint.packageSuffix
        var own = names.last ?? "model"
        if own.hasSuffix(package), own != package { own.removeLast(package.utf8.count) }
        guard own == "model", names.count == 2, names[0] != ".." else { return own }
        return names[0]
    }

    /// The exit that costs least: 0, the side branch, or layer 1.
    public var lowestExit: Int { branchLayerCount > 0 ? 0 : 1 }

    /// N, the number of decoder layers.
    public var layerCount: Int { checkpoint.configuration.decoder.layers }

    /// Whether texts are framed with the tokens of their languages, of which there are several.
    public var isMultilingual: Bool {
        !table.tags.isEmpty && checkpoint.tokenizer.frame.namesLanguages
    }

    /// The languages that it translates from, as far as they are known.
    public var sources: [String] {
        namesSource ? table.tags.map(\.description) : [languages.source].compactMap(\.self)
    }

    /// The languages that it translates into, as far as they are known.
    public var targets: [String] {
        namesTarget ? table.tags.map(\.description) : [languages.target].compactMap(\.self)
    }

    /// Whether the language of texts has to be known and is not.
    public var lacksSource: Bool { namesSource && languages.source == nil }
    /// Whether the language to translate into has to be known and is not.
    public var lacksTarget: Bool {
        namesTarget && languages.target == nil && checkpoint.tokenizer.frame.targetPrefix != []
    }

    private var namesSource: Bool { names(.sourceLanguage) }
    private var namesTarget: Bool { names(.targetLanguage) }

    private func names(_ slot: TextFrame.Slot) -> Bool {
        let frame = checkpoint.tokenizer.frame
        return !table.tags.isEmpty
            && (frame.sourcePrefix + frame.sourceSuffix + frame.targetPrefix).contains(slot)
    }

    /// This model for a pair of languages: itself, or one that shares all but what frames texts.
    ///
    /// - Parameters:
    ///   - source: language of the texts; nil where it is not known.
    ///   - target: language to translate into; nil where it does not matter.
    /// - Returns: nil where it does not translate between them, and where a language has to be known that is not.
    public func serving(from source: LanguageTag?, to target: LanguageTag?) -> ServedModel? {
        guard isMultilingual else {
            let fits = Self.fits(source, languages.source) && Self.fits(target, languages.target)
            return fits ? self : nil
        }
        let from = namesSource ? source.flatMap { table.lookup($0) } : nil
        let to = namesTarget ? target.flatMap { table.lookup($0) } : nil
        guard
            namesSource
                ? from != nil || source == nil && languages.source != nil
                : Self.fits(source, languages.source),
            namesTarget
                ? to != nil || target == nil && languages.target != nil
                : Self.fits(target, languages.target)
        else { return nil }
        if from == nil, to == nil { return self }
        return others.withLock { others in
            let key = [from?.tag, to?.tag]
            if let model = others[key] { return model }
            let model = framed(from: from, to: to)
            others[key] = model
            return model
        }
    }

    private static func fits(_ asked: LanguageTag?, _ own: String?) -> Bool {
        guard let asked, let own = own.flatMap({ LanguageTag($0) }) else { return true }
        return own.matches(asked)
    }

    /// The most tokens of a source that is translated as it is, end of sentence included.
    ///
    /// - Parameter limit: the most that are allowed.
    /// - Returns: no more than the model has positions.
    public func longestSource(_ limit: Int) -> Int {
        min(limit, checkpoint.configuration.maximumPositions)
    }

    /// The same of a sentence in a text that is taken apart: what is longer is parted.
    ///
    /// - Parameter limit: the most that are allowed.
    /// - Returns: no more than the model is good for (`model_max_length`).
    public func longestSentence(_ limit: Int) -> Int {
        min(longestSource(limit), checkpoint.tokenizer.maximumLength ?? .max)
    }

    /// The policy where a request names none; full depth where the default's heads are missing.
    public var defaultPolicy: ExitPolicy {
        let policy = checkpoint.exits.defaultPolicy
        return missingHead(policy) == nil ? policy : .full
    }

    /// The tensor that a policy needs and the checkpoint lacks.
    ///
    /// - Parameter policy: any policy.
    /// - Returns: its name, nil where the policy can be used.
    public func missingHead(_ policy: ExitPolicy) -> String? {
        guard let head = policy.head, !heads.contains(head) else { return nil }
        return head.weightName
    }

    /// Exit settings for fields that a request leaves out: the model's own, then the server's.
    public func exitDefaults(_ server: ExitOptions) -> ExitOptions { exit.filled(from: server) }

    /// The target ids that the shortlist gives a sentence.
    ///
    /// - Parameter ids: its source ids, end of sentence included.
    /// - Returns: ascending; none without a shortlist.
    public func candidates(of ids: [Int]) -> [Int] {
        checkpoint.shortlist?.candidates(of: ids) ?? []
    }

    /// Thresholds of a policy where a request gives none, N − 1 of them; nil for policies without.
    public func thresholds(_ policy: ExitPolicy) -> [Double]? {
        checkpoint.exits.thresholds[policy]
    }
}
