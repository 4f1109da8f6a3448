@testable import Comity
import ComityTest
import Foundation
import Testing

/// By the numbers, which never change: the case in Swift, the case that says who must act, the code in words, what helps.
private let errors: [Int32: (code: Code, kind: String, name: String, advice: Advice)] = [
    100: (.noSuchRoom, "Misuse", "no_such_room", .fixProgram),
    101: (.noSuchMessage, "Misuse", "no_such_message", .fixProgram),
    102: (.roomExists, "Misuse", "room_exists", .fixProgram),
    103: (.outgoingMalformed, "Misuse", "outgoing_malformed", .fixProgram),
    104: (.outgoingPart, "Misuse", "outgoing_language", .fixProgram),
    105: (.changesContradict, "Misuse", "changes_contradict", .fixProgram),
    106: (.notInvited, "Misuse", "not_invited", .fixProgram),
    107: (.notResolvable, "Misuse", "not_resolvable", .fixProgram),
    108: (.foreignIdentity, "Misuse", "foreign_identity", .fixProgram),
    109: (.tooLong, "Misuse", "too_long", .fixProgram),
    110: (.extensionMayNot, "Misuse", "extension_may_not", .fixProgram),
    111: (.hubKeyMalformed, "Misuse", "hub_key_malformed", .fixProgram),
    200: (.cannotRead, "Blocked", "cannot_read", .none),
    201: (.trustBroken, "Blocked", "trust_broken", .verify),
    202: (.notAllowed, "Blocked", "not_allowed", .none),
    203: (.notJoined, "Blocked", "not_joined", .none),
    204: (.stalled, "Blocked", "stalled", .rejoin),
    205: (.roomsRequire, "Blocked", "rooms_require", .none),
    300: (.busy, "Busy", "busy", .retry),
    301: (.paused, "Paused", "paused", .fixProgram),
    400: (.storageFull, "Storage", "storage_full", .freeSpace),
    401: (.storageLocked, "Storage", "storage_locked", .retry),
    402: (.storageWrongKey, "Storage", "storage_wrong_key", .fixProgram),
    403: (.storageCorrupt, "Storage", "storage_corrupt", .relink),
    404: (.storageFromTheFuture, "Storage", "storage_from_the_future", .updateApp),
    405: (.storageNeedsApp, "Storage", "storage_needs_app", .openApp),
    406: (.storageNotADatabase, "Storage", "storage_not_a_database", .relink),
    407: (.storageForeign, "Storage", "storage_foreign", .fixProgram),
    408: (.storageMissing, "Storage", "storage_missing", .fixProgram),
    409: (.storageExists, "Storage", "storage_exists", .fixProgram),
    410: (.storageIo, "Storage", "storage_io", .retry),
    411: (.storageInterrupted, "Storage", "storage_interrupted", .retry),
    412: (.storagePoisoned, "Storage", "storage_poisoned", .retry),
    413: (.storageAltered, "Storage", "storage_altered", .relink),
    499: (.storageBug, "Storage", "storage_bug", .fixProgram),
    900: (.bug, "Bug", "bug", .fixProgram),
    1000: (.nullArgument, "Misuse", "null_argument", .fixProgram),
    1001: (.invalidUtf8, "Misuse", "invalid_utf8", .fixProgram),
    1002: (.invalidArgument, "Misuse", "invalid_argument", .fixProgram),
    1003: (.concurrentUse, "Misuse", "concurrent_use", .fixProgram),
    1004: (.panicked, "Bug", "panicked", .fixProgram),
    4000: (.attachmentTooLarge, "Attachment", "attachment_too_large", .none),
    4001: (.attachmentOverLimit, "Attachment", "attachment_over_limit", .none),
    4002: (.attachmentUrl, "Attachment", "attachment_url", .none),
    4003: (.attachmentChanged, "Attachment", "attachment_changed", .none),
    4004: (.attachmentUnknownEncryption, "Attachment", "attachment_unknown_encryption", .none),
    4005: (.attachmentKeyWithoutEncryption, "Attachment", "attachment_key_without_encryption", .none),
    4006: (.attachmentKeyLength, "Attachment", "attachment_key_length", .none),
    4007: (.attachmentNonceLength, "Attachment", "attachment_nonce_length", .none),
    4008: (.attachmentSizeMismatch, "Attachment", "attachment_size_mismatch", .none),
    4009: (.attachmentHashMismatch, "Attachment", "attachment_hash_mismatch", .none),
    4010: (.attachmentTagMismatch, "Attachment", "attachment_tag_mismatch", .none),
]

