package org.comity

import java.time.Instant

/** What an attachment's part says of where it is, and how it is opened. */
public object Attachments {
    /** Encrypts an attachment in memory under a fresh key and nonce (AES-128-GCM), for one part of one message. */
    public fun seal(plaintext: ByteArray): Sealed = crossing { direct(plaintext, wipe = true) { seal(it) } }

    /** Verifies and decrypts what was fetched for a part. Nothing is released unless all of it is what the sender meant. */
    public fun open(part: ExternalPart, fetched: ByteArray): Opened = crossing { direct(fetched) { open(part, it) } }

    /**
     * A file name made of one that a sender suggests, without folders or anything else that means something to a file system. Null if
     * nothing is left of it.
     */
    public fun safeFileName(suggested: String): String? = crossing { org.comity.safeFileName(suggested) }
}

/**
 * How many octets to fetch for a part at most, where the local policy allows [policy]; one more means that it is not what the sender
 * stated.
 */
public fun ExternalPart.fetchLimit(policy: ULong): ULong = crossing { fetchLimit(this, policy) }

/** Whether an external part is still there, as the sender states it. */
public fun ExternalPart.isAvailable(now: Instant = Instant.now()): Boolean = crossing { isAvailable(this, now) }

/** Takes the octets of a key, for an app that keeps parts in a database of its own. */
public fun ContentKey.Companion.of(octets: ByteArray): ContentKey =
    crossing { direct(octets, wipe = true) { ContentKey(it) } }

/** Encrypts an attachment piece by piece, under a fresh key and nonce. Every MIMI client has AES-128-GCM. One thread at a time. */
public class Sealer(algorithm: Algorithm = Algorithm.AES128_GCM) : AutoCloseable {
    private val raw = crossing { RawSealer(algorithm) }

    /** Encrypts the next octets: upload what comes back. */
    public fun update(plaintext: ByteArray): ByteArray = crossing { direct(plaintext, wipe = true) { raw.update(it) } }

    /**
     * Ends encrypting, and the sealer: the last octets to upload, and the part to send, which [Part.Companion.attachment] takes once it is
     * complete.
     */
    public fun finish(): SealedEnd = crossing { raw.finish() }

    /** Lets go of the key of what was not finished. */
    override fun close(): Unit = raw.close()
}

/** Verifies what was fetched, piece by piece, and releases nothing. [policy]: the most octets that the host wants to fetch. */
public class Verifier(part: ExternalPart, policy: ULong) : AutoCloseable {
    private val raw = crossing { RawVerifier(part, policy) }

    /** Takes the next octets that were fetched. */
    public fun update(fetched: ByteArray): Unit = crossing { direct(fetched) { raw.update(it) } }

    /**
     * Ends verifying, and the verifier. After a success everything is what the sender meant, and the opener decrypts the same octets, from
     * their beginning.
     */
    public fun finish(): Opener = Opener(crossing { raw.finish() })

    /** Lets go of what was not finished. */
    override fun close(): Unit = raw.close()
}

/** Decrypts what has been verified, piece by piece. */
public class Opener internal constructor(private val verified: RawVerified) : AutoCloseable {
    /** Whether a hash that we know was there and right. If not, only the encryption vouches for the content. */
    public val hashChecked: Boolean get() = verified.hashChecked

    /** Octets of the content. */
    public val plaintextOctets: ULong get() = verified.plaintextOctets

    /**
     * Decrypts the next octets.
     *
     * Nobody may see the content before [finish] has said that all is well: write it where it can be undone.
     */
    public fun update(fetched: ByteArray): ByteArray = crossing { direct(fetched) { verified.opener.update(it) } }

    /**
     * Says whether these were the octets that were verified. After [Code.ATTACHMENT_CHANGED] throw away what was written. The opener is
     * spent.
     */
    public fun finish(): Unit = crossing { verified.opener.finish() }

    /** Lets go of the key. */
    override fun close(): Unit = verified.opener.close()
}
