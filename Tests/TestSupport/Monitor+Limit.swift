package import System

extension Monitor {
    /// Waits until `body` gives something, which it does at once or soon on any machine.
    ///
    /// Ends the tests with the place of the call where nothing has come in five minutes: a test that hangs
    /// would tell nothing.
    package func waitLimited<Result>(
        file: StaticString = #file, line: UInt = #line, _ body: (inout Value) -> Result?
    ) -> Result {
        guard let result = wait(seconds: 300, for: body) else {
            fatalError("waited in vain for five minutes", file: file, line: line)
        }
        return result
    }
}
