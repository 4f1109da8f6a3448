import ComityEngine
import Foundation

extension ComityError {
    /// What went wrong, whoever must act: a stable code, and what helps.
    public var fault: Fault {
        switch self {
        case .Misuse(let fault), .Blocked(let fault), .Busy(let fault), .Paused(let fault), .Storage(let fault),
            .Attachment(let fault), .Bug(let fault):
            fault
        }
    }
}

extension ComityError: LocalizedError {
    /// A sentence in English. It tells nothing about what people say.
    public var errorDescription: String? { fault.message }

    /// The code in words, the same in every language, and what more is known, such as the rule that does not allow it.
    public var failureReason: String? {
        fault.detail.map { "\(fault.name): \($0)" } ?? fault.name
    }

    /// What helps, in English; nil if nothing does.
    public var recoverySuggestion: String? { fault.advice.sentence }

    /// The code in words: a stable name for a page of help.
    public var helpAnchor: String? { fault.name }
}

extension ComityError: CustomNSError {
    /// The domain of these errors.
    public static var errorDomain: String { "org.comity" }

    /// The number of the code, the same in every language.
    public var errorCode: Int { Int(fault.code.rawValue) }

    /// What is told to people. Not every Foundation asks the error itself for it.
    public var errorUserInfo: [String: Any] {
        let told = [
            NSLocalizedDescriptionKey: errorDescription, NSLocalizedFailureReasonErrorKey: failureReason,
            NSLocalizedRecoverySuggestionErrorKey: recoverySuggestion, NSHelpAnchorErrorKey: helpAnchor,
        ]
        return told.compactMapValues { $0 }
    }
}

extension Advice {
    fileprivate var sentence: String? {
        switch self {
        case .none: nil
        case .wait: "Wait; it is taken care of."
        case .retry: "Try again soon."
        case .fetch: "Fetch what has come in the meantime."
        case .rejoin: "Join the room anew."
        case .askResend: "Ask the sender to send it again."
        case .verify: "Compare the safety numbers of the people concerned."
        case .openApp: "Open the app."
        case .freeSpace: "Free some space on this device."
        case .relink: "Set this device up anew."
        case .updateApp: "Update the app."
        case .fixProgram: "Report this to the makers of the app."
        }
    }
}
