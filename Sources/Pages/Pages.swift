import Digest

/// The two pages that the server shows to people.
///
/// Each is one document of HTML with its style sheet and its script inside, below 64 KiB, that loads
/// nothing but answers of the server it came from.
public enum Pages {
    private static let homePage = Page(
        styles: ["common.css", "home.css"],
        content: "home.html",
        scripts: ["common.js", "home.js"])

    private static let referencePage = Page(
        styles: ["common.css", "reference.css"],
        content: "reference.html",
        scripts: ["common.js", "reference.js"])

    /// The page to try a model, for `/`: HTML in UTF-8.
    ///
    /// It asks for `models` and posts to `translate` beside it, or below the path that the content of its
    /// `meta` element `prefix` names; it shows what that of `version` says.
    public static let home = homePage.document

    /// The page to read the OpenAPI document, for `/docs`: HTML in UTF-8.
    ///
    /// It asks for `openapi.json` in the same way.
    public static let reference = referencePage.document

    /// The value of `Content-Security-Policy` for both pages.
    ///
    /// Nothing may be loaded, framed or run but the scripts and style sheets of these pages, which are
    /// named by their SHA-256 (CSP Level 3, §8.3), and answers of the same origin. The icon is a `data:` URL.
    public static let contentSecurityPolicy = [
        "default-src 'none'",
        "script-src \(sources(homePage.script, referencePage.script))",
        "style-src \(sources(homePage.style, referencePage.style))",
        "connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static func sources(_ texts: [UInt8]...) -> String {
        texts.map { "'sha256-\(Base64.text(SHA256.digest($0)))'" }.joined(separator: " ")
    }
}
