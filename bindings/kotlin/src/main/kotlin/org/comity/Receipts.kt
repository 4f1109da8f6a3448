package org.comity

import java.time.Instant

/**
 * What every user did with every message of a room, as far as they told. Reports may come in any order, twice, and before the message
 * that they are about; the result is the same.
 */
public class Receipts : AutoCloseable {
    private val raw = crossing { RawReceipts() }

    /** Everybody who told anything about a message. */
    public fun about(message: MessageId): List<Standing> = crossing { raw.about(message) }

    /**
     * Takes in a report that a client of [user] sent: the message [id], which the hub [accepted] then, carried it. Entries about messages
     * that are not among [concerns] are dropped: they are none of this room's.
     */
    public fun apply(
        user: UserUri,
        accepted: Instant,
        id: MessageId,
        entries: List<StatusEntry>,
        concerns: List<MessageId>,
    ): Unit = crossing { raw.apply(user, accepted, id, entries, concerns) }

    /** Forgets a message that is no longer kept. */
    public fun forget(message: MessageId): Unit = crossing { raw.forget(message) }

    /** How a user stands to a message. */
    public fun of(message: MessageId, user: UserUri): Standing? = crossing { raw.of(message, user) }

    /** Lets go of all of it. */
    override fun close(): Unit = raw.close()

    public companion object {
        /** The octets of a report, for a part of the media type `application/mimi-message-status`. */
        public fun encode(entries: List<StatusEntry>): ByteArray = crossing { encodeReport(entries) }

        /**
         * Whether a message, by its octets, is one to report about. Reports are not, so that nobody reports about reports; nor is what only
         * takes something back.
         */
        public fun concern(octets: ByteArray): Boolean = crossing { direct(octets) { isReported(it) } }

        /** The report that the octets of a message carry; null if they carry none. A later entry about a message counts. */
        public fun carriedBy(octets: ByteArray): List<StatusEntry>? = crossing { direct(octets) { reportedBy(it) } }

        /** Whether to report under a policy, given what the user wants where they may choose. */
        public fun toBeSent(policy: ReportPolicy, wants: Boolean): Boolean = crossing { reports(policy, wants) }
    }
}
