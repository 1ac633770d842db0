import Checkpoint
import Tensor

/// What proposes tokens for `speculative`: the classifier of an exit, over all ids or over those that are likely.
///
/// Proposals decide nothing but how often the last layer agrees with them, so a head over the most frequent ids serves as well as
/// the classifier and reads a fraction of its weights (frequency-ranked drafts, FR-Spec, Zhao et al. 2025).
struct DraftHead: Sendable {
    /// The layer of its decoder that it reads, 1 … N − 1; of a side branch its last.
    let exit: Int
    /// The id of each output; empty: outputs are ids.
    let ids: [Int]
    /// [outputs, d].
    let projection: Projection

    /// Of an exit of the network; nil where the side branch drafts.
    init?(_ drafting: ExitsConfiguration.Drafting, _ classifiers: ExitClassifiers) {
        guard drafting.exit != SideBranchLayers.exit else { return nil }
        self.init(drafting.exit, drafting.ids, classifiers[drafting.exit])
    }

    /// Of a side branch, behind its last layer; nil where an exit of the network drafts.
    init?(
        _ drafting: ExitsConfiguration.Drafting, ofBranch layerCount: Int,
        _ classifier: Projection
    ) {
        guard drafting.exit == SideBranchLayers.exit else { return nil }
        self.init(layerCount, drafting.ids, classifier)
    }

    private init(_ exit: Int, _ ids: [Int], _ classifier: Projection) {
        self.exit = exit
        self.ids = ids
        projection = ids.isEmpty ? classifier : classifier.selecting(ids)
    }

    /// The id of an output.
    func id(of output: Int) -> Int { ids.isEmpty ? output : ids[output] }

    /// Bytes that it holds beside the classifiers.
    var ownByteCount: Int { ids.isEmpty ? 0 : projection.byteCount }
}

extension TranslationModel {
    /// The exit that drafts for `speculative`: 1 … N − 1, or 0, the side branch; nil where the decoder has one layer.
    public var draftExit: Int? {
        branch?.draftHead == nil ? draftHead?.exit : SideBranchLayers.exit
    }

    /// Bytes of weights that a pass reads once, however many rows it has: N layers and a classifier.
    public var passBytes: Int { passBytes(through: decoderLayerCount) }

    /// The same of a pass that ends after layer `n`, 1 … N.
    public func passBytes(through n: Int) -> Int {
        layerBytes(1...n) + adapters.byteCount(after: n) + classifiers[n].weightByteCount
    }

    /// Bytes of the classifier after layer `n` that a row does not read whose sentence has so many candidates.
    public func unreadBytes(after n: Int, candidates count: Int) -> Int {
        let bytes = classifiers[n].weightByteCount
        return bytes - bytes * count / vocabularySize
    }

    /// Bytes of weights that a draft reads: the layers up to the exit that drafts and its head; 0 where there is none.
    public var draftBytes: Int {
        guard let exit = draftExit, let head = draftHead ?? branch?.draftHead else { return 0 }
        return draftBytes(exit: exit, ids: head.projection.outputs)
    }

    /// Bytes of weights that a draft would read at another exit, 0 … N − 1, with a head over so many ids.
    public func draftBytes(exit: Int, ids count: Int) -> Int {
        if exit == SideBranchLayers.exit, let branch {
            return branch.draftBytes(exit: branch.decoderLayerCount, ids: count)
        }
        return layerBytes(1...exit) + adapters.byteCount(after: exit)
            + classifiers[exit].weightByteCount * count / vocabularySize
    }

    /// Bytes of weights that layers 1 … `n` read, without any exit's.
    public func layerBytes(through n: Int) -> Int { layerBytes(1...n) }

    /// Without what makes keys and values of the source, which happens once a sentence.
    private func layerBytes(_ layers: ClosedRange<Int>) -> Int {
        layers.reduce(0) { $0 + decoderLayers[$1 - 1].stepByteCount }
    }
}