/// Why a frame is rejected (2000 on), why a hub refuses (3000 on).
private let reasonsByNumber: [Int32: (code: Code, name: String)] = [
    2000: (.frameMalformed, "frame_malformed"),
    2001: (.frameTooLarge, "frame_too_large"),
    2002: (.frameUnsupported, "frame_unsupported"),
    2003: (.notAFrame, "not_a_frame"),
    2004: (.unknownRoom, "unknown_room"),
    2005: (.wrongRoom, "wrong_room"),
    2006: (.foreignHub, "foreign_hub"),
    2007: (.epochTooOld, "epoch_too_old"),
    2008: (.epochNeverCame, "epoch_never_came"),
    2009: (.duplicate, "duplicate"),
    2010: (.generationTooOld, "generation_too_old"),
    2011: (.generationTooFar, "generation_too_far"),
    2012: (.undecryptable, "undecryptable"),
    2013: (.badSignature, "bad_signature"),
    2014: (.notFromMember, "not_from_member"),
    2015: (.missingProposal, "missing_proposal"),
    2016: (.forked, "forked"),
    2017: (.ownCommitLost, "own_commit_lost"),
    2018: (.expiredLeaf, "expired_leaf"),
    2019: (.roomStalled, "room_stalled"),
    2020: (.evicted, "evicted"),
    2021: (.wrongWireFormat, "wrong_wire_format"),
    2022: (.invalidCommit, "invalid_commit"),
    2023: (.invalidProposal, "invalid_proposal"),
    2024: (.violation, "planted"),
    2025: (.welcomeForNobody, "welcome_for_nobody"),
    2026: (.invalidWelcome, "invalid_welcome"),
    2027: (.alreadyJoined, "already_joined"),
    2028: (.badFraming, "bad_framing"),
    2029: (.badContent, "planted"),
    2030: (.contentContradicts, "content_contradicts"),
    2031: (.badTimestamp, "bad_timestamp"),
    3000: (.refusedWrongEpoch, "wrong_epoch"),
    3001: (.refusedEpochTooOld, "epoch_too_old"),
    3002: (.refusedNotAllowed, "not_allowed"),
    3003: (.refusedInvalidProposal, "invalid_proposal"),
    3004: (.refusedUndeliverable, "undeliverable"),
    3005: (.refusedBadAnswer, "bad_answer"),
]

@Suite struct Errors {
    private func planted(_ number: Int32) -> ComityError? {
        do {
            try fail(number: number)
            return nil
        } catch {
            return error as? ComityError
        }
    }

    @Test("Every error has its case, number, name and advice", arguments: errors.keys.sorted())
    func everyError(number: Int32) throws {
        let wanted = try #require(errors[number])
        let error = try #require(planted(number))
        let fault = error.fault
        #expect(fault.code == wanted.code)
        #expect(fault.code.rawValue == number)
        #expect(fault.name == wanted.name)
        #expect(fault.advice == wanted.advice)
        #expect("\(error)".hasPrefix("\(wanted.kind)("))
        #expect(!fault.message.isEmpty)
    }

    @Test("There is no error that these tests do not know")
    func noOther() {
        #expect(Set(failures()) == Set(errors.keys))
    }

    @Test("Errors name whom and what they are about, and print neither", arguments: errors.keys.sorted())
    func aboutWhom(number: Int32) throws {
        let error = try #require(planted(number))
        #expect(error.fault.users == ([200, 201].contains(number) ? [alice, "mimi://a.example/u/bob"] : []))
        #expect(error.fault.rooms == (number == 205 ? [room] : []))
        #expect((error.fault.detail != nil) == [202, 1002].contains(number))
        for shown in ["\(error)", "\(error.fault)", String(reflecting: error), error.localizedDescription] {
            #expect(!shown.contains("alice"))
        }
    }

    @Test("An error is told to people and to Foundation", arguments: errors.keys.sorted())
    func localized(number: Int32) throws {
        let error = try #require(planted(number))
        let fault = error.fault
        #expect(error.errorDescription == fault.message)
        #expect(error.localizedDescription == fault.message)
        #expect(error.failureReason?.hasPrefix(fault.name) == true)
        #expect(error.helpAnchor == fault.name)
        #expect((error.recoverySuggestion == nil) == (fault.advice == .none))
        #expect((error as NSError).domain == "org.comity")
        #expect((error as NSError).code == Int(number))
    }

