import Checkpoint

/// What the parts of the decoder cost, per method.md §4: t positions attended to, S source positions,
/// d model width, f feed-forward width, V target ids, N layers.
extension TranslationModel {
    private var d: Int { configuration.width }

    /// 12 d² + 4 f d + 4 t d + 4 S d, one layer on one position; with a recurrent unit, which has two products in the place of four and
    /// attends to nothing, 8 d² + 4 f d + 4 S d.
    func layerOperations(position t: Int, sourceCount: Int) -> Int {
        let mixer =
            switch configuration.architecture.cell {
            case .attention: 8 * d * d + 4 * t * d
            case .ssru: 4 * d * d
            }
        return mixer + 4 * d * d + 4 * configuration.decoder.feedForwardWidth * d
            + 4 * sourceCount * d
    }

    /// 4 S d², keys and values of the source in one layer.
    func crossKeyValueOperations(sourceCount: Int) -> Int { 4 * sourceCount * d * d }

    /// N layers and one classifier on one position, in a side branch, too; the first position also pays the keys and values
    /// of the source in all layers.
    func fullDepthOperations(position t: Int, sourceCount: Int) -> Int {
        let count = fullDepthLayerCount
        let layers = count * layerOperations(position: t, sourceCount: sourceCount)
        let source = t == 1 ? count * crossKeyValueOperations(sourceCount: sourceCount) : 0
        return layers + source + 2 * vocabularySize * d
    }
}
