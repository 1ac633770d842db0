import Digest
import System
import Testing

@Suite(.timeLimit(.minutes(10))) struct DigestTests {
    @Test(
        "Digests are those of FIPS 180-4's examples, whole and piece by piece",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func examples(text: String, digest: String) {
        let bytes = Array(text.utf8)
        #expect(Hexadecimal.text(SHA256.digest(bytes)) == digest)
        var pieces = SHA256()
        for byte in bytes { [byte].withUnsafeBytes { pieces.update($0) } }
        let whole = pieces.finalize()
        #expect(Hexadecimal.text(whole) == digest)
    }

    @Test(
        "Base64 is that of RFC 4648's examples",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ])
    func base64(text: String, encoded: String) {
        #expect(Base64.text(Array(text.utf8)) == encoded)
    }
}
