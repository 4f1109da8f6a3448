package org.comity.test

import kotlinx.coroutines.runBlocking
import org.comity.*
import kotlin.reflect.KClass
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertSame
import kotlin.test.assertTrue

/** Every error that a call can come to, one by one; every reason; a panic. */
class ErrorsTest : ClientTest() {
    /** By the numbers, which never change: the case that says who must act, the code in words, what helps. */
    private val errors = mapOf(
        100 to misuse("no_such_room"),
        101 to misuse("no_such_message"),
        102 to misuse("room_exists"),
        103 to misuse("outgoing_malformed"),
        104 to misuse("outgoing_language"),
        105 to misuse("changes_contradict"),
        106 to misuse("not_invited"),
        107 to misuse("not_resolvable"),
        108 to misuse("foreign_identity"),
        109 to misuse("too_long"),
        110 to misuse("extension_may_not"),
        111 to misuse("hub_key_malformed"),
        200 to told<ComityException.Blocked>("cannot_read", Advice.NONE),
        201 to told<ComityException.Blocked>("trust_broken", Advice.VERIFY),
        202 to told<ComityException.Blocked>("not_allowed", Advice.NONE),
        203 to told<ComityException.Blocked>("not_joined", Advice.NONE),
        204 to told<ComityException.Blocked>("stalled", Advice.REJOIN),
        205 to told<ComityException.Blocked>("rooms_require", Advice.NONE),
        300 to told<ComityException.Busy>("busy", Advice.RETRY),
        301 to told<ComityException.Paused>("paused", Advice.FIX_PROGRAM),
        400 to storage("full", Advice.FREE_SPACE),
        401 to storage("locked", Advice.RETRY),
        402 to storage("wrong_key", Advice.FIX_PROGRAM),
        403 to storage("corrupt", Advice.RELINK),
        404 to storage("from_the_future", Advice.UPDATE_APP),
        405 to storage("needs_app", Advice.OPEN_APP),
        406 to storage("not_a_database", Advice.RELINK),
        407 to storage("foreign", Advice.FIX_PROGRAM),
        408 to storage("missing", Advice.FIX_PROGRAM),
        409 to storage("exists", Advice.FIX_PROGRAM),
        410 to storage("io", Advice.RETRY),
        411 to storage("interrupted", Advice.RETRY),
        412 to storage("poisoned", Advice.RETRY),
        413 to storage("altered", Advice.RELINK),
        499 to storage("bug", Advice.FIX_PROGRAM),
        900 to told<ComityException.Bug>("bug", Advice.FIX_PROGRAM),
        1000 to misuse("null_argument"),
        1001 to misuse("invalid_utf8"),
        1002 to misuse("invalid_argument"),
        1003 to misuse("concurrent_use"),
        1004 to told<ComityException.Bug>("panicked", Advice.FIX_PROGRAM),
        4000 to attachment("too_large"),
        4001 to attachment("over_limit"),
        4002 to attachment("url"),
        4003 to attachment("changed"),
        4004 to attachment("unknown_encryption"),
        4005 to attachment("key_without_encryption"),
        4006 to attachment("key_length"),
        4007 to attachment("nonce_length"),
        4008 to attachment("size_mismatch"),
        4009 to attachment("hash_mismatch"),
        4010 to attachment("tag_mismatch"),
    )

    /** Why a frame is rejected (2000 on), why a hub refuses (3000 on). */
    private val reasons = listOf(
        "frame_malformed", "frame_too_large", "frame_unsupported", "not_a_frame", "unknown_room", "wrong_room", "foreign_hub",
        "epoch_too_old", "epoch_never_came", "duplicate", "generation_too_old", "generation_too_far", "undecryptable",
        "bad_signature", "not_from_member", "missing_proposal", "forked", "own_commit_lost", "expired_leaf", "room_stalled",
        "evicted", "wrong_wire_format", "invalid_commit", "invalid_proposal", "planted", "welcome_for_nobody", "invalid_welcome",
        "already_joined", "bad_framing", "planted", "content_contradicts", "bad_timestamp",
    ).withIndex().associate { (at, name) -> 2000 + at to name } + listOf(
        "wrong_epoch", "epoch_too_old", "not_allowed", "invalid_proposal", "undeliverable", "bad_answer",
    ).withIndex().associate { (at, name) -> 3000 + at to name }

    @Test
    fun `every error has its case, number, name and advice`() {
        assertEquals(errors.keys, failures().toSet())
        for ((number, expected) in errors) {
            val error = failure(number)
            assertEquals(expected, Told(error::class, error.fault.name, error.fault.advice), "$number")
            assertEquals(number, error.code.value)
            assertTrue(expected.name in error.message.orEmpty())
            assertTrue(error.fault.message.isNotEmpty())
        }
    }

