package org.comity

import java.time.Clock

/**
 * Answers questions about a client's file.
 *
 * It has a read-only connection of its own: it never waits for the client, and every answer is a look at the disk, so an app asks on
 * its UI thread. Any thread, at any time; two at once wait for each other.
 */
public class Reader internal constructor(
    private val raw: RawReader,
    private val clock: Clock,
) : AutoCloseable {
    /** The user and the client whose file it is. */
    public val identity: Identity = crossing { raw.identity() }

    /** How the file is, in counts and codes, fit for a support log. Looks at the whole file: not for every frame. */
    public fun health(): Health = crossing { raw.health() }

    /** Events after a place in the log (0 for all), oldest first; at most [limit], and never more than 1,000. See [Client.events]. */
    public fun events(after: ULong, limit: UInt = 1000u): List<Event> = crossing { raw.events(after, limit) }

    /**
     * Requests that have not been answered, in the order in which they were made, behind the one named, or from the first; at most [limit],
     * and never more than 1,000. See [Client.requests].
     */
    public fun outstanding(after: RequestId? = null, limit: UInt = 1000u): List<Request> =
        crossing { raw.outstanding(after, limit) }

    /** Where a queue of the host's stands. Null if nothing was ever stored for it. */
    public fun cursor(queue: String): Cursor? = crossing { raw.cursor(queue) }

    /** When to call [Client.wake]. */
    public fun wakeAt(): Timestamp? = crossing { raw.wakeAt() }

    /** The rooms, in the order in which we came to know them. */
    public fun rooms(): List<RoomSummary> = crossing { raw.rooms(clock.instant()) }

    /** One room in full. */
    public fun room(room: RoomUri): Room = crossing { raw.room(room) }

    /** The clients in a room, from a place in the list on (0 for the first); at most [limit]. */
    public fun members(room: RoomUri, first: ULong = 0uL, limit: ULong = 1000uL): List<Member> =
        crossing { raw.members(room, first, limit) }

    /** Says whether a change would be allowed now, before anybody taps. If not, the exception says why, as [Client.change] would. */
    public fun can(room: RoomUri, change: Change): Unit = crossing { raw.can(room, change) }

    /** Whether we may do something with messages in a room. */
    public fun may(room: RoomUri, action: Action): Boolean = crossing { raw.may(room, action) }

    /** Messages of a room, oldest first. What has expired is not among them. */
    public fun timeline(room: RoomUri, page: Page = Page.Latest(50u)): List<Message> =
        crossing { raw.timeline(clock.instant(), room, page) }

    /** One message. Null if there is none, or it has expired. */
    public fun message(id: MessageId): Message? = crossing { raw.message(clock.instant(), id) }

    /**
     * Looks into a frame without taking it: what a notification shows while another process has its turn. Null if the frame holds no
     * message that a person may see now; and in an extension, if looking needs more memory than its budget allows.
     */
    public fun preview(frame: Frame): Preview? = crossing { raw.preview(clock.instant(), frame) }

    /** A user, as far as we have met them. */
    public fun user(user: UserUri): User = crossing { raw.user(user) }

    /** How a task stands. Null if there is none of this name. */
    public fun task(id: TaskId): Task? = crossing { raw.task(id) }

    /** What [Client.send] would send, and who would see which alternative. */
    public fun plan(room: RoomUri, outgoing: Outgoing): Plan = crossing { raw.plan(room, outgoing) }

    /** The room's posture: what protects it, and who can read what. */
    public fun posture(room: RoomUri): Posture = crossing { raw.posture(room) }

    /** Closes the connection. */
    override fun close(): Unit = raw.close()

    override fun toString(): String = "Reader"

    public companion object {
        /** Opens a file for questions alone, for instance to count a badge in a process that does nothing else. */
        public fun open(opening: Opening, clock: Clock = Clock.systemUTC()): Reader =
            crossing { Reader(RawReader.open(opening.raw), clock) }
    }
}

/** Stops a running [Client.receive]. Any thread, at any time, even after the client is gone. */
public class Interrupter internal constructor(private val raw: RawInterrupter) {
    /** Asks the `receive` that runs now to stop after the frame at hand. What was taken is kept; the rest is not lost, only not taken. */
    public fun interrupt(): Unit = raw.interrupt()
}
