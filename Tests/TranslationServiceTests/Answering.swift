import Dispatch
import System
import Testing
import TranslationService

extension TranslationService {
    /// Submits a request and waits for its answer, nil where none comes in time.
    func answer(
        to request: TranslationRequest, within seconds: Double
    ) -> Result<TranslationResult, TranslationError>? {
        let answer = Lock<Result<TranslationResult, TranslationError>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        _ = submit(request) { result in
            answer.withLock { $0 = result }
            answered.signal()
        }
        #expect(answered.wait(timeout: .now() + seconds) == .success)
        return answer.withLock { $0 }
    }
}
