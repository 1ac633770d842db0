internal import CKernels

/// The packed form of projections as bytes, so that it can be kept in a file and taken from there.
package enum PackedParts {
    /// Changes when the bytes of any packed form do, or what they mean: raise it with every such change.
    ///
    /// A test pins the bytes (`PackTests`).
    package static let layoutVersion = 1

    /// What a part is.
    package enum Name: String, Sendable, CaseIterable {
        case panels, bias, scales, offsets, plane, errors
    }

    /// A part of a projection, which keeps it alive.
    package struct Part {
        package let name: Name
        /// Valid as long as the part.
        package let bytes: UnsafeRawBufferPointer
        private let owner: AnyObject

        init(_ name: Name, _ storage: Storage) {
            self.name = name
            bytes = UnsafeRawBufferPointer(
                UnsafeBufferPointer(start: storage.floats, count: storage.count))
            owner = storage
        }

        init<Element>(_ name: Name, _ storage: IntegerStorage<Element>) {
            self.name = name
            bytes = UnsafeRawBufferPointer(
                UnsafeBufferPointer(start: storage.elements, count: storage.count))
            owner = storage
        }
    }

    /// Gives the part of a name that has so many bytes; nil where there is none.
    package typealias Taker = (_ name: Name, _ byteCount: Int) -> SharedBytes?

    /// What tells packed forms of networks apart: instruction sets of the same kind read the same bytes.
    ///
    /// - Parameters:
    ///   - precision: of the network's products.
    ///   - instructionSet: the variant of the kernels.
    /// - Returns: letters, digits and dashes.
    package static func kind(_ precision: Precision, _ instructionSet: InstructionSet) -> String {
        guard precision.isQuantized else { return precision.rawValue }
        let isa = instructionSet.isa
        return "\(precision.rawValue)-\(ck_int8_strip(isa))"
            + (ck_screen_rows(isa) > 0 ? "-screened" : "")
    }

    static func floats(_ name: Name, _ count: Int, _ take: Taker) -> Storage? {
        take(name, count * MemoryLayout<Float>.stride).map { Storage($0, count: count) }
    }

    static func integers<Element>(
        _ name: Name, _ count: Int, _ take: Taker
    ) -> IntegerStorage<Element>? {
        take(name, count * MemoryLayout<Element>.stride).map { IntegerStorage($0, count: count) }
    }
}
