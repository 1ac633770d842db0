internal import CKernels

/// A product on its way to the members of a team.
struct PartedWork<Arguments> {
    let arguments: Arguments
    let isa: ck_isa
    let split: Split
}

/// How the outputs of a product are shared out.
struct Split {
    /// How many parts there are.
    let parts: Int
    private let outputs: Int
    private let columnsOfPart: Int

    /// Most parts: enough for whoever is free to take the next, few enough to be cheap.
    private static let maximumParts = 16
    /// Weights that take a core some five microseconds to read, below which sharing does not pay.
    private static let leastBytes = 128 << 10
    /// Products that take a core some five microseconds to compute.
    private static let leastProducts = 1 << 20

    /// The split of a product of `shape`; nil where it is too small for one.
    init?(_ shape: (rows: Int, outputs: Int, inputs: Int), bytesOfWeight: Int) {
        let weights = shape.outputs * shape.inputs
        guard
            weights * bytesOfWeight >= Self.leastBytes
                || shape.rows * weights >= Self.leastProducts
        else { return nil }
        let panel = Int(CK_PANEL)
        let panels = (shape.outputs + panel - 1) / panel
        let panelsOfPart = (panels + Self.maximumParts - 1) / Self.maximumParts
        parts = (panels + panelsOfPart - 1) / panelsOfPart
        guard parts > 1 else { return nil }
        outputs = shape.outputs
        columnsOfPart = panelsOfPart * panel
    }

    /// The outputs of a part.
    func columns(of part: Int) -> Range<Int> {
        part * columnsOfPart..<min(outputs, (part + 1) * columnsOfPart)
    }
}

extension ck_linear_args {
    var shape: (rows: Int, outputs: Int, inputs: Int) { (rows, outputs, inputs) }
}

extension ck_linear_int8_args {
    var shape: (rows: Int, outputs: Int, inputs: Int) { (rows, outputs, inputs) }
}
