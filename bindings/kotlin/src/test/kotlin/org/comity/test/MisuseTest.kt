package org.comity.test

import kotlinx.coroutines.runBlocking
import org.comity.*
import java.io.File
import java.time.Instant
import kotlin.concurrent.thread
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertIs
import kotlin.test.assertNotNull
import kotlin.test.assertTrue

/** What a program should not do: an exception with a code, never a crash. */
class MisuseTest : ClientTest() {
    @Test
    fun `keys and twins have their lengths`() = withClient { client ->
        for (length in listOf(0, 31, 33, 1 shl 20)) {
            invalid("key_length") { Opening.app(file, ByteArray(length)) }
            invalid("key_length") { Opening.extension(file, ByteArray(length)) }
            invalid("key_length") { client.rekey(ByteArray(length)) }
        }
        invalid("twin_length") { opening.witnessed(Witnesses(twin = ByteArray(5), lastRequest = null)) }
    }

    @Test
    fun `names and ids are checked wherever they stand`() = withClient { client ->
        invalid("uri_scheme") { Client.create(opening, "alice", PHONE) }
        invalid("uri_scheme") { client.respond("", Response.ACCEPT) }
        invalid("uri_kind") { client.reader.room(ALICE) }
        invalid("uri_scheme") { client.change(LUNCH, Change.Invite("https://a.example")) }
        invalid("uri_scheme") { client.receive(Frame(null, "nobody", FrameKind.FANOUT, ByteArray(0))) }
        for (id in listOf("", "00", "zz".repeat(32), "02".repeat(32), "01".repeat(33), "é".repeat(32))) {
            misused(Code.INVALID_ARGUMENT) { client.reader.message(id) }
        }
        invalid("id_length") { client.reader.task("00") }
        invalid("id_digits") { client.answer("x".repeat(32), Answer.Undeliverable) }
    }

    @Test
    fun `media types are checked`() = withClient { client ->
        for (media in listOf(listOf("html"), listOf(""), listOf("text/plain", "text/"))) {
            misused(Code.INVALID_ARGUMENT) { client.advertise(Supported(media, emptyList())) }
        }
    }

    @Test
    fun `texts that are no Unicode are told`() = withClient { client ->
        misused(Code.INVALID_UTF8) { Part.text("half a pair: \uD800") }
        misused(Code.INVALID_UTF8) { client.createRoom(LUNCH, NewRoom(ByteArray(32), "\uDFFF")) }
        misused(Code.INVALID_UTF8) { Opening.app(File("\uD800"), key) }
        val odd = "null\u0000, \uD83C\uDF55, \u0000"
        assertEquals(odd, echoText(odd))
    }

    @Test
    fun `times that no clock tells are bounded`() = withClient { client ->
        for (now in listOf(Instant.MIN, Instant.EPOCH.minusSeconds(1), Instant.MAX)) {
            clock.now = now
            client.wake()
            assertEquals(emptyList(), client.reader.rooms())
        }
    }

    @Test
    fun `parts without end are told`() {
        val text = Part.text("x")
        invalid("part_too_few_parts") { Part.multi(Disposition.Render, PartSemantics.CHOOSE_ONE, listOf(text)) }
        fun nested(levels: Int) = (1..levels).fold(text) { part, _ ->
            Part(disposition = Disposition.Render, body = Body.Multi(PartSemantics.PROCESS_ALL, listOf(part, text)))
        }
        assertTrue(nested(3).isReadableWith(Supported.baseline))
        for (levels in listOf(4, 5, 6, 50, 100_000)) {
            misused(Code.INVALID_ARGUMENT) { nested(levels).isReadableWith(Supported.baseline) }
        }
    }

    @Test
    fun `octets that are no message are told`() {
        for (octets in listOf(ByteArray(0), ByteArray(1), ByteArray(2 shl 20))) {
            val supported = Supported(Supported.baseline, emptyList())
            assertNotNull(misused(Code.INVALID_ARGUMENT) { Selection.of(octets, supported) }.detail)
            misused(Code.INVALID_ARGUMENT) { Content.decode(octets) }
            misused(Code.INVALID_ARGUMENT) { Class.of(octets) }
        }
    }

