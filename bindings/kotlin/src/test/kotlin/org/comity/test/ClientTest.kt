package org.comity.test

import kotlinx.coroutines.runBlocking
import org.comity.*
import org.junit.jupiter.api.io.TempDir
import java.io.File
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

internal const val ALICE = "mimi://a.example/u/alice"
internal const val PHONE = "mimi://a.example/d/alice-phone"
internal const val LUNCH = "mimi://a.example/r/lunch"

/** What tests with a client share: a folder, and a file in it. */
abstract class ClientTest {
    @TempDir
    lateinit var dir: File
    val clock = StoppedClock()
    val file get() = File(dir, "alice.comity")
    val key = ByteArray(32) { it.toByte() }
    val opening get() = Opening.app(file, key)

    suspend fun create() = Client.create(opening, ALICE, PHONE, clock = clock)

    /** A test with a client, which is closed at its end. */
    fun withClient(test: suspend (Client) -> Unit) = runBlocking { create().use { test(it) } }

    /** The fault of a call that is the program's. */
    inline fun misused(code: Code, call: () -> Unit): Fault =
        assertFailsWith<ComityException.Misuse> { call() }.fault.also { assertEquals(code, it.code) }

    inline fun invalid(detail: String, call: () -> Unit) =
        assertEquals(detail, misused(Code.INVALID_ARGUMENT, call).detail)
}
