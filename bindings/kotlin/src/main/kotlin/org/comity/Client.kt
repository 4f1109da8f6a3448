package org.comity

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.io.File
import java.time.Clock
import java.time.Instant
import java.util.concurrent.atomic.AtomicBoolean

/**
 * One client of one user, in one file. It opens no socket, starts no thread and calls nobody back: your app posts its [requests], gives
 * it what comes in, and looks at its [events].
 *
 * Every function that changes something is a `suspend` function, works on the client's dispatcher, one call at a time, and is on disk
 * when it returns. **What has begun is finished**: if the coroutine that called is cancelled, it stops waiting, and the call goes on. What
 * such a call came to is in [requests] and [events], like everything else. A coroutine that is on the client's dispatcher itself works in
 * place, but for [receive] and what is done to the whole file: it changes no thread, and if it is cancelled, it goes after the call.
 *
 * Questions go to [reader], from any thread, without waiting for any of this.
 *
 * Errors are [ComityException]s.
 */
public class Client private constructor(
    internal val raw: RawClient,
    private val clock: Clock,
    private val desk: Desk,
) : AutoCloseable {
    private val closed = AtomicBoolean()
    private val told = Told()

    /** Answers questions. It has a connection of its own and never waits for the client: ask it on the UI thread. */
    public val reader: Reader = Reader(crossing { raw.reader() }, clock)

    /** Stops a running [receive], from any thread. */
    public val interrupter: Interrupter = Interrupter(crossing { raw.interrupter() })

    // What comes in.

    /**
     * Takes frames, in order, in one transaction. A bad frame is finished with a reason; it never blocks the rest.
     *
     * Everything taken is on disk when this returns, and the cursor if the whole batch was taken. After an error nothing of the batch was
     * taken. Drop from the batch as many frames as the step's `frames` has, and call again until it is empty.
     */
    public suspend fun receive(batch: Batch): Step =
        desk.away { crossing { raw.receive(clock.instant(), batch).also(told::tell) } }

    /** Takes one frame that nothing follows, such as a pushed one, which does not move a cursor. */
    public suspend fun receive(frame: Frame): Step = receive(Batch(listOf(frame)))

    /**
     * Records what came back for a request, and does whatever follows from it. To answer twice, or an unknown request, is harmless and
     * yields an empty step.
     */
    public suspend fun answer(request: RequestId, answer: Answer): Step = step { answer(it, request, answer) }

    /**
     * Does what is due: hands out requests again, erases what has expired, renews what must be renewed. To wake early, late or twice is
     * harmless. When it is due: [Step.wakeAt], or [Reader.wakeAt].
     */
    public suspend fun wake(): Step = step { wake(it) }

    // What a person does.

    /**
     * Sends a message: the smallest content that gives every client the best alternative it can read. [Reader.plan] tells beforehand who
     * will see what.
     *
     * The message's id, in [Step.made], is final. [ComityException.Blocked] with [Code.CANNOT_READ] names those who could read none of the
     * alternatives; [Code.TOO_LONG] are more than 1 MiB in all, which is what attachments are for.
     */
    public suspend fun send(room: RoomUri, outgoing: Outgoing, allow: Allow = Allow()): Step =
        step { send(it, room, outgoing, allow) }

    /** Sends a text. */
    public suspend fun send(room: RoomUri, text: String): Step = send(room, Outgoing.text(text))

    /** Sends again, or withdraws, a message that the hub has not accepted. */
    public suspend fun resolve(message: MessageId, how: Resolution): Step = step { resolve(it, message, how) }

    /**
     * Notes that the person has read the room up to a position: unread counts are reset, and messages that vanish some time after they
     * were read begin to.
     */
    public suspend fun read(room: RoomUri, upTo: Position): Step = step { read(it, room, upTo) }

    /**
     * Creates a room at the hub that its URI names, such as `mimi://a.example/r/lunch`, with us as its only member and administrator. It
     * stands once the hub has accepted it: the event [RoomChange.Created].
     */
    public suspend fun createRoom(room: RoomUri, newRoom: NewRoom): Step = step { createRoom(it, room, newRoom) }

    /** Changes a room: all the changes in one commit. [Reader.task] tells how the task in [Step.made] goes. */
    public suspend fun change(room: RoomUri, changes: List<Change>): Step = step { change(it, room, changes) }

    /** Changes a room, as the other `change` does. */
    public suspend fun change(room: RoomUri, vararg changes: Change): Step = change(room, changes.toList())

    /** Answers an invitation. Declining leaves the room and forgets it. */
    public suspend fun respond(room: RoomUri, response: Response): Step = step { respond(it, room, response) }

    /**
     * Joins from outside: a room of our user's from a new client, or a room that stalled. [code]: a joining code, if there is one.
     */
    public suspend fun join(room: RoomUri, code: ByteArray? = null): Step = step { join(it, room, code) }

    /**
     * Says what this client can receive from now on: new key packages at once; every room's leaf follows, at once in rooms of at most
     * 32 members, else within a day.
     */
    public suspend fun advertise(supported: Supported): Step = step { advertise(it, supported) }

    /** Publishes key packages if fewer than enough are [left] at the own provider. */
    public suspend fun restock(left: UInt): Step = step { restock(it, left) }

    /**
     * Forgets events up to and including one: the app has them in its own database. Their numbers are never used again. After a power cut
     * they may be there once more.
     */
    public suspend fun forget(upTo: ULong): Step = step { forget(it, upTo) }

    // What follows from all of it.

    /**
     * The events behind a place in the log (0 for all), then those that happen while somebody collects. An app stores the number of the
     * last event that it has dealt with, and begins there when it starts again: it sees every event, in order, once.
     *
     * Numbers have no gaps. The log keeps the last 50,000: an app that was away for longer sees a first number that does not follow its own,
     * and reads rooms and timelines instead. The flow waits while the client is paused, and ends when it is closed. Events that another
     * process of the app wrote are seen with the next step of this one.
     */
    public fun events(after: ULong = 0uL): Flow<Event> = told.events(after, ::anotherReader)

    /**
     * Every request that nobody has answered, then every request of every step while somebody collects, those included whose caller
     * was cancelled. Collect it in one place for as long as the app runs, post what comes, and give the reply to [answer]; or post the
     * requests of each [Step] yourself, and leave this. Requests with the same [Request.lane] go one at a time and in order. To post one
     * twice is harmless.
     *
     * The flow waits while the client is paused; when it is resumed, what nobody has answered is told again. It ends when the client is
     * closed.
     */
    public fun requests(): Flow<Request> = told.requests(::anotherReader)

    // The file.

    /** Another reader, with another connection. It is paused, resumed and closed with this client. */
    public suspend fun anotherReader(): Reader = work { Reader(reader(), clock) }

    /**
     * What the host keeps outside of the file from now on, in place of what it showed to [Opening.witnessed]: ask after `create`, `open`
     * and [resume], before the first request is posted. Null if the host keeps no witnesses.
     */
    public suspend fun twin(): ByteArray? = desk.here { crossing { raw.twin() } }

    /**
     * Whether the file turned out to be a copy when it was opened or resumed: see [Opening.witnessed]. An app that keeps what it has read
     * of the log in a database of its own reads it from the start then, and rooms and timelines again.
     */
    public suspend fun restored(): Boolean = desk.here { crossing { raw.restored() } }

    /**
     * Closes every handle and lock on the file, those of the readers too. Until [resume] every other call comes to
     * [ComityException.Paused]. After an error the handles are closed all the same.
     */
    public suspend fun pause(): Unit = work { pause() }

    /** Opens the file again after [pause], and after [Code.STORAGE_POISONED]. Harmless if it is open and well. */
    public suspend fun resume(): Unit = work {
        resume()
        told.resumed()
    }

    /**
     * Draws a new root key and seals every key of the file under it, and it under [key] (32 octets). Keep the old key until this returns.
     * After [ComityException.Busy] the file is under the new key, and the call is to be made again with the same key.
     */
    public suspend fun rekey(key: ByteArray): Unit = work { direct(key, wipe = true) { rekey(it) } }

    /**
     * Copies the file, as of now, into a new file that opens with the same key. A copy is for support and for moving to another device:
     * once one of the two has gone on, the other must not.
     */
    public suspend fun backupTo(file: File): Unit = work { backupTo(file.path) }

    /**
     * Closes the file, its readers and its flows, and says how that went; after an error they are closed too. To close twice is
     * harmless; any other call comes to [ComityException.Misuse] from now on.
     *
     * It waits for the call that is running, so not on a UI thread: `withContext(Dispatchers.IO) { client.close() }`. It does not wait for
     * calls that wait their turn: they come to [ComityException.Misuse], and nobody is told of those whose caller was cancelled. To have
     * them done, [wake] the client before: that comes behind them.
     */
    override fun close() {
        if (!closed.compareAndSet(false, true)) return
        told.end()
        crossing { desk.now { raw.closeFile() } }
    }

    override fun toString(): String = "Client"

    /** A short call: a transaction, and what follows from it. */
    private suspend fun step(verb: RawClient.(Instant) -> Step): Step =
        desk.here { crossing { raw.verb(clock.instant()).also(told::tell) } }

    private suspend fun <R> work(call: RawClient.() -> R): R = desk.away { crossing { raw.call() } }

    public companion object {
        /**
         * Creates a client in a new file. User and client are of the same provider, such as `mimi://a.example/u/alice` and
         * `mimi://a.example/d/alice-phone`.
         *
         * The file, its keys and the client's identity are on disk when this returns. [dispatcher]: where the client works; one that has
         * no confinement of its own is confined to one call at a time. [clock]: what `now` is.
         */
        public suspend fun create(
            opening: Opening,
            user: UserUri,
            client: ClientUri,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            clock: Clock = Clock.systemUTC(),
        ): Client = opened(dispatcher, clock) { RawClient.create(it, opening.raw, user, client) }

        /**
         * Opens a client's file. The main app brings an older file up to date; an extension is told [Code.STORAGE_NEEDS_APP].
         *
         * After it, collect [requests], and set the timer to [Reader.wakeAt].
         */
        public suspend fun open(
            opening: Opening,
            dispatcher: CoroutineDispatcher = Dispatchers.IO,
            clock: Clock = Clock.systemUTC(),
        ): Client = opened(dispatcher, clock) { RawClient.open(it, opening.raw) }

        /** Deletes a client's files. Close the client first. */
        public suspend fun wipe(file: File): Unit = withContext(Dispatchers.IO) { crossing { wipe(file.path) } }

        /** Opens; what was opened for a caller that is gone meanwhile is closed again. */
        private suspend fun opened(
            dispatcher: CoroutineDispatcher,
            clock: Clock,
            open: (Instant) -> RawClient,
        ): Client {
            currentCoroutineContext().ensureActive()
            val desk = Desk(dispatcher)
            val scope = CoroutineScope(SupervisorJob() + desk.queue)
            val client = scope.async { crossing { around(open(clock.instant()), clock, desk) } }
            try {
                return client.await()
            } catch (gone: CancellationException) {
                scope.launch { runCatching { client.await().close() } }
                throw gone
            }
        }

        private fun around(raw: RawClient, clock: Clock, desk: Desk): Client = try {
            Client(raw, clock, desk)
        } catch (fault: ComityException) {
            raw.closeFile()
            throw fault
        }
    }
}
