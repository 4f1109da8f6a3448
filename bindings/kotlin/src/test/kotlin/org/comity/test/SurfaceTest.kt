package org.comity.test

import org.comity.*
import java.io.File
import kotlin.reflect.KClass
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertTrue

/** What apps see: what prints, what is documented, what arrives as what it is. */
class SurfaceTest : ClientTest() {
    @Test
    fun `nothing prints a key, a message or the octets of one`() = withClient { client ->
        val secret = "nobody-reads-this"
        val sealed = Attachments.seal(secret.toByteArray())
        val opened = Attachments.open(sealed.part, sealed.ciphertext)
        val outgoing = Outgoing.markdown(secret)
        val frame = Frame(LUNCH, "mimi://a.example", FrameKind.FANOUT, secret.toByteArray())
        val printed = listOf(
            opening, client, client.reader, client.interrupter, outgoing, outgoing.alternatives, frame, Batch(listOf(frame)),
            sealed, sealed.part, sealed.part.key, opened, Answer.Body(secret.toByteArray()), Sealer(),
            Witnesses(ByteArray(16) { 9 }, null), NewRoom(secret.toByteArray()),
        ).joinToString()
        assertTrue(secret !in printed, printed)
        assertTrue(key.joinToString() !in printed && "9, 9" !in printed, printed)
        assertTrue(sealed.part.key.octets().joinToString() !in printed)
    }

    @Test
    fun `every event arrives as what it is`() {
        val events = events()
        assertEquals((1..events.size).map { it.toULong() }, events.map { it.seq })
        val kinds = events.map { it.kind }
        assertEquals(cases(EventKind::class), kinds.map { it::class }.toSet())
        val changes = kinds.mapNotNull {
            when (it) {
                is EventKind.Message -> it.change
                is EventKind.Room -> it.change
                is EventKind.User -> it.change
                is EventKind.Client -> it.change
                is EventKind.Task, is EventKind.Frame, EventKind.Other -> null
            }
        }
        val families = listOf(MessageChange::class, RoomChange::class, UserChange::class, ClientChange::class)
        assertEquals(families.flatMap { cases(it) }.toSet(), changes.map { it::class }.toSet())
        val suspect = kinds.filterIsInstance<EventKind.Client>().first { it.change is ClientChange.ClockSuspect }
        assertEquals(-1, assertIs<ClientChange.ClockSuspect>(suspect.change).offsetMs)
        assertEquals(Advice.WAIT, suspect.advice)
        assertEquals(listOf(null, LUNCH), kinds.filterIsInstance<EventKind.Frame>().map { it.room })
        assertEquals("Joined", RoomChange.Joined.toString())
    }

    @Test
    fun `budgets, roles and versions are told`() {
        assertTrue(Budget.app.memory > Budget.extension.memory)
        assertTrue(Participant.admin != Participant.member)
        assertTrue(Regex("""\d+\.\d+\.\d+""").matches(Comity.version))
        opening.budgeted(Budget.extension)
    }

    @Test
    fun `the helpers say what the engine says`() {
        assertEquals("<p><strong>you</strong></p>", Markdown.toHtml("**you**").trim())
        assertEquals("you", Markdown.toPlainText("**you**").trim())
        assertEquals(listOf(ALICE), Markdown.mentions(Markdown.link("you", ALICE), listOf(ALICE)).map { it.user })
        assertEquals("film.mp4", Attachments.safeFileName("../../film.mp4"))
        assertTrue(Part.text("x").alternatives().isNotEmpty())
        assertTrue(Receipts.toBeSent(ReportPolicy.OPTIONAL, wants = true))
        Receipts().use { assertEquals(emptyList(), it.about("01".repeat(32))) }
    }

    /** A message of three texts, of which a reader may take as many as it can. */
    private val three: ByteArray
        get() = File(System.getProperty("comity.sources"), "../../fuzz/corpus/decode_content/example-multipart-2").readBytes()

    @Test
    fun `what an app does not want is passed over`() {
        val everything = Selection.of(three, Supported.with())
        assertEquals(listOf(1, 2, 3), everything.chosen.map { it.index.toInt() })
        val without = Selection.of(three, Supported.with(), listOf(WishedPart(2u, Wish.Never)))
        assertEquals(listOf(1, 3), without.chosen.map { it.index.toInt() })
        assertEquals(listOf(2 to PassedOverBecause.NOT_WANTED), without.passedOver.map { it.index.toInt() to it.because })
        val ranked = Selection.of(three, Supported.with(), listOf(WishedPart(2u, Wish.Rank(7u))))
        assertEquals(everything.chosen.map { it.index }, ranked.chosen.map { it.index })
    }

    @Test
    fun `parts link to one another`() {
        val link = Part.link(5u)
        assertEquals(5u.toUShort(), Part.linked(link))
        assertEquals(null, Part.linked("https://a.example/5"))
        assertEquals(listOf(5, 2), Part.html("<img src=\"$link\"> <a href=\"${Part.link(2u)}\">").linked().map { it.toInt() })
        assertEquals(emptyList(), Part.text(link).linked())
    }

    @Test
    fun `a chain of replies is followed to its beginning, and no further than into a loop`() {
        val ids = (1..3).map { "01" + "0$it".repeat(31) }
        val replies = listOf(Reply(ids[2], ids[1]), Reply(ids[1], ids[0]))
        assertEquals(ReplyChain(ids.reversed(), ChainEnd.BEGINS), ReplyChain.of(ids[2], replies))
        assertEquals(ChainEnd.LOOPS, ReplyChain.of(ids[0], replies + Reply(ids[0], ids[2])).end)
    }

    @Test
    fun `everything that is written by hand and public is documented`() {
        val sources = File(System.getProperty("comity.sources"), "src/main/kotlin/org/comity").listFiles { it.isFile }
        val silent = sources.orEmpty().flatMap { source ->
            source.readLines().zipWithNext().filter { (before, line) ->
                val public = Regex("""^\s*public (?!companion object)""").containsMatchIn(line)
                public && !before.trimEnd().endsWith("*/")
            }.map { (_, line) -> "${source.name}: $line" }
        }
        assertTrue(sources.orEmpty().size > 5)
        assertEquals(emptyList(), silent)
    }

    /** The cases of a sealed class but for what a later version may add. */
    private fun cases(sealed: KClass<*>): Set<KClass<*>> =
        sealed.java.declaredClasses.filter { sealed.java.isAssignableFrom(it) && it.simpleName != "Other" }
            .map { it.kotlin }.toSet()
}