    @Test
    fun `a frame of any octets is rejected and finished`() = withClient { client ->
        val frames = listOf(ByteArray(0), ByteArray(1000) { -1 }, large(8uL shl 20))
            .map { Frame(null, "mimi://a.example", FrameKind.FANOUT, it) }
        val outcomes = client.receive(Batch(frames)).frames
        assertEquals(3, outcomes.size)
        outcomes.forEach { assertIs<FrameOutcome.Rejected>(it) }
        assertEquals(Code.FRAME_TOO_LARGE, (outcomes[2] as FrameOutcome.Rejected).reason.code)
    }

    @Test
    fun `large values arrive whole`() {
        for (size in listOf(0, 1, 65_536, 33 shl 20)) {
            val octets = large(size.toULong())
            assertEquals(size, octets.size)
            assertEquals(size.toULong(), direct(octets) { count(it) })
            assertContentEquals(octets, echo(octets))
        }
        val text = "\uD83C\uDF55".repeat(1 shl 20)
        assertEquals(text, echoText(text))
    }

    @Test
    fun `a closed client says so, and is closed once`() = runBlocking {
        val client = create()
        client.close()
        client.close()
        invalid("client_is_closed") { client.wake() }
        invalid("client_is_closed") { client.twin() }
        invalid("client_is_closed") { client.pause() }
        invalid("client_is_closed") { client.anotherReader() }
        client.interrupter.interrupt()
        assertFailsWith<ComityException.Paused> { client.reader.rooms() }
        client.reader.close()
        client.reader.close()
        invalid("object_is_closed") { client.reader.rooms() }
        Client.wipe(file)
        val missing = assertFailsWith<ComityException.Storage> { Client.open(opening) }
        assertEquals(Code.STORAGE_MISSING, missing.code)
    }

    @Test
    fun `a paused client answers nothing until it is resumed`() = withClient { client ->
        client.pause()
        assertFailsWith<ComityException.Paused> { client.wake() }
        assertFailsWith<ComityException.Paused> { client.reader.rooms() }
        client.resume()
        assertEquals(emptyList(), client.reader.rooms())
    }

    @Test
    fun `a thread that goes round the client is told, and the client takes no harm`() = withClient { client ->
        Gate().use { gate ->
            val other = thread { gate.hold(client.raw) }
            gate.entered()
            misused(Code.CONCURRENT_USE) { client.wake() }
            assertEquals(emptyList(), client.reader.rooms(), "a reader waits for nobody")
            gate.open()
            other.join()
            client.wake()
        }
    }

    @Test
    fun `the key of an attachment can be closed and is not used then`() {
        val sealed = Attachments.seal(ByteArray(10))
        val again = ContentKey.of(sealed.part.key.octets())
        assertContentEquals(again.octets(), sealed.part.key.octets())
        sealed.part.key.close()
        invalid("object_is_closed") { Attachments.open(sealed.part, sealed.ciphertext) }
        Attachments.open(sealed.part.copy(key = again), sealed.ciphertext)
    }

    @Test
    fun `streams that are spent say so, and attachments go piece by piece`() {
        val film = ByteArray(200_000) { (it / 7).toByte() }
        val sealer = Sealer(Algorithm.CHA_CHA20_POLY1305)
        val pieces = film.asList().chunked(65_536).map { sealer.update(it.toByteArray()) }
        val end = sealer.finish()
        val sealed = pieces.fold(ByteArray(0), ByteArray::plus) + end.tag
        invalid("stream_is_finished") { sealer.update(film) }
        invalid("stream_is_finished") { sealer.finish() }
        val verifier = Verifier(end.part, 1uL shl 20)
        verifier.update(sealed)
        val opener = verifier.finish()
        assertTrue(opener.hashChecked)
        assertContentEquals(film, opener.update(sealed))
        opener.finish()
        invalid("stream_is_finished") { opener.finish() }
        sealed[9] = (sealed[9] + 1).toByte()
        val changed = Verifier(end.part, 1uL shl 20)
        changed.update(sealed)
        assertFailsWith<ComityException.Attachment> { changed.finish() }
        sealer.close()
        invalid("object_is_closed") { sealer.finish() }
    }
}
