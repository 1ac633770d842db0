/// The element types of the safetensors format, by the names that its header uses.
public enum ElementType: String, Sendable, CaseIterable {
    /// Usable: IEEE 754 binary32.
    case float32 = "F32"
    /// Usable: IEEE 754 binary16.
    case float16 = "F16"
    /// Usable: the upper half of binary32.
    case bfloat16 = "BF16"
    /// Listed only.
    case float64 = "F64"
    /// Listed only.
    case complex64 = "C64"
    /// Usable with the numbers that they are divided by.
    case int8 = "I8"
    /// Usable with the numbers that they are divided by.
    case int16 = "I16"
    /// Listed only.
    case int32 = "I32"
    /// Listed only.
    case int64 = "I64"
    /// Listed only.
    case uint8 = "U8"
    /// Listed only.
    case uint16 = "U16"
    /// Listed only.
    case uint32 = "U32"
    /// Listed only.
    case uint64 = "U64"
    /// Listed only.
    case bool = "BOOL"
    /// Listed only.
    case float8E4M3 = "F8_E4M3"
    /// Listed only.
    case float8E5M2 = "F8_E5M2"
    /// Listed only.
    case float8E8M0 = "F8_E8M0"

    /// The size of an element in bytes.
    public var byteCount: Int {
        switch self {
        case .float64, .complex64, .int64, .uint64: 8
        case .float32, .int32, .uint32: 4
        case .float16, .bfloat16, .int16, .uint16: 2
        case .int8, .uint8, .bool, .float8E4M3, .float8E5M2, .float8E8M0: 1
        }
    }

    /// The bytes of a tensor; nil where a dimension is negative or an `Int` has no room for the product.
    func byteCount(ofShape shape: [Int]) -> Int? {
        var product = byteCount
        for dimension in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: dimension)
            if dimension < 0 || overflow { return nil }
            product = next
        }
        return product
    }

    /// Whether weights can be read from it.
    public var isUsable: Bool {
        self == .float32 || self == .float16 || self == .bfloat16
    }
}

extension ElementType {
    /// The nearest value of a 16-bit type, the even one of two, as bits; nil where there is none that is finite.
    func narrowed(_ value: Float) -> UInt16? {
        if self == .float16 {
            let narrow = Float16(value)
            return narrow.isFinite ? narrow.bitPattern : nil
        }
        let bits = value.bitPattern
        let (rounded, overflow) = bits.addingReportingOverflow(0x7FFF + (bits >> 16 & 1))
        let narrow = UInt16(truncatingIfNeeded: rounded >> 16)
        return overflow || narrow & 0x7F80 == 0x7F80 ? nil : narrow
    }

    /// Widens little-endian elements to fp32; exact for all three usable types and for integers of 8 and 16 bits.
    ///
    /// The bytes are as many elements of such a type as there is room for.
    func widen(_ bytes: [UInt8], into values: UnsafeMutableBufferPointer<Float>) {
        bytes.withUnsafeBytes { bytes in
            for index in values.indices { values[index] = float(at: index, of: bytes) }
        }
    }

    private func float(at index: Int, of bytes: UnsafeRawBufferPointer) -> Float {
        if self == .int8 {
            return Float(Int8(bitPattern: bytes[index]))
        }
        if self == .float32 {
            let bits = bytes.loadUnaligned(fromByteOffset: 4 * index, as: UInt32.self)
            return Float(bitPattern: UInt32(littleEndian: bits))
        }
        let loaded = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
        let bits = UInt16(littleEndian: loaded)
        if self == .int16 { return Float(Int16(bitPattern: bits)) }
        return self == .bfloat16
            ? Float(bitPattern: UInt32(bits) << 16) : Self.widened(binary16: bits)
    }

    /// Binary16 to binary32 on integers: Swift's own conversion is slow without F16C.
    private static func widened(binary16 bits: UInt16) -> Float {
        let sign = UInt32(bits & 0x8000) << 16
        let exponent = UInt32(bits >> 10) & 0x1F
        let fraction = UInt32(bits & 0x3FF)
        switch exponent {
        case 0:
            // Subnormal: fraction · 2^-24, which binary32 holds exactly.
            let magnitude = Float(fraction) * 0x1p-24
            return Float(bitPattern: magnitude.bitPattern | sign)
        case 0x1F:
            return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default:
            return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
