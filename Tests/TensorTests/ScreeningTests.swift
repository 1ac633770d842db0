import CKernels
import Tensor
import TestSupport
import Testing

/// The instruction sets with which large maps are screened on this machine.
private let screeningSets = availableSets.filter { set in
    let weight = Array(repeating: Float(1), count: 2048 * 256)
    return QuantizedLinear(
        weight: weight, bias: nil, outputs: 2048, inputs: 256, isScreened: true,
        instructionSet: set
    ).screenedRows > 0
}

/// A screened map and rows for it.
private struct Screened {
    let linear: QuantizedLinear
    let x: QuantizedRows
    let y: Matrix
    let bounds: Matrix
    let scratch = Matrix(rows: 1, columns: LogitRow.maximumBest)

    init(
        _ weight: [Float], _ bias: [Float]?, _ rows: Matrix, inputs: Int, _ set: InstructionSet,
        _ precision: Precision = .int8
    ) {
        let outputs = weight.count / inputs
        linear = QuantizedLinear(
            weight: weight, bias: bias, outputs: outputs, inputs: inputs, precision: precision,
            isScreened: true, instructionSet: set)
        x = QuantizedRows(columns: inputs, instructionSet: set)
        x.quantize(rows, rows: 0..<rows.rows)
        y = Matrix(rows: rows.rows, columns: outputs)
        linear.apply(x, into: y)
        bounds = Matrix(rows: rows.rows, columns: outputs)
        linear.bound(x, into: bounds)
    }

    func best(_ row: Int) -> LogitRow.Best? {
        linear.best(x, row: row, bounds: bounds, scratch: scratch)
    }

    func expected(_ row: Int) -> LogitRow.Best? { LogitRow(y, row: row).best() }
}

