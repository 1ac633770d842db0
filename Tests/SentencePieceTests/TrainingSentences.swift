import SentencePiece
import SentencePieceTraining

typealias TrainingOptions = VocabularyTrainer.Options

/// A small text in two languages.
enum TrainingSentences {
    static let all = [
        "The old boat lies on the bank of the river.",
        "A boat with two sails goes down the river.",
        "Two children run along the bank with a red kite.",
        "The children sit in the boat and look at the water.",
        "An old man mends the sails of his boat.",
        "The woman on the bank waves to the man in the boat.",
        "It rains, and the river rises over the bank.",
        "In the morning the water of the river is cold.",
        "The red kite flies over the river and the boats.",
        "They take the boat, row to the island and rest there.",
        "Das alte Boot liegt am Ufer des Flusses.",
        "Ein Boot mit zwei Segeln fährt den Fluss hinunter.",
        "Zwei Kinder laufen mit einem roten Drachen am Ufer entlang.",
        "Die Kinder sitzen im Boot und schauen auf das Wasser.",
        "Ein alter Mann flickt die Segel seines Bootes.",
        "Die Frau am Ufer winkt dem Mann im Boot.",
        "Es regnet, und der Fluss steigt über das Ufer.",
        "Am Morgen ist das Wasser des Flusses kalt.",
        "Der rote Drachen fliegt über den Fluss und die Boote.",
        "Sie nehmen das Boot, rudern zur Insel und ruhen dort aus.",
    ]
}

/// Default options but for these.
func options(
    _ algorithm: TrainingOptions.Algorithm, size: Int
) -> TrainingOptions {
    var options = TrainingOptions()
    options.algorithm = algorithm
    options.size = size
    options.characterCoverage = 1
    return options
}

/// A processor of the model that `sentences` give.
func train(
    _ sentences: [String], _ algorithm: TrainingOptions.Algorithm, size: Int,
    byteFallback: Bool = true
) throws -> SentencePieceProcessor {
    var options = options(algorithm, size: size)
    options.byteFallback = byteFallback
    let bytes = try VocabularyTrainer(options: options).train(on: sentences)
    return try SentencePieceProcessor(model: bytes)
}

/// All pieces by id.
func pieces(of model: SentencePieceProcessor) -> [String] {
    (0..<model.pieceCount).compactMap(model.piece)
}
