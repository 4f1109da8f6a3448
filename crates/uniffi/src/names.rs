//! Names, ids and times: texts and numbers in other languages, each checked when it comes in.

pub use comity::content::MessageId;
pub use comity::room::MediaType;
pub use comity::{ClientUri, ProviderUri, RequestId, RoomUri, TaskId, Timestamp, UserUri};

use crate::fault::{ComityError, invalid};

uniffi::custom_type!(
    /// The URI of a user, such as `mimi://a.example/u/alice`.
    UserUri, String, {
    remote,
    lower: |uri| uri.to_string(),
    try_lift: |text| Ok(UserUri::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// The URI of a client, such as `mimi://a.example/d/alice-phone`.
    ClientUri, String, {
    remote,
    lower: |uri| uri.to_string(),
    try_lift: |text| Ok(ClientUri::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// The URI of a room, such as `mimi://a.example/r/lunch`.
    RoomUri, String, {
    remote,
    lower: |uri| uri.to_string(),
    try_lift: |text| Ok(RoomUri::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// The URI of a provider, such as `mimi://a.example`.
    ProviderUri, String, {
    remote,
    lower: |uri| uri.to_string(),
    try_lift: |text| Ok(ProviderUri::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// A media type with its parameters, such as `text/html;charset=utf-8`.
    MediaType, String, {
    remote,
    lower: |media_type| media_type.to_string(),
    try_lift: |text| Ok(MediaType::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// The id of a message: 64 hexadecimal digits. It is the same for everybody in the room, and for ever.
    MessageId, String, {
    remote,
    lower: |id| hex(id.octets()),
    try_lift: |text| Ok(MessageId::parse(&text).map_err(|error| invalid(error.code()))?),
});

uniffi::custom_type!(
    /// The name of a request, and its idempotency key: 32 hexadecimal digits.
    RequestId, String, {
    remote,
    lower: |id| hex(&id.0),
    try_lift: |text| Ok(RequestId(from_hex(&text)?)),
});

uniffi::custom_type!(
    /// The name of a task: 32 hexadecimal digits.
    TaskId, String, {
    remote,
    lower: |id| hex(&id.0),
    try_lift: |text| Ok(TaskId(from_hex(&text)?)),
});

uniffi::custom_type!(
    /// A time, in milliseconds since 1970.
    Timestamp, u64, {
    remote,
    lower: |at| at.as_millis(),
    try_lift: |millis| Ok(Timestamp::from_millis(millis)),
});

/// Octets, in two digits each. An id is written with every step, and `format!` would take longer for it than the call does.
fn hex(octets: &[u8]) -> String {
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 0xf]);
    digits.fold(String::with_capacity(2 * octets.len()), |mut text, digit| {
        text.extend(char::from_digit(u32::from(digit), 16));
        text
    })
}

/// Sixteen octets, written in 32 digits.
fn from_hex(text: &str) -> Result<[u8; 16], ComityError> {
    let mut octets = [0; 16];
    let digits = text.as_bytes();
    if digits.len() != 2 * octets.len() {
        return Err(invalid("id_length"));
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair)
            .ok()
            .filter(|pair| !pair.starts_with('+'));
        *octet = pair
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .ok_or_else(|| invalid("id_digits"))?;
    }
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_went() {
        let octets = *b"\x00\x01\x7f\x80\xffabcdefghijk";
        assert_eq!(from_hex(&hex(&octets)).unwrap(), octets);
    }

    #[test]
    fn what_is_no_id_is_told() {
        for (text, detail) in [
            ("", "id_length"),
            ("00", "id_length"),
            ("zz000000000000000000000000000000", "id_digits"),
            ("+1000000000000000000000000000000", "id_digits"),
            ("0é00000000000000000000000000000", "id_digits"),
        ] {
            let error = from_hex(text).unwrap_err();
            assert_eq!(error.fault().detail.as_deref(), Some(detail), "{text}");
        }
    }
}
