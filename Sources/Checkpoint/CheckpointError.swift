public import System

/// Why a checkpoint cannot be used or written: what is wrong, where, and what would be right.
public struct CheckpointError: Error, Sendable, Equatable {
    /// The kind of fault.
    public enum Code: String, Sendable, CaseIterable {
        /// A file that the checkpoint needs is not there.
        case fileMissing = "file_missing"
        /// The system refused to open or read a file, or it is not a regular file.
        case fileUnreadable = "file_unreadable"
        /// The system refused to write a file; what was there before is still there.
        case fileUnwritable = "file_unwritable"
        /// A file was cut off or written to while it was read.
        case fileChanged = "file_changed"
        /// A file is larger than its kind can sensibly be.
        case fileTooLarge = "file_too_large"
        /// Weights are in a format that is never read, or a pickle asks for anything but tensors.
        case unsupportedFormat = "unsupported_format"
        /// A JSON file, or the header of a safetensors file, is not strict JSON.
        case malformedJSON = "malformed_json"
        /// A file in YAML, or the options of a model of Marian, are none.
        case malformedYAML = "malformed_yaml"
        /// A safetensors file breaks its format.
        case malformedSafetensors = "malformed_safetensors"
        /// A file of PyTorch, or the archive that it is, breaks its format.
        case malformedArchive = "malformed_archive"
        /// A shortlist breaks its format, or is not what it was when it was written.
        case malformedShortlist = "malformed_shortlist"
        /// A line of a truecaser is no word and no two words, or stands there twice.
        case malformedTruecaser = "malformed_truecaser"
        /// A key that has to be there is not.
        case keyMissing = "key_missing"
        /// A key holds another kind of value.
        case wrongType = "wrong_type"
        /// A value is outside its range, or does not agree with another value.
        case outOfRange = "out_of_range"
        /// A value asks for something that this engine does not compute.
        case unsupportedValue = "unsupported_value"
        /// A vocabulary lacks a piece or gives an id twice.
        case malformedVocabulary = "malformed_vocabulary"
        /// A tensor is not in the file.
        case tensorMissing = "tensor_missing"
        /// A tensor has another shape than the configuration says.
        case shapeMismatch = "shape_mismatch"
        /// A tensor's element type is not F32, F16 or BF16.
        case unsupportedElementType = "unsupported_element_type"
        /// A tensor holds an infinity or something that is not a number.
        case notFinite = "not_finite"
    }

    /// The kind of fault.
    public let code: Code
    /// The name of the file inside the checkpoint directory, the directory itself, or the path of a
    /// file that could not be written.
    public let file: String
    /// The tensor, key or piece at fault; nil where it is the whole file.
    public let subject: String?
    /// What is there.
    public let found: String
    /// What would be right.
    public let expected: String

    /// States a fault by its facts.
    ///
    /// - Parameters:
    ///   - code: the kind of fault.
    ///   - file: the file's name.
    ///   - subject: the tensor, key or piece at fault, if there is one.
    ///   - found: what is there, in words.
    ///   - expected: what would be right, in words.
    public init(
        _ code: Code, file: String, subject: String? = nil, found: String, expected: String
    ) {
        self.code = code
        self.file = file
        self.subject = subject
        self.found = found
        self.expected = expected
    }
}

extension CheckpointError {
    /// The fault of a file, by the name that it has in the checkpoint where it has one.
    public init(_ error: FileError, file: String? = nil) {
        self.init(
            Code(error.code), file: file ?? error.path, found: error.found,
            expected: error.expected)
    }

    /// What reading or writing gives, its fault as a checkpoint's.
    ///
    /// - Parameters:
    ///   - file: the name to state; nil for the path.
    ///   - body: reads or writes.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws, converted.
    public static func converting<Value: ~Copyable>(
        file: String? = nil, _ body: () throws(FileError) -> Value
    ) throws(CheckpointError) -> Value {
        do {
            return try body()
        } catch {
            throw CheckpointError(error, file: file)
        }
    }
}

extension CheckpointError.Code {
    fileprivate init(_ code: FileError.Code) {
        switch code {
        case .missing: self = .fileMissing
        case .unreadable, .notRegular, .untrusted: self = .fileUnreadable
        case .tooLarge: self = .fileTooLarge
        case .changed: self = .fileChanged
        case .unwritable: self = .fileUnwritable
        }
    }
}

extension CheckpointError: CustomStringConvertible {
    /// One line: "config.json: "d_model": found 7; expected an even number".
    public var description: String {
        let place = subject.map { "\(file): \(Self.quoted($0))" } ?? file
        return "\(place): found \(found); expected \(expected)"
    }

    /// A name from a file between quotation marks, escaped and at most 96 scalars long.
    static func quoted(_ name: String) -> String {
        let scalars = name.unicodeScalars
        let shown = scalars.prefix(96).map { $0.escaped(asASCII: false) }.joined()
        return "\"\(shown)\(scalars.count > 96 ? "…" : "")\""
    }
}
