/// Colours that people with any kind of colour vision tell apart (Okabe and Ito, 2008), with black
/// first and the yellow, which white paper swallows, left out.
enum Palette {
    /// A colour on light and on dark ground.
    struct Color: Sendable {
        let light: String
        let dark: String
    }

    static let colors = [
        Color(light: "#222222", dark: "#e8e8e8"), Color(light: "#0072b2", dark: "#56a8e0"),
        Color(light: "#d55e00", dark: "#f0843c"), Color(light: "#009e73", dark: "#2fc79c"),
        Color(light: "#cc79a7", dark: "#e09cc2"), Color(light: "#b07d00", dark: "#e6b33c"),
        Color(light: "#3b9fd6", dark: "#8fd0f5"),
    ]

    static let ground = Color(light: "#ffffff", dark: "#16181c")
    static let ink = Color(light: "#222222", dark: "#e8e8e8")
    static let grid = Color(light: "#e2e2e2", dark: "#34383f")
    static let dashes = ["", "7 4", "2 3", "9 3 2 3"]

    /// Rules for viewers that prefer dark; the light colours are attributes of the elements, which
    /// programs that know no style sheets understand, too.
    static var darkStyle: String {
        let fixed = [
            ".ground{fill:\(ground.dark)}", ".ink{fill:\(ink.dark)}", ".axis{stroke:\(ink.dark)}",
            ".grid{stroke:\(grid.dark)}", ".halo{stroke:\(ground.dark)}",
        ]
        let series = colors.enumerated().map { index, color in
            ".line\(index){stroke:\(color.dark)}.mark\(index){fill:\(color.dark)}"
        }
        return "@media (prefers-color-scheme: dark){\((fixed + series).joined())}"
    }

    /// The colour of a series.
    static func index(_ color: Int) -> Int { modulo(color, colors.count) }

    /// The dash of a series, another one for every round of colours.
    static func dash(_ style: LineChart.Style) -> String {
        dashes[modulo(style.dash + max(style.color, 0) / colors.count, dashes.count)]
    }
}

/// The remainder from 0 to `divisor` − 1.
func modulo(_ value: Int, _ divisor: Int) -> Int {
    let remainder = value % divisor
    return remainder < 0 ? remainder + divisor : remainder
}
