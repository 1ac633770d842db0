import TestSupport
import Testing

@Suite("shoal import, as people run it", .timeLimit(.minutes(10)))
struct ImportTests {
    @Test("A checkpoint in PyTorch's format becomes one of safetensors that translates the same")
    func torch() throws {
        let variant = "Tests/Golden/variants/untied-projection"
        let directory = try TemporaryDirectory()
        try directory.makeDirectory("from")
        for name in try Repository.names(in: variant) where name != "model.safetensors" {
            try directory.write(Repository.bytes("\(variant)/\(name)"), to: "from/\(name)")
        }
        try directory.write(
            Repository.bytes("Tests/Golden/torch/old.bin"), to: "from/pytorch_model.bin")
        let (from, to) = (directory.path + "/from", directory.path + "/to")
        let run = try Run("import", from, to)
        #expect(run.status == 0, "\(run.error)")
        #expect(run.error.contains("pytorch_model.bin, "))
        #expect(!directory.names(in: "to").contains("pytorch_model.bin"))
        func translation(_ model: String) throws -> String {
            try Run("translate", "--model", model, "--json", "Ein Mann liest ein Buch.").output
        }
        #expect(try translation(to) == translation(from).replacing("\"from\"", with: "\"to\""))
        let half = try Run("import", to, to, "--element-type", "bfloat16")
        #expect(half.status == 0, "\(half.error)")
        #expect(directory.bytes("to/model.safetensors").count < 70_000)
        #expect(try !translation(to).isEmpty)
    }

    @Test("The first layers of a decoder become a network that gives what that exit gave")
    func staticDepth() throws {
        let directory = try TemporaryDirectory()
        let (model, to) = ("models/multi30k-de-en", directory.path + "/two")
        let run = try Run("import", model, to, "--decoder-layers", "2")
        #expect(run.status == 0, "\(run.error)")
        #expect(!directory.names(in: "two").contains { $0.hasPrefix("exits.") })
        func translation(_ model: String, _ policy: [String]) throws -> String {
            try Run(["translate", "--model", model, "Ein Mann liest ein Buch."] + policy).output
        }
        let two = try translation(to, [])
        #expect(try two == translation(model, ["--policy", "fixed", "--layer", "2"]))
        #expect(try two == translation(to, ["--policy", "full"]))
    }

    @Test("What is no checkpoint, and a place that cannot be written, are refused by their names")
    func refusals() throws {
        let directory = try TemporaryDirectory()
        let model = "models/multi30k-de-en"
        let adapted = "Tests/Golden/variants/separate-classifiers-f16"
        for (arguments, status, message) in [
            (["docs", directory.path + "/x"], 65, "config.json"),
            (["nowhere", directory.path + "/x"], 66, "nowhere"),
            ([model, directory.path + "/a/b/c"], 73, directory.path + "/a/b"),
            ([model, directory.path + "/x", "--element-type", "int8"], 64, "--element-type"),
            ([model, directory.path + "/x", "--decoder-layers", "6"], 65, "1 to 5"),
            ([adapted, directory.path + "/x", "--decoder-layers", "2"], 65, "exits.classifiers.1"),
        ] {
            let run = try Run(["import"] + arguments)
            #expect(run.status == Int32(status), "\(run.error)")
            #expect(run.error.contains(message), "\(run.error)")
            #expect(directory.names().isEmpty)
        }
    }
}
