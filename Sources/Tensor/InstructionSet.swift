package import CKernels

/// The variant of the kernels that runs.
///
/// All variants give the same bits: each output element has one fixed order of operations
/// (CKernels.h), so the choice is one of speed alone.
public enum InstructionSet: Sendable, CaseIterable, CustomStringConvertible {
    /// Naive scalar code: the oracle of the others, and the fallback.
    case reference
    /// AVX2 with FMA and F16C.
    case avx2
    /// AVX-512 F, BW, VL and DQ.
    case avx512
    /// AVX-512 with VNNI, which only the int8 products use.
    case avx512VNNI
    /// NEON, which every 64-bit ARM processor has.
    case neon
    /// NEON with the dot-product instructions, which only the int8 products use.
    case neonDotProduct

    /// The fastest one that this machine can run.
    public static let best = InstructionSet(ck_detect())

    private init(_ isa: ck_isa) {
        switch isa {
        case CK_ISA_NEON_DOTPROD: self = .neonDotProduct
        case CK_ISA_NEON: self = .neon
        case CK_ISA_AVX512_VNNI: self = .avx512VNNI
        case CK_ISA_AVX512: self = .avx512
        case CK_ISA_AVX2: self = .avx2
        default: self = .reference
        }
    }

    /// Whether this machine can run it.
    public var isAvailable: Bool { ck_available(isa) }

    /// Its name as the processor's makers spell it.
    public var description: String {
        switch self {
        case .reference: "scalar"
        case .avx2: "AVX2"
        case .avx512: "AVX-512"
        case .avx512VNNI: "AVX-512 VNNI"
        case .neon: "NEON"
        case .neonDotProduct: "NEON dot product"
        }
    }

    /// Its name in C.
    package var isa: ck_isa {
        switch self {
        case .reference: CK_ISA_REFERENCE
        case .avx2: CK_ISA_AVX2
        case .avx512: CK_ISA_AVX512
        case .avx512VNNI: CK_ISA_AVX512_VNNI
        case .neon: CK_ISA_NEON
        case .neonDotProduct: CK_ISA_NEON_DOTPROD
        }
    }
}

/// An elementwise function after a linear map.
public enum Activation: Sendable, CaseIterable {
    /// x
    case identity
    /// max(x, 0)
    case relu
    /// x / (1 + e^−x), also called SiLU.
    case swish
    /// x · Φ(x), the exact form by the error function.
    case gelu
    /// x / (1 + e^(−1.702 x)), near to gelu.
    case quickGELU

    /// Its name in C.
    package var kernel: ck_activation {
        switch self {
        case .identity: CK_IDENTITY
        case .relu: CK_RELU
        case .swish: CK_SWISH
        case .gelu: CK_GELU
        case .quickGELU: CK_QUICK_GELU
        }
    }
}
