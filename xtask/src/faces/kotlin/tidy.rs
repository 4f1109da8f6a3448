//! The Kotlin that uniffi writes, without what is none of an app's business: uniffi makes everything public, and an app would find a
//! hundred converters and buffers beside the twenty things that it is to use.

/// What apps do not see, by how its declaration begins.
const HIDDEN: &[&str] = &[
    "class InternalException",
    "object ComityExceptionExternalErrorHandler",
    "class UniffiCleanAction",
    "interface UniffiCleaner",
    "interface UniffiRustCallStatusErrorHandler",
    "object NoHandle",
    "object UniffiNullRustCallStatusErrorHandler",
    "object UniffiWithHandle",
    "public fun uniffiEnsureInitialized",
    "inline fun <T : Disposable?",
    // Wrapped by hand.
    "data class Raw",
    "open class Raw",
    "public interface Raw",
    // The tests' own, whose functions speak of what is hidden.
    "open class Gate",
    "open class Network",
    "public interface GateInterface",
    "public interface NetworkInterface",
];

/// Rules for what stands inside of a line: what is written there, and what is to be.
const INSIDE: &[(&str, &str)] = &[
    (
        "@file:Suppress(\"NAME_SHADOWING\")",
        "@file:Suppress(\n    \"NAME_SHADOWING\",\n    \"NO_EXPLICIT_VISIBILITY_IN_API_MODE_WARNING\",\n    \"NO_EXPLICIT_RETURN_TYPE_IN_API_MODE_WARNING\",\n    \"REDUNDANT_CALL_OF_CONVERSION_METHOD\",\n    \"UNNECESSARY_NOT_NULL_ASSERTION\",\n)",
    ),
    ("get() = \"fault=${ `fault` }\"", "get() = `fault`.toString()"),
    (
        "@Throws(ComityException::class) fun `",
        "@Throws(ComityException::class) internal fun `",
    ),
    ("*/ fun `", "*/ internal fun `"),
    (
        "companion object ErrorHandler",
        "internal companion object ErrorHandler",
    ),
    (
        " * A time, in milliseconds since 1970.",
        " * A time, to the millisecond.",
    ),
    // As methods do it: with a look at whether the object is still there.
    (
        "return value.uniffiCloneHandle()",
        "return value.callWithHandle { it }",
    ),
    // Where uniffi forgets that it was told another name.
    ("): Client {", "): RawClient {"),
    ("): Opening {", "): RawOpening {"),
    ("): Reader {", "): RawReader {"),
    (
        "return FfiConverterTypeClient.lift(",
        "return FfiConverterTypeRawClient.lift(",
    ),
    (
        "return FfiConverterTypeOpening.lift(",
        "return FfiConverterTypeRawOpening.lift(",
    ),
    (
        "return FfiConverterTypeReader.lift(",
        "return FfiConverterTypeRawReader.lift(",
    ),
];

/// Rules for how an indented line begins.
const BEGINS: &[(&str, &str)] = &[
    ("    constructor(", "    internal constructor("),
    ("    protected val ", "    private val "),
    ("    val uniffiIsDestroyed", "    internal val uniffiIsDestroyed"),
    ("    fun uniffiCloneHandle", "    internal fun uniffiCloneHandle"),
];

/// One line of it as it should be.
pub(super) fn tidy(line: &str) -> String {
    let bare = line.trim_start_matches("public ");
    if is_converter(bare) || HIDDEN.iter().any(|start| line.starts_with(start)) {
        return format!("internal {bare}");
    }
    if let Some(case) = line
        .strip_prefix("    object ")
        .filter(|case| case.contains(" : "))
    {
        return format!("    data object {case}");
    }
    let begun = BEGINS
        .iter()
        .find_map(|(from, to)| Some(format!("{to}{}", line.strip_prefix(from)?)));
    INSIDE
        .iter()
        .fold(begun.unwrap_or_else(|| line.to_owned()), |line, (from, to)| {
            line.replace(from, to)
        })
}

/// Whether a declaration without its `public` is of what carries values across.
fn is_converter(declaration: &str) -> bool {
    ["object ", "interface ", "typealias ", "open class ", "class "]
        .iter()
        .filter_map(|word| declaration.strip_prefix(word))
        .any(|name| name.starts_with("FfiConverter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machinery_is_hidden() {
        for (line, told) in [
            (
                "public object FfiConverterTypeEvent: X {",
                "internal object FfiConverterTypeEvent: X {",
            ),
            (
                "public typealias FfiConverterTypeUserUri = FfiConverterString",
                "internal typealias FfiConverterTypeUserUri = FfiConverterString",
            ),
            (
                "open class RawClient: Disposable",
                "internal open class RawClient: Disposable",
            ),
            ("    constructor(x: Y) {", "    internal constructor(x: Y) {"),
            (
                "         */ fun `version`(): String {",
                "         */ internal fun `version`(): String {",
            ),
        ] {
            assert_eq!(tidy(line), told);
        }
    }

    #[test]
    fn values_stay_as_they_are_and_cases_print_their_names() {
        assert_eq!(tidy("data class Event ("), "data class Event (");
        assert_eq!(tidy("    companion object"), "    companion object");
        assert_eq!(
            tidy("    object Leave : Change()"),
            "    data object Leave : Change()"
        );
    }
}
