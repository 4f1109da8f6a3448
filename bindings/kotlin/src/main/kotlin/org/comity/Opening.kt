package org.comity

import java.io.File

/** How to open a client's file. It holds the key, and prints nothing. */
public class Opening private constructor(internal val raw: RawOpening) {
    /** The same with another budget. */
    public fun budgeted(budget: Budget): Opening = Opening(crossing { raw.budgeted(budget) })

    /**
     * The same, by a host that keeps witnesses, to notice that the file is an older copy. Without witnesses an older copy is not
     * noticed; keys are used twice then, and members of a room see different histories for ever.
     *
     * A host that keeps witnesses passes them from the creation of the client on, with whatever it finds. In this order, at each
     * opening: read the twin; open; write [Client.twin] to where the twin is kept; only then post a request. If the file is a copy, the
     * event [ClientChange.Restored] stands in the log, and an extension is told [Code.STORAGE_NEEDS_APP].
     */
    public fun witnessed(witnesses: Witnesses): Opening = Opening(crossing { raw.witnessed(witnesses) })

    override fun toString(): String = "Opening"

    public companion object {
        /**
         * Opens as the main app, with the default budget.
         *
         * [file]: beside it stand its log and its locks. [key]: 32 uniformly random octets that the host keeps, for instance sealed by the
         * device's keystore; not a password. The library keeps a copy for as long as the opening and its clients are there; the array is
         * yours to overwrite.
         */
        public fun app(file: File, key: ByteArray): Opening =
            Opening(crossing { direct(key, wipe = true) { RawOpening.app(file.path, it) } })

        /** Opens as a notification extension, with a small budget: it never advertises, never creates, and keeps no group in memory. */
        public fun extension(file: File, key: ByteArray): Opening =
            Opening(crossing { direct(key, wipe = true) { RawOpening.extension(file.path, it) } })
    }
}

/** What is right for a main app on a phone. */
public val Budget.Companion.app: Budget
    get() = crossing { budgetOfApp() }

/** What is right for a notification extension that may use 24 MB in all. */
public val Budget.Companion.extension: Budget
    get() = crossing { budgetOfExtension() }
