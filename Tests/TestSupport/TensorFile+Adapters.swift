extension TensorFile {
    /// The values of one adapter: A [d, d], c [d], γ [d] and β [d].
    public struct Adapter: Sendable {
        /// Row by row.
        public let weight: [Float]
        /// c.
        public let bias: [Float]
        /// γ.
        public let gamma: [Float]
        /// β.
        public let beta: [Float]
    }

    /// Appends adapters near the identity, every value of which follows from the seed.
    ///
    /// - Parameters:
    ///   - exits: those that get one, counted from 1.
    ///   - d: the width.
    ///   - type: what they are stored as; values are rounded to it.
    ///   - scale: how far from the identity.
    ///   - seed: of the values.
    /// - Returns: the values by exit.
    @discardableResult
    public mutating func appendAdapters(
        exits: [Int], width d: Int, _ type: ElementType = .float32, scale: Float = 0.3,
        seed: UInt64 = 7
    ) -> [Int: Adapter] {
        var random = SeededGenerator(seed: seed)
        func values(_ count: Int, around center: Float = 0) -> [Float] {
            (0..<count).map { _ in
                let unit = Float(random.next() >> 40) * 0x1p-24
                let value = center + (2 * unit - 1) * scale
                return type == .float16 ? Float(Float16(value)) : value
            }
        }
        var adapters: [Int: Adapter] = [:]
        for exit in exits {
            var weight = values(d * d)
            for index in 0..<d { weight[index * d + index] += 1 }
            if type == .float16 { weight = weight.map { Float(Float16($0)) } }
            let adapter = Adapter(
                weight: weight, bias: values(d), gamma: values(d, around: 1), beta: values(d))
            let prefix = "exits.adapters.\(exit - 1)."
            append(prefix + "weight", [d, d], adapter.weight, type)
            append(prefix + "bias", [d], adapter.bias, type)
            append(prefix + "norm.weight", [d], adapter.gamma, type)
            append(prefix + "norm.bias", [d], adapter.beta, type)
            adapters[exit] = adapter
        }
        return adapters
    }
}
