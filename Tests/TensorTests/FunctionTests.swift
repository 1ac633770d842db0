import CKernels
import Foundation
import Tensor
import TestSupport
import Testing

/// The values of an activation, by a kernel.
private func activated(
    _ isa: ck_isa, _ activation: ck_activation, _ values: [Float]
) -> [Float] {
    var values = values
    ck_activate(isa, activation, &values, values.count)
    return values
}

/// exp by a kernel.
private func exponentials(_ isa: ck_isa, _ values: [Float]) -> [Float] {
    var values = values
    ck_exp(isa, &values, values.count)
    return values
}

/// Every 4,099th float there is, infinities, subnormals and not-a-numbers included; 4,099 is prime.
private let sweep: [Float] = stride(from: UInt32(0), to: .max - 4099, by: 4099).map {
    Float(bitPattern: $0)
}

/// Bits, with one pattern for all not-a-numbers: which of two operands' payload survives is the processor's choice.
private func comparable(_ values: [Float]) -> [UInt32] {
    values.map { $0.isNaN ? Float.nan.bitPattern : $0.bitPattern }
}

private let points: [Float] = [-6, -3, -1.5, -0.75, -0.125, 0, 0.125, 0.5, 1, 2.5, 4, 8]

@Suite("Elementwise functions")
struct FunctionTests {
    @Test("exp and the activations give the same bits with every instruction set over all floats")
    func instructionSetsAgree() {
        let activations = [CK_IDENTITY, CK_RELU, CK_SWISH, CK_GELU, CK_QUICK_GELU]
        let exponential = comparable(exponentials(CK_ISA_REFERENCE, sweep))
        let expected = activations.map { comparable(activated(CK_ISA_REFERENCE, $0, sweep)) }
        for isa in availableKernels {
            #expect(comparable(exponentials(isa, sweep)) == exponential)
            for (activation, expected) in zip(activations, expected) {
                #expect(comparable(activated(isa, activation, sweep)) == expected)
            }
        }
    }

    @Test("a value does not depend on its place in the array")
    func placeDoesNotMatter() {
        let values = Array(sweep.filter { abs($0) < 100 }.prefix(37))
        for isa in availableKernels {
            for activation in [CK_SWISH, CK_GELU] {
                let together = activated(isa, activation, values)
                let alone = values.map { activated(isa, activation, [$0])[0] }
                #expect(together.map(\.bitPattern) == alone.map(\.bitPattern))
            }
        }
    }

    @Test("exp is within two units in the last place of the true value, and 0 where it underflows")
    func exponentialAccuracy() {
        let values = sweep.filter { !$0.isNaN }
        let off = zip(values, exponentials(CK_ISA_REFERENCE, values)).filter { x, got in
            let expected = exp(Double(x))
            if expected < Double(Float.leastNormalMagnitude) { return got != 0 }
            if expected >= 0x1p128 { return got != .infinity }
            return abs(Double(got) - expected) > 2 * Double(Float(expected).ulp)
        }
        #expect(off.isEmpty, "\(off.prefix(3))")
    }

    @Test("exp of the ends of the number line")
    func exponentialEnds() {
        for isa in availableKernels {
            let got = exponentials(isa, [-.infinity, .infinity, 0, -0.0, -1e30, 1e30, .nan])
            #expect(got.prefix(6) == [0, .infinity, 1, 1, 0, .infinity] && got[6].isNaN)
        }
    }

    @Test("GELU is within 2·10⁻⁷ of x·Φ(x), absolute below 1 and relative above")
    func geluAccuracy() {
        let values = sweep.filter { $0.isFinite }
        let off = zip(values, activated(CK_ISA_REFERENCE, CK_GELU, values)).filter { x, got in
            let expected = Double(x) * 0.5 * erfc(-Double(x) / 2.squareRoot())
            return !(abs(Double(got) - expected) <= 2e-7 * max(1, abs(expected)))
        }
        #expect(off.isEmpty, "\(off.prefix(3))")
    }

    @Test("swish is within 4 units in the last place of x / (1 + e⁻ˣ)")
    func swishAccuracy() {
        let values = sweep.filter { $0.isFinite && abs($0) < 80 }
        let off = zip(values, activated(CK_ISA_REFERENCE, CK_SWISH, values)).filter { x, got in
            let expected = Double(x) / (1 + exp(-Double(x)))
            return abs(Double(got) - expected) > 4 * Double(Float(expected).ulp)
        }
        #expect(off.isEmpty, "\(off.prefix(3))")
    }

    @Test("the activations give what PyTorch 2.15 gives")
    func pinned() {
        // In double precision: in single, PyTorch's own GELU of −3 is off by 5·10⁻⁷.
        let gelu = [
            -5.91952587e-9, -0.00404969409, -0.100210802, -0.169970514, -0.0562827219, 0,
            0.0687172781, 0.345731231, 0.841344746, 2.48447584, 3.99987332, 8,
        ]
        let swish = [
            -0.0148357389, -0.14227762, -0.273638286, -0.240615976, -0.0585988283, 0,
            0.0664011717, 0.311229666, 0.731058579, 2.31035455, 3.92805516, 7.9973172,
        ]
        // x · sigmoid(1.702 x), in double precision.
        let quick = points.map { Double($0) / (1 + exp(-1.702 * Double($0))) }
        for isa in availableKernels {
            #expect(agree(activated(isa, CK_GELU, points), gelu, tolerance: 2e-7))
            #expect(agree(activated(isa, CK_QUICK_GELU, points), quick, tolerance: 1e-6))
            #expect(agree(activated(isa, CK_SWISH, points), swish, tolerance: 2e-7))
            #expect(activated(isa, CK_RELU, points) == points.map { max($0, 0) })
            #expect(activated(isa, CK_IDENTITY, points) == points)
        }
    }

    @Test("no activation hides a not-a-number")
    func notANumber() {
        for isa in availableKernels {
            for activation in [CK_IDENTITY, CK_RELU, CK_SWISH, CK_GELU] {
                #expect(activated(isa, activation, [.nan, 1])[0].isNaN)
            }
        }
    }
}