@Suite("The best output without reading all weights")
struct ScreeningTests {
    @Test("bounds hold for every output, on every instruction set and in every shape")
    func bounds() {
        var random = SeededGenerator(seed: 71)
        for set in availableKernels {
            for _ in 0..<40 {
                let (outputs, inputs, rows) = (
                    1 + random.below(200), 1 + random.below(150), 1 + random.below(5)
                )
                let weight = random.floats(outputs * inputs)
                var bias = random.floats(outputs, scale: random.below(2) == 0 ? 1 : 1e6)
                bias[0] = -.infinity
                let x = random.floats(rows * inputs, scale: 3)
                let most = random.below(2) == 0 ? CK_WEIGHTS_8_BITS : CK_WEIGHTS_7_BITS
                let (upper, y) = screen(weight, bias, x, (rows, outputs, inputs), most, set)
                for (upper, y) in zip(upper, y) { #expect(upper >= y) }
            }
        }
    }

    @Test("weights and activations at their limits stay within the bounds")
    func limits() {
        for set in availableKernels {
            for inputs in [1, 31, 32, 33, Int(CK_SCREEN_MAX_INPUTS)] {
                for sign in [Float(1), -1] {
                    let weight =
                        Array(repeating: Float(1), count: inputs)
                        + Array(repeating: Float(-1), count: inputs)
                    let x = Array(repeating: sign, count: inputs)
                    for most in [CK_WEIGHTS_8_BITS, CK_WEIGHTS_7_BITS] {
                        let (upper, y) = screen(weight, [0, 0], x, (1, 2, inputs), most, set)
                        #expect(upper[0] >= y[0] && upper[1] >= y[1])
                    }
                }
            }
        }
    }

    @Test("finds what the whole product finds, to the bit", arguments: screeningSets)
    func findsTheBest(set: InstructionSet) {
        var random = SeededGenerator(seed: 72)
        let (outputs, inputs) = (2100, 256)
        var found = 0
        for round in 0..<12 {
            var weight = random.floats(outputs * inputs)
            let bias = round % 3 == 0 ? nil : random.floats(outputs, scale: 10)
            let rows = random.matrix(rows: 3, columns: inputs)
            // Outputs that are sure: rows of weights that are like the activations.
            for (place, row) in [(7, 0), (2099, 1), (1000, 2)] {
                for column in 0..<inputs {
                    weight[place * inputs + column] = 0.8 * rows[row, column] + 0.2 * random.unit()
                }
            }
            let precision = round % 2 == 0 ? Precision.int8 : .int7
            let screened = Screened(weight, bias, rows, inputs: inputs, set, precision)
            for row in 0..<3 {
                guard let best = screened.best(row) else { continue }
                found += 1
                #expect(best == screened.expected(row))
            }
        }
        #expect(found >= 30)
    }

    @Test("takes the lowest of equal outputs, and none that is banned", arguments: screeningSets)
    func ties(set: InstructionSet) {
        var random = SeededGenerator(seed: 73)
        let (outputs, inputs) = (2100, 256)
        var weight = random.floats(outputs * inputs, scale: 0.1)
        let rows = random.matrix(rows: 1, columns: inputs)
        for place in [1999, 40, 41, 700] {
            for column in 0..<inputs { weight[place * inputs + column] = rows[0, column] }
        }
        let screened = Screened(weight, nil, rows, inputs: inputs, set)
        #expect(screened.best(0)?.id == 40)
        LogitRow(screened.bounds, row: 0).ban(40)
        #expect(screened.best(0)?.id == 41)
    }

    @Test(
        "gives up where too many outputs could be the best, or none is a number",
        arguments: screeningSets)
    func givesUp(set: InstructionSet) {
        let (outputs, inputs) = (2100, 256)
        let same = Array(repeating: Float(1), count: outputs * inputs)
        let ones = matrixOf(Array(repeating: 1, count: inputs), columns: inputs)
        #expect(Screened(same, nil, ones, inputs: inputs, set).best(0) == nil)
        let none = matrixOf(Array(repeating: .infinity, count: inputs), columns: inputs)
        #expect(Screened(same, nil, none, inputs: inputs, set).best(0) == nil)
        let banned = Array(repeating: -Float.infinity, count: outputs)
        #expect(Screened(same, banned, ones, inputs: inputs, set).best(0) == nil)
    }

    @Test("small maps are not screened, and take no memory for it")
    func small() {
        func linear(_ isScreened: Bool) -> QuantizedLinear {
            QuantizedLinear(
                weight: Array(repeating: 1, count: 64 * 64), bias: nil, outputs: 64, inputs: 64,
                isScreened: isScreened)
        }
        #expect(linear(true).screenedRows == 0)
        #expect(linear(true).byteCount == linear(false).byteCount)
    }

    /// Bounds of all outputs of all rows, and the outputs.
    private func screen(
        _ weight: [Float], _ bias: [Float], _ x: [Float],
        _ shape: (rows: Int, outputs: Int, inputs: Int), _ most: ck_weight_most, _ set: ck_isa
    ) -> (upper: [Float], y: [Float]) {
        let (rows, outputs, inputs) = shape
        let padded = ck_packed_count(outputs, 1)
        let panels = UnsafeMutableRawPointer.allocate(
            byteCount: ck_int8_packed_count(outputs, inputs), alignment: 64)
        let plane = UnsafeMutableRawPointer.allocate(
            byteCount: ck_screen_packed_count(outputs, inputs), alignment: 64)
        defer {
            panels.deallocate()
            plane.deallocate()
        }
        let (weights, halves) = (
            panels.assumingMemoryBound(to: Int8.self), plane.assumingMemoryBound(to: UInt8.self)
        )
        var scales = [Float](repeating: 0, count: padded)
        var errors = scales
        var offsets = [Int32](repeating: 0, count: padded)
        ck_quantize_weights(set, most, weight, outputs, inputs, weights, &scales, &offsets)
        ck_screen_pack(set, most, weights, outputs, inputs, halves, &errors)
        var bytes = [UInt8](repeating: 0, count: rows * ck_int8_stride(inputs))
        var rowScales = [Float](repeating: 0, count: rows)
        var upper = [Float](repeating: 0, count: rows * outputs)
        var y = upper
        let paddedBias = bias + Array(repeating: 0, count: padded - outputs)
        x.withUnsafeBufferPointer { x in
            bytes.withUnsafeMutableBufferPointer { bytes in
                rowScales.withUnsafeMutableBufferPointer { rowScales in
                    var quantize = ck_quantize_args()
                    quantize.x = x.baseAddress
                    quantize.ldx = inputs
                    quantize.q = bytes.baseAddress
                    quantize.scales = rowScales.baseAddress
                    quantize.rows = rows
                    quantize.width = inputs
                    ck_quantize_rows(set, &quantize)
                }
            }
        }
        withPointers(bytes, rowScales, scales, errors, offsets, paddedBias) {
            bytes, rowScales, scales, errors, offsets, bias in
            upper.withUnsafeMutableBufferPointer { upper in
                var arguments = ck_screen_args(
                    x: bytes, x_scales: rowScales, plane: halves, errors: errors, scales: scales,
                    most: most, bias: bias, upper: upper.baseAddress, ldu: outputs, rows: rows,
                    inputs: inputs,
                    outputs: outputs)
                ck_screen(set, &arguments)
            }
            y.withUnsafeMutableBufferPointer { y in
                var arguments = ck_linear_int8_args()
                arguments.x = bytes
                arguments.x_scales = rowScales
                arguments.panels = UnsafePointer(weights)
                arguments.scales = scales
                arguments.offsets = offsets
                arguments.most = most
                arguments.bias = bias
                arguments.y = y.baseAddress
                arguments.ldy = outputs
                arguments.rows = rows
                arguments.inputs = inputs
                arguments.outputs = outputs
                arguments.activation = CK_IDENTITY
                ck_linear_int8(set, &arguments)
            }
        }
        return (upper, y)
    }
}

/// Lends the elements of several arrays.
private func withPointers(
    _ a: [UInt8], _ b: [Float], _ c: [Float], _ d: [Float], _ e: [Int32], _ f: [Float],
    _ body: (
        UnsafePointer<UInt8>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>,
        UnsafePointer<Int32>, UnsafePointer<Float>
    ) -> Void
) {
    body(a, b, c, d, e, f)
}