    @Test("Every reason has its number and its name")
    func everyReason() {
        let told = Dictionary(uniqueKeysWithValues: reasons().map { ($0.code.rawValue, $0) })
        #expect(Set(told.keys) == Set(reasonsByNumber.keys))
        for (number, wanted) in reasonsByNumber {
            #expect(told[number]?.code == wanted.code)
            #expect(told[number]?.name == wanted.name)
        }
        #expect(told.values.filter { $0.detail == "planted" }.map(\.code) == [.refusedNotAllowed])
    }

    @Test("Every code is an error or a reason, and every advice has its number")
    func everyCode() {
        let known = Set(errors.keys).union(reasonsByNumber.keys)
        for number in Int32(-10)..<5000 {
            #expect((Code(rawValue: number) != nil) == known.contains(number), "\(number)")
        }
        let advice: [Advice] = [
            .none, .wait, .retry, .fetch, .rejoin, .askResend, .verify, .openApp, .freeSpace, .relink, .updateApp,
            .fixProgram,
        ]
        #expect(advice.map(\.rawValue) == Array(0..<12))
        #expect(Advice(rawValue: 12) == nil)
    }

    @Test("A panic ends at the border: its client is unusable, its file and its reader are not")
    func panic() async throws {
        let desk = try Desk()
        var client = try await desk.client()
        let reader = try await client.reader()
        #expect(try await fault(of: { try await client.does { try panicWithin(client: $0.engine) } }).code == .panicked)
        #expect(try await fault(of: { _ = try await client.wake(now: now) }).code == .panicked)
        #expect(try await fault(of: { _ = try await client.twin() }).code == .panicked)
        #expect(try reader.rooms(now: now).isEmpty)
        #expect(try await fault(of: { try await client.close() }).code == .panicked)
        client = try await Client.open(desk.opening(), now: now)
        _ = try await client.wake(now: now)
        try await client.close()
    }

    @Test("A panic in whatever can be called is an error, and the next call is none the worse")
    func panicAnywhere() async throws {
        let desk = try Desk()
        let client = try await desk.client()
        let reader = try await client.reader()
        let sealer = try Sealer(algorithm: .aes128Gcm)
        let (spoilt, part) = (try Sealer(algorithm: .aes128Gcm), try sealAttachment(plaintext: Data([1])).part)
        let receipts = Receipts()
        let id = String(repeating: "01", count: 32)
        let calls: [(String, () throws -> Void)] = [
            ("a function", { _ = try markdownToHtml(markdown: "x") }),
            ("a function with a value", { _ = try isReadable(part: .text("x"), media: []) }),
            ("a function with octets", { _ = try classify(octets: Data([1])) }),
            ("a function that knows the clock", { _ = try isAvailable(part: part, now: now) }),
            ("a function that may find nothing", { _ = try safeFileName(suggested: "x") }),
            ("a constructor", { _ = try Sealer(algorithm: .aes128Gcm) }),
            ("a named constructor", { _ = try Opening.app(path: "x", key: Data(count: 32)) }),
            ("a method", { _ = try sealer.update(plaintext: Data([1])) }),
            ("a method that ends an object", { _ = try spoilt.finish() }),
            ("a method behind a lock", { _ = try receipts.about(message: id) }),
            ("a query", { _ = try reader.rooms(now: now) }),
            ("who it is", { _ = try reader.identity() }),
            ("a static function", { try wipe(path: "x") }),
        ]
        for (what, call) in calls {
            plantPanic()
            do {
                try call()
                Issue.record("\(what) did not fail")
            } catch let error as ComityError {
                #expect(error.fault.code == .panicked, "\(what)")
            }
        }
        #expect(try reader.rooms(now: now).isEmpty && receipts.about(message: id).isEmpty)
        #expect(try markdownToHtml(markdown: "x").contains("x"))
        try await client.close()
    }

    @Test("A panic where nobody can be told, as an object ends or is printed, stays where it is")
    func panicUnseen() async throws {
        let desk = try Desk()
        let client = try await desk.client()
        do {
            var reader: ComityEngine.Reader? = try ComityEngine.Reader.open(opening: desk.opening())
            #expect(try reader?.rooms(now: now).isEmpty == true)
            plantPanic()
            reader = nil
        }
        #expect(try markdownToHtml(markdown: "x").contains("x"), "it went off when the reader went")
        let odd = Stored(id: "no id", sender: "nobody", accepted: now, octets: Data())
        #expect("\(odd)" == "Stored" && String(reflecting: odd) == "Stored")
        try await client.close()
    }
}
