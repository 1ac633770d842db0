internal import CKernels
import System

/// The upper four bits of a map's weights, which bound its outputs from above for half of the bytes.
///
/// What the greatest output needs: outputs whose bound is below one that was computed are out of the question (method.md §4).
///
/// Unchecked: the weights are only read, by any number of threads.
final class ScreeningPlane: @unchecked Sendable {
    private let bytes: IntegerStorage<UInt8>
    private let errors: Storage
    private let shape: (outputs: Int, inputs: Int)
    private let most: ck_weight_most
    private let isa: ck_isa

    /// Weights below which a screening saves too little.
    private static let leastWeights = 1 << 19

    /// Whether a map of this shape gains by a screening.
    static func pays(outputs: Int, inputs: Int, _ isa: ck_isa) -> Bool {
        ck_screen_rows(isa) > 0 && inputs <= CK_SCREEN_MAX_INPUTS
            && outputs * inputs >= leastWeights
    }

    /// - Parameters:
    ///   - panels: from `ck_quantize_weights`.
    ///   - most: the greatest magnitude of the weights.
    ///   - outputs: rows of W.
    ///   - inputs: columns of W.
    ///   - isa: what the panels were made for.
    init(
        _ panels: UnsafePointer<Int8>, _ most: ck_weight_most, outputs: Int, inputs: Int,
        _ isa: ck_isa
    ) {
        shape = (outputs, inputs)
        self.most = most
        self.isa = isa
        bytes = IntegerStorage(zeros: ck_screen_packed_count(outputs, inputs), for: .weights)
        errors = Storage(zeros: ck_packed_count(outputs, 1))
        ck_screen_pack(isa, most, panels, outputs, inputs, bytes.elements, errors.floats)
    }

    /// Takes what was packed before.
    init?(
        _ take: PackedParts.Taker, _ most: ck_weight_most, outputs: Int, inputs: Int, _ isa: ck_isa
    ) {
        let count = ck_screen_packed_count(outputs, inputs)
        guard let bytes: IntegerStorage<UInt8> = PackedParts.integers(.plane, count, take),
            let errors = PackedParts.floats(.errors, ck_packed_count(outputs, 1), take)
        else { return nil }
        shape = (outputs, inputs)
        self.most = most
        self.isa = isa
        self.bytes = bytes
        self.errors = errors
    }

    /// What `init(_:_:outputs:inputs:_:)` takes.
    var parts: [PackedParts.Part] { [.init(.plane, bytes), .init(.errors, errors)] }

    /// Rows up to which it is cheaper than the product.
    var rows: Int { ck_screen_rows(isa) }

    /// Bounds of all outputs of rows.
    ///
    /// - Parameters:
    ///   - x: as many columns as there are inputs.
    ///   - scales: of the weights.
    ///   - bias: padded to whole panels, or nil.
    ///   - upper: at least as many rows as x, as many columns as there are outputs.
    ///   - team: helps where the map is large enough.
    func bound(
        _ x: QuantizedRows, scales: Storage, bias: Storage?, into upper: Matrix, team: ThreadTeam?
    ) {
        let source = x.pointers(rows: 0..<x.rows)
        var arguments = ck_screen_args()
        arguments.x = source.bytes
        arguments.x_scales = source.scales
        arguments.plane = UnsafePointer(bytes.elements)
        arguments.errors = UnsafePointer(errors.floats)
        arguments.scales = UnsafePointer(scales.floats)
        arguments.most = most
        arguments.bias = bias.map { UnsafePointer($0.floats) }
        arguments.upper = upper.pointer(rows: 0..<x.rows)
        arguments.ldu = upper.columns
        arguments.rows = x.rows
        arguments.inputs = shape.inputs
        arguments.outputs = shape.outputs
        arguments.run(isa, helpedBy: team)
    }

    /// Bytes that it holds.
    var byteCount: Int { bytes.count + errors.count * MemoryLayout<Float>.stride }
}
