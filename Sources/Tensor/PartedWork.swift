internal import CKernels
import System

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

    /// Parts of a product that is not large: enough for whoever is free to take the next, few enough to be cheap.
    private static let usualParts = 16
    /// Weights of which a part has no more.
    ///
    /// A core that reads them from memory takes some ten microseconds. Who waits for the last part of another then never waits for so
    /// long that it takes the other for put aside (`ThreadTeam`).
    private static let mostBytes = 128 << 10
    /// Products of which a part has no more, for the same reason.
    private static let mostProducts = 1 << 20
    /// Weights that take a core some five microseconds to read, below which sharing does not pay.
    private static let leastBytes = 128 << 10
    /// Products that take a core some five microseconds to compute.
    private static let leastProducts = 1 << 20

    /// The split of a product of `shape`; nil where it is too small for one.
    init?(_ shape: (rows: Int, outputs: Int, inputs: Int), bitsOfWeight: Int) {
        let weights = shape.outputs * shape.inputs
        guard
            weights * bitsOfWeight / 8 >= Self.leastBytes
                || shape.rows * weights >= Self.leastProducts
        else { return nil }
        let panel = Int(CK_PANEL)
        let panels = (shape.outputs + panel - 1) / panel
        let least = max(
            Self.usualParts, weights * bitsOfWeight / 8 / Self.mostBytes,
            shape.rows * weights / Self.mostProducts)
        let wanted = min(least, panels, ThreadTeam.maximumParts)
        let panelsOfPart = (panels + wanted - 1) / wanted
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

/// Work on outputs of a map that can be shared out by them.
protocol PartedArguments {
    var rows: Int { get }
    var inputs: Int { get }
    var outputs: Int { get }

    static var bitsOfWeight: Int { get }
    /// `runPart` of this type: a pointer to a function cannot be made of a generic one.
    static var part: @convention(c) (UnsafeRawPointer, Int) -> Void { get }
    /// The work on some outputs only.
    mutating func part(_ columns: Range<Int>) -> Self
    /// Does all of it on this thread.
    mutating func run(_ isa: ck_isa)
}

extension PartedArguments {
    /// Does all of it, helped where it is large enough.
    @inline(__always)
    mutating func run(_ isa: ck_isa, helpedBy team: ThreadTeam?) {
        guard let team,
            let split = Split((rows, outputs, inputs), bitsOfWeight: Self.bitsOfWeight)
        else { return run(isa) }
        withUnsafePointer(to: PartedWork(arguments: self, isa: isa, split: split)) {
            team.run(parts: split.parts, UnsafeRawPointer($0), Self.part)
        }
    }

    /// Does a part of the `PartedWork<Self>` that the context points to.
    @inline(__always)
    fileprivate static func runPart(_ context: UnsafeRawPointer, _ part: Int) {
        let work = context.assumingMemoryBound(to: PartedWork<Self>.self)
        var whole = work.pointee.arguments
        var arguments = whole.part(work.pointee.split.columns(of: part))
        arguments.run(work.pointee.isa)
    }
}

/// What the two kinds of products are told alike: where the result goes and what follows the sums.
///
/// The pointers are those of the structures in C, which Swift imports as implicitly unwrapped.
// swift-format-ignore: NeverUseImplicitlyUnwrappedOptionals
protocol ProductArguments: PartedArguments {
    var bias: UnsafePointer<Float>! { get set }
    var residual: UnsafePointer<Float>! { get set }
    var ldr: Int { get set }
    var y: UnsafeMutablePointer<Float>! { get set }
    var ldy: Int { get set }
    var rows: Int { get set }
    var inputs: Int { get set }
    var outputs: Int { get set }
    var activation: ck_activation { get set }
}

extension ProductArguments {
    /// Fills in what does not depend on the form of weights and x.
    ///
    /// - Parameters:
    ///   - shape: outputs and inputs of the map.
    ///   - bias: padded to whole panels, or nil.
    ///   - y: where the result goes.
    ///   - target: rows of y, and of the residual.
    ///   - options: what follows the product.
    @inline(__always)
    mutating func set(
        _ shape: (outputs: Int, inputs: Int), bias: Storage?, y: Matrix, rows target: Range<Int>,
        _ options: Linear.Options
    ) {
        self.bias = bias.map { UnsafePointer($0.floats) }
        if let residual = options.residual {
            precondition(residual.columns >= shape.outputs, "residual of another width")
            self.residual = UnsafePointer(residual.pointer(rows: target))
            ldr = residual.columns
        }
        self.y = y.pointer(rows: target)
        ldy = y.columns
        rows = target.count
        inputs = shape.inputs
        outputs = shape.outputs
        activation = options.activation.kernel
    }
}

extension ck_linear_args: ProductArguments {
    static var bitsOfWeight: Int { 32 }

    static var part: @convention(c) (UnsafeRawPointer, Int) -> Void {
        { ck_linear_args.runPart($0, $1) }
    }

    mutating func part(_ columns: Range<Int>) -> Self {
        ck_linear_part(&self, columns.lowerBound, columns.count)
    }

    mutating func run(_ isa: ck_isa) { ck_linear(isa, &self) }
}

extension ck_linear_int8_args: ProductArguments {
    static var bitsOfWeight: Int { 8 }

    static var part: @convention(c) (UnsafeRawPointer, Int) -> Void {
        { ck_linear_int8_args.runPart($0, $1) }
    }

    mutating func part(_ columns: Range<Int>) -> Self {
        ck_linear_int8_part(&self, columns.lowerBound, columns.count)
    }

    mutating func run(_ isa: ck_isa) { ck_linear_int8(isa, &self) }
}

/// Makes sure that some outputs can be asked for in one row of a target.
@inline(__always)
func checkSelection(_ ids: Span<Int>, outputs: Int, into target: (matrix: Matrix, row: Int)) {
    precondition(target.matrix.columns >= ids.count, "shapes do not fit")
    for index in ids.indices {
        precondition(ids[index] >= 0 && ids[index] < outputs, "output outside the weights")
    }
}

extension ck_screen_args: PartedArguments {
    static var bitsOfWeight: Int { 4 }

    static var part: @convention(c) (UnsafeRawPointer, Int) -> Void {
        { ck_screen_args.runPart($0, $1) }
    }

    mutating func part(_ columns: Range<Int>) -> Self {
        ck_screen_part(&self, columns.lowerBound, columns.count)
    }

    mutating func run(_ isa: ck_isa) { ck_screen(isa, &self) }
}
