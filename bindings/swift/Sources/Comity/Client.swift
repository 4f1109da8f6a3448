import ComityEngine
import Foundation

/// One client of one user, in one file.
///
/// A client opens no socket, asks no clock and calls nobody. It is told what has come and what a person wants, and each call gives a
/// ``ComityEngine/Step``: requests to post, events to look at, and when to call ``wake(now:isolation:)``. What a step says is on disk
/// before you see it.
///
/// Calls may be made from anywhere. They are done one at a time, on a thread of the client's own that may wait for the disk, and never on
/// one of Swift's. A window that asks for rooms and messages uses a ``ComityEngine/Reader`` instead, which waits for nobody.
///
/// Verbs have a last parameter, `isolation`, which Swift fills in: where the caller is, and comes back to. Leave it out.
///
/// ## In place
///
/// To reach another thread and to come back takes a part of the time of a small message. A part of an app that may wait for the disk, and
/// sends or answers much, can share the client's thread:
///
/// ```swift
/// actor Outbox {
///     let client: Client
///     nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }
/// }
/// ```
///
/// What it calls is done at once, where it is, as in a function of an extension that is isolated to the client; but for
/// ``receive(_:now:isolation:)`` and what is done to the whole file, which may take long and for which it waits as everybody does. While
/// it runs without waiting for anything, nobody else has the thread: a long loop lets others in with `await Task.yield()`.
///
/// ## Cancellation
///
/// Work that was begun is done to its end. Cancelling the task that waits for it ends the waiting, with a `CancellationError`; the work
/// goes on, and is on disk when it is done. What it came to is told by ``events(after:)`` and ``requests()``. A task that is cancelled
/// beforehand begins nothing; one that is cancelled during a call in place leaves when the call is over.
public actor Client {
    /// Stops a running ``receive(_:now:isolation:)``, from anywhere, at any time.
    public nonisolated let interrupter: Interrupter

    let engine: ComityEngine.Client
    private let thread: WorkThread
    private var listeners = Listeners()

    /// The client's own thread.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        thread.asUnownedSerialExecutor()
    }

    private init(_ engine: ComityEngine.Client, on thread: WorkThread) throws {
        self.engine = engine
        self.thread = thread
        interrupter = try engine.interrupter()
    }

    // MARK: Lifecycle: no requests here, ever

    /// Creates a client in a new file. User and client are of the same provider.
    ///
    /// The file, its keys and the client's identity are on disk before this returns. After a cancelled wait the file may be there: open
    /// it.
    ///
    /// - Parameters:
    ///   - opening: the file, its key, and how it is used.
    ///   - user: such as `mimi://a.example/u/alice`.
    ///   - client: such as `mimi://a.example/d/alice-phone`.
    ///   - now: the time.
    ///   - isolation: where the caller is.
    public static func create(
        _ opening: Opening, user: UserUri, client: ClientUri, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Client {
        try await starts { try ComityEngine.Client.create(now: now, opening: opening, user: user, client: client) }
    }

    /// Opens a client's file. The main app brings an older file up to date; an extension is told ``ComityEngine/Code/storageNeedsApp``.
    ///
    /// After it, post what `outstanding` of a reader lists, and set the timer to its `wakeAt`.
    public static func open(
        _ opening: Opening, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Client {
        try await starts { try ComityEngine.Client.open(now: now, opening: opening) }
    }

    /// Deletes a client's files. Close the client first.
    public static func wipe(path: String, isolation: isolated (any Actor)? = #isolation) async throws {
        try await WorkThread().outcome { try ComityEngine.wipe(path: path) }
    }

    /// What the app keeps outside of the file from now on, in place of what it showed to `witnessed` of the opening: ask after
    /// ``create(_:user:client:now:isolation:)``, ``open(_:now:isolation:)`` and ``resume(isolation:)``, before the first request is posted.
    /// None if the app keeps no witnesses.
    public func twin(isolation: isolated (any Actor)? = #isolation) async throws -> Data? {
        try await does { try $0.engine.twin() }
    }

    /// Whether the file turned out to be a copy when it was opened or resumed. An app that keeps what it has read of the log in a
    /// database of its own reads it from the start then, and rooms and timelines again.
    public func restored(isolation: isolated (any Actor)? = #isolation) async throws -> Bool {
        try await does { try $0.engine.restored() }
    }

    /// Closes every handle and lock on the file, those of the client's readers too. Until ``resume(isolation:)`` every other call fails with
    /// `Paused`, and events wait.
    ///
    /// Call it before the system suspends the app, behind a call of ``interrupter``. After an error the handles are closed all the
    /// same.
    public func pause(isolation: isolated (any Actor)? = #isolation) async throws {
        try await away { try $0.engine.pause() }
    }

    /// Opens the file again after ``pause(isolation:)``, and after ``ComityEngine/Code/storagePoisoned``. Harmless if it is open and well.
    public func resume(isolation: isolated (any Actor)? = #isolation) async throws {
        try await away { client in
            try client.engine.resume()
            client.listeners.resumed()
        }
    }

    /// Draws a new root key and seals every key of the file under it, and it under `key` (32 octets). Keep the old key until this
    /// returns. After `Busy` the file is under the new key, and the call is to be made again with the same key.
    public func rekey(_ key: Data, isolation: isolated (any Actor)? = #isolation) async throws {
        try await away { try $0.engine.rekey(key: key) }
    }

    /// Closes the file, and says how that went. The client is closed after an error too; to drop it closes it as well, and tells
    /// nothing. Sequences of events end.
    public func close(isolation: isolated (any Actor)? = #isolation) async throws {
        try await away { client in
            defer { client.listeners.end() }
            try client.engine.closeFile()
        }
    }

    /// Copies the file, as of now, into a new file that opens with the same key. A copy is for support and for moving to another
    /// device: once one of the two has gone on, the other must not.
    public func backup(to path: String, isolation: isolated (any Actor)? = #isolation) async throws {
        try await away { try $0.engine.backupTo(path: path) }
    }

    /// A reader with a connection of its own, whose queries wait for no call of the client: the main thread may ask it. It is paused
    /// and resumed with this client.
    public func reader(isolation: isolated (any Actor)? = #isolation) async throws -> Reader {
        try await away { try $0.engine.reader() }
    }

    // MARK: What comes in

    /// Takes frames, in order, in one transaction. A bad frame is finished with a reason; it never blocks the rest.
    ///
    /// Everything taken is on disk before this returns, and the cursor if the whole batch was taken. After an error nothing of the
    /// batch was taken. ``interrupter`` ends it early: `frames` of the step then says how many were taken.
    public func receive(
        _ batch: Batch, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await away { try $0.step { try $0.receive(now: now, batch: batch) } }
    }

    /// Records what came back for a request, and does whatever follows from it. To answer twice, or an unknown request, is harmless and
    /// gives an empty step.
    public func answer(
        _ request: RequestId, with answer: Answer, now: Date = .now, isolation: isolated (any Actor)? = #isolation
    ) async throws -> Step {
        try await steps { try $0.answer(now: now, request: request, answer: answer) }
    }

    /// Does what is due: hands out requests again, erases what has expired, renews what must be renewed. To wake early, late or twice is
    /// harmless.
    public func wake(now: Date = .now, isolation: isolated (any Actor)? = #isolation) async throws -> Step {
        try await steps { try $0.wake(now: now) }
    }
}

// MARK: How calls are done

extension Client {
    /// What every short verb does: the work, a step, and a word to whoever listens.
    func steps(
        isolation: isolated (any Actor)? = #isolation, _ verb: @escaping @Sendable (ComityEngine.Client) throws -> Step
    ) async throws -> Step {
        try await does { try $0.step(verb) }
    }

    /// Does short work: in place, if the caller is on the client's thread already, because to reach another thread and to come back takes
    /// as long as the work itself. Who is cancelled meanwhile leaves when the work is done.
    func does<R: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable (isolated Client) throws -> R
    ) async throws -> R {
        guard thread.isThread(of: isolation) else { return try await away(work) }
        try Task.checkCancellation()
        let result = try await inPlace(work)
        try Task.checkCancellation()
        return result
    }

    /// Does work on the client's thread, to its end, and waits for it unless cancelled.
    func away<R: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable (isolated Client) throws -> R
    ) async throws -> R {
        if #available(iOS 18, macOS 15, tvOS 18, watchOS 11, visionOS 2, *) {
            return try await thread.outcome { try self.assumeIsolated(work) }
        }
        return try await doesInTask(work)
    }

    /// The same for systems that do not know by themselves that the client's thread is the client's: by way of a task, which begins on one
    /// of Swift's threads and goes from there.
    func doesInTask<R: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable (isolated Client) throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        let outcome = Outcome<R>()
        Task {  // It belongs to nobody, so that nobody's cancellation ends it.
            await self.fulfil(outcome, by: work)
        }
        return try await outcome.value()
    }

    private func fulfil<R: Sendable>(_ outcome: Outcome<R>, by work: @Sendable (isolated Client) throws -> R) {
        outcome.tell(Result { try work(self) })
    }

    /// Swift goes to the client's thread for it, and stays where it is if this is that thread.
    private func inPlace<R: Sendable>(_ work: @Sendable (isolated Client) throws -> R) throws -> R {
        try work(self)
    }

    private func step(_ verb: (ComityEngine.Client) throws -> Step) throws -> Step {
        let step = try verb(engine)
        listeners.tell(of: step)
        return step
    }

    /// What steps come to from now on.
    func listen(keeping newest: Int) -> AsyncStream<Told> {
        listeners.listen(keeping: newest) { [weak self] name in
            Task { [weak self] in await self?.forget(name) }
        }
    }

    private func forget(_ name: Int) {
        listeners.forget(name)
    }

    /// A client of what work opens on a new thread.
    private static func starts(
        isolation: isolated (any Actor)? = #isolation, _ work: @escaping @Sendable () throws -> ComityEngine.Client
    ) async throws -> Client {
        let thread = WorkThread()
        return try await thread.outcome { try Client(work(), on: thread) }
    }
}
