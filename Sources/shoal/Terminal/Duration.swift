/// A time as people say it: "2 h 5 min" or "3 min 20 s"; "?" for what is no time.
func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let total = Int(max(seconds, 0))
    let (hours, minutes) = (total / 3600, total / 60 % 60)
    return hours > 0 ? "\(hours) h \(minutes) min" : "\(minutes) min \(total % 60) s"
}