    @Test
    fun `errors name whom and what they are about, and print nobody`() {
        val users = listOf(ALICE, "mimi://a.example/u/bob")
        for (number in errors.keys) {
            val error = failure(number)
            assertEquals(if (number in 200..201) users else emptyList(), error.fault.users)
            assertEquals(if (number == 205) listOf(LUNCH) else emptyList(), error.fault.rooms)
            assertEquals(number == 202 || number == 1002, error.fault.detail != null, "$number")
            assertTrue("alice" !in error.toString())
        }
    }

    @Test
    fun `every code is an error or a reason`() {
        assertEquals(errors.keys + reasons.keys, Code.entries.map { it.value }.toSet())
    }

    @Test
    fun `the constants have the numbers of their names`() {
        for (code in Code.entries) {
            val name = errors[code.value]?.name ?: reasons.getValue(code.value)
            // Two numbers stand for many rules, whose names are told instead, and one for the rules of what is sent.
            if (name != "planted" && code != Code.OUTGOING_PART) {
                assertTrue(code.name.lowercase().endsWith(name), "${code.value} is ${code.name} and is called $name")
            }
        }
    }

    @Test
    fun `every reason has its number and name`() {
        val told = reasons()
        assertEquals(reasons, told.associate { it.code.value to it.name })
        assertEquals(listOf(3002), told.filter { it.detail == "planted" }.map { it.code.value })
    }

    @Test
    fun `every advice has its number`() {
        val names = "NONE WAIT RETRY FETCH REJOIN ASK_RESEND VERIFY OPEN_APP FREE_SPACE RELINK UPDATE_APP FIX_PROGRAM"
        assertEquals(names.split(" "), Advice.entries.map { it.name })
        assertEquals((0..11).toList(), Advice.entries.map { it.value })
    }

    @Test
    fun `a panic ends at the border, and its client is unusable, and its file is not`() = runBlocking {
        val client = create()
        assertEquals(Code.PANICKED, assertFailsWith<ComityException.Bug> { panicWithin(client.raw) }.code)
        assertEquals(Code.PANICKED, assertFailsWith<ComityException.Bug> { client.wake() }.code)
        assertEquals(Code.PANICKED, assertFailsWith<ComityException.Bug> { client.twin() }.code)
        assertEquals(emptyList(), client.reader.rooms())
        assertFailsWith<ComityException.Bug> { client.close() }
        Client.open(opening).use { it.wake() }
        Unit
    }

    @Test
    fun `a panic in whatever can be called is an error, and the next call is none the worse`() = runBlocking {
        val client = create()
        val sealers = List(2) { Sealer() }
        val part = Attachments.seal(byteArrayOf(1)).part
        val receipts = Receipts()
        val id = "01".repeat(32)
        val calls = mapOf<String, () -> Any?>(
            "a function" to { Markdown.toHtml("x") },
            "a function with a value" to { Part.text("x").isReadableWith(emptyList()) },
            "a function with octets" to { Class.of(byteArrayOf(1)) },
            "a function that knows the clock" to { part.isAvailable() },
            "a function that may find nothing" to { Attachments.safeFileName("x") },
            "a constructor" to { Sealer() },
            "a named constructor" to { Opening.app(java.io.File("x"), key) },
            "a method" to { sealers[0].update(byteArrayOf(1)) },
            "a method that ends an object" to { sealers[1].finish() },
            "a method behind a lock" to { receipts.about(id) },
            "a query" to { client.reader.rooms() },
        )
        for ((what, call) in calls) {
            plantPanic()
            assertEquals(Code.PANICKED, assertFailsWith<ComityException.Bug>(what) { call() }.code, what)
        }
        assertEquals(emptyList(), client.reader.rooms())
        assertEquals(emptyList(), receipts.about(id))
        client.close()
    }

    @Test
    fun `a panic as an object ends stays where it is`() = runBlocking {
        val client = create()
        val reader = Reader.open(opening)
        assertEquals(emptyList(), reader.rooms())
        plantPanic()
        reader.close()
        assertTrue("x" in Markdown.toHtml("x"), "it went off when the reader went")
        client.close()
    }

    @Test
    fun `a panic outside of a client is a bug`() {
        // The tests' functions have exceptions of their own; the library's come to the same.
        val panic = assertFailsWith<org.comity.test.InternalException> { panics() }
        val own = org.comity.InternalException(panic.message.orEmpty())
        val bug = assertFailsWith<ComityException.Bug> { crossing { throw own } }
        assertEquals(Code.PANICKED, bug.code)
        assertSame(own, bug.cause)
    }

    private data class Told(val case: KClass<out ComityException>, val name: String, val advice: Advice)

    private inline fun <reified T : ComityException> told(name: String, advice: Advice) = Told(T::class, name, advice)

    private fun misuse(name: String) = told<ComityException.Misuse>(name, Advice.FIX_PROGRAM)

    private fun storage(name: String, advice: Advice) = told<ComityException.Storage>("storage_$name", advice)

    private fun attachment(name: String) = told<ComityException.Attachment>("attachment_$name", Advice.NONE)

    private fun failure(number: Int) = assertFailsWith<ComityException> { fail(number) }
}
