extension TensorFile {
    /// Appends a side branch of layers of a network's decoder, and what its stack ends with.
    ///
    /// - Parameters:
    ///   - layers: of the network, counted from 1, in the order in which the branch has them.
    ///   - model: the network's tensors.
    public mutating func appendBranch(layers: [Int], of model: TensorFile) {
        func append(_ part: String, as name: String) {
            let prefix = "model.decoder.\(part)."
            for tensor in model.tensors where tensor.name.hasPrefix(prefix) {
                var copy = tensor
                copy.name = "exits.branch.\(name)." + tensor.name.dropFirst(prefix.count)
                tensors.append(copy)
            }
        }
        for (place, layer) in layers.enumerated() {
            append("layers.\(layer - 1)", as: "layers.\(place)")
        }
        append("layer_norm", as: "layer_norm")
    }
}
