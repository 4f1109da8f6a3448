//! Reads and writes the TLS presentation language as MLS uses it.
//!
//! **Owns** the bounds: nothing is allocated for a length before the octets are known to be there, and no list, text or
//! body outgrows its constant below. Reports every fault with its offset.
//! **Knows nothing of** any struct: those say in their own files which fields they have, in which order.
//!
//! See RFC 9420, "Presentation Language" and "Variable-Size Vector Length Headers".

use tls_codec::{DeserializeBytes, TlsVarInt};

use crate::WireError;

/// Octets of a whole body, 64 MiB: a commit with its tree in a room of many thousands stays far below.
pub const MAX_BODY_LEN: usize = 64 << 20;
/// Octets of one embedded MLS struct, 16 MiB: trees of tens of thousands of members.
///
/// OpenMLS takes up to about 30 times as much memory while it parses a hostile one, so a host that has less refuses long bodies
/// before it decodes them.
pub const MAX_MLS_LEN: usize = 16 << 20;
/// Entries of one list.
pub const MAX_ENTRIES: usize = 100_000;
/// Octets of one text, such as an error description.
pub const MAX_TEXT_LEN: usize = 64 << 10;

/// A value that stands in a request, an answer, a message or a component.
///
/// Brought into scope, it gives every struct of this crate, and the room types that have a wire form, the same two calls.
///
/// # Example
/// ```
/// use comity_room::{MediaType, Requirement};
/// use comity_wire::Wire;
///
/// let requirement = Requirement::new([MediaType::parse("application/mimi-content")?])?;
/// let octets = requirement.encode();
/// assert_eq!(octets.len(), 27);
/// assert_eq!(Requirement::decode(&octets)?, requirement);
/// assert_eq!(Requirement::decode(&octets[..20]).unwrap_err().code(), "wire_truncated");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Wire: Sized {
    /// The octets of the value.
    ///
    /// Never fails. A value beyond the limits of this crate becomes octets that `decode` refuses.
    fn encode(&self) -> Vec<u8>;

    /// Reads the value from exactly these octets.
    ///
    /// # Errors
    /// [`WireError`] if anything is missing, left over, out of bounds or not in the form that `encode` writes.
    fn decode(octets: &[u8]) -> Result<Self, WireError>;
}

/// Gives types that have a [`Codec`] their public face.
macro_rules! wire {
    ($($name:ty),+ $(,)?) => {$(
        impl $crate::Wire for $name {
            fn encode(&self) -> Vec<u8> {
                $crate::codec::encode(self)
            }

            fn decode(octets: &[u8]) -> Result<Self, $crate::WireError> {
                $crate::codec::decode(octets)
            }
        }
    )+};
}
pub(crate) use wire;

/// How a value stands among others.
pub(crate) trait Codec: Sized {
    fn write(&self, out: &mut Writer);
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError>;
}

pub(crate) fn encode(value: &impl Codec) -> Vec<u8> {
    let mut out = Writer::default();
    value.write(&mut out);
    out.into_octets()
}

pub(crate) fn decode<T: Codec>(octets: &[u8]) -> Result<T, WireError> {
    let mut input = Reader::new(octets)?;
    let value = T::read(&mut input)?;
    input.finish()?;
    Ok(value)
}

/// A cursor over octets, or over one vector within them.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Result<Self, WireError> {
        if body.len() > MAX_BODY_LEN {
            return Err(WireError::TooLong {
                offset: 0,
                octets: body.len() as u64,
                limit: MAX_BODY_LEN,
            });
        }
        Ok(Self {
            rest: body,
            offset: 0,
        })
    }

    /// Octets from the start of the body to the cursor.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything from the cursor on, without moving it.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn finish(&self) -> Result<(), WireError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(WireError::Trailing { offset: self.offset })
        }
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], WireError> {
        let Some((taken, rest)) = self.rest.split_at_checked(len) else {
            return Err(WireError::Truncated { offset: self.offset });
        };
        self.rest = rest;
        self.offset += len;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let offset = self.offset;
        self.take(N)?
            .try_into()
            .map_err(|_| WireError::Truncated { offset })
    }

    pub(crate) fn u8(&mut self) -> Result<u8, WireError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(crate) fn read<T: Codec>(&mut self) -> Result<T, WireError> {
        T::read(self)
    }

    /// The contents of a vector of at most `limit` octets, as a cursor of their own.
    pub(crate) fn vector(&mut self, limit: usize) -> Result<Self, WireError> {
        let start = self.offset;
        let (length, rest) = TlsVarInt::tls_deserialize_bytes(self.rest).map_err(|error| match error {
            tls_codec::Error::EndOfStream => WireError::Truncated { offset: start },
            _ => WireError::Length { offset: start },
        })?;
        let octets = length.value();
        let len = usize::try_from(octets).ok().filter(|len| *len <= limit);
        let Some(len) = len else {
            return Err(WireError::TooLong {
                offset: start,
                octets,
                limit,
            });
        };
        self.take(self.rest.len() - rest.len())?;
        let offset = self.offset;
        Ok(Self {
            rest: self.take(len)?,
            offset,
        })
    }

    pub(crate) fn opaque(&mut self, limit: usize) -> Result<&'a [u8], WireError> {
        self.vector(limit).map(|vector| vector.rest)
    }

    /// UTF-8 without NUL, as the standards' `UTF8String`.
    pub(crate) fn text(&mut self, field: &'static str) -> Result<String, WireError> {
        let offset = self.offset;
        match std::str::from_utf8(self.opaque(MAX_TEXT_LEN)?) {
            Ok(text) if !text.contains('\0') => Ok(text.to_owned()),
            _ => Err(WireError::Text { offset, field }),
        }
    }

    pub(crate) fn list<T: Codec>(&mut self) -> Result<Vec<T>, WireError> {
        let mut entries = self.vector(MAX_BODY_LEN)?;
        let mut list = Vec::new();
        while !entries.is_empty() {
            if list.len() == MAX_ENTRIES {
                return Err(WireError::TooMany {
                    offset: entries.offset,
                });
            }
            list.push(T::read(&mut entries)?);
        }
        Ok(list)
    }

    /// A list that the standard wants to have at least one entry.
    pub(crate) fn some<T: Codec>(&mut self, field: &'static str) -> Result<Vec<T>, WireError> {
        let list = self.list()?;
        if list.is_empty() {
            Err(WireError::Empty {
                offset: self.offset,
                field,
            })
        } else {
            Ok(list)
        }
    }

    pub(crate) fn optional<T: Codec>(&mut self) -> Result<Option<T>, WireError> {
        Ok(if self.flag("presence octet")? {
            Some(T::read(self)?)
        } else {
            None
        })
    }

    pub(crate) fn flag(&mut self, field: &'static str) -> Result<bool, WireError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(self.unknown(field, other)),
        }
    }

    /// The `Protocol` octet that opens a body: MLS 1.0 is the only one there is.
    pub(crate) fn protocol(&mut self) -> Result<(), WireError> {
        match self.u8()? {
            PROTOCOL_MLS10 => Ok(()),
            other => Err(self.unknown("protocol", other)),
        }
    }

    /// The error for the octet just read.
    pub(crate) fn unknown(&self, field: &'static str, value: u8) -> WireError {
        WireError::UnknownValue {
            offset: self.offset.saturating_sub(1),
            field,
            value: value.into(),
        }
    }
}

const PROTOCOL_MLS10: u8 = 1;

/// Octets in the making.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn into_octets(self) -> Vec<u8> {
        self.0
    }

    /// Octets as they are, without a length.
    pub(crate) fn raw(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    pub(crate) fn write(&mut self, value: &impl Codec) {
        value.write(self);
    }

    pub(crate) fn opaque(&mut self, octets: &[u8]) {
        let (header, len) = length_header(octets.len());
        self.0.extend(header.into_iter().take(len));
        self.raw(octets);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.opaque(text.as_bytes());
    }

    /// A vector with whatever `contents` writes in it.
    pub(crate) fn vector(&mut self, contents: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        contents(self);
        let (header, len) = length_header(self.0.len() - start);
        self.0.splice(start..start, header.into_iter().take(len));
    }

    pub(crate) fn list<'a, T: Codec + 'a>(&mut self, entries: impl IntoIterator<Item = &'a T>) {
        self.vector(|out| entries.into_iter().for_each(|entry| entry.write(out)));
    }

    pub(crate) fn optional(&mut self, value: Option<&impl Codec>) {
        self.u8(value.is_some().into());
        if let Some(value) = value {
            value.write(self);
        }
    }

    pub(crate) fn protocol(&mut self) {
        self.u8(PROTOCOL_MLS10);
    }
}

/// The length of a vector, and how many of the octets are used. From 2^30 on, where MLS has no form, it becomes RFC 9000's
/// eight octets, which MLS does not know: better an unreadable body than one that means something else.
fn length_header(len: usize) -> ([u8; 8], usize) {
    let [a, b, c, d, e, f, g, h] = (len as u64).to_be_bytes();
    match len {
        0..=0x3f => ([h, 0, 0, 0, 0, 0, 0, 0], 1),
        0x40..=0x3fff => ([g | 0x40, h, 0, 0, 0, 0, 0, 0], 2),
        0x4000..=0x3fff_ffff => ([e | 0x80, f, g, h, 0, 0, 0, 0], 4),
        _ => ([a | 0xc0, b, c, d, e, f, g, h], 8),
    }
}

impl Codec for u16 {
    fn write(&self, out: &mut Writer) {
        out.raw(&self.to_be_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array().map(Self::from_be_bytes)
    }
}

impl Codec for u32 {
    fn write(&self, out: &mut Writer) {
        out.raw(&self.to_be_bytes());
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array().map(Self::from_be_bytes)
    }
}

/// `opaque x<V>`
impl Codec for Vec<u8> {
    fn write(&self, out: &mut Writer) {
        out.opaque(self);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.opaque(MAX_BODY_LEN).map(<[u8]>::to_vec)
    }
}

#[cfg(test)]
mod tests {
    use tls_codec::{Serialize, VLBytes};

    use super::*;

    #[test]
    fn a_length_is_written_as_mls_writes_it() {
        for len in [0, 1, 0x3e, 0x3f, 0x40, 0x3fff, 0x4000, 0x1_0000, 0x10_0001] {
            let octets = vec![0xa5; len];
            let expected = VLBytes::from(octets.clone()).tls_serialize_detached().unwrap();
            assert_eq!(encode(&octets), expected, "{len}");
            assert_eq!(decode::<Vec<u8>>(&expected).unwrap(), octets, "{len}");
            let mut nested = Writer::default();
            nested.vector(|out| out.raw(&octets));
            assert_eq!(nested.into_octets(), expected, "{len}");
        }
    }

    #[test]
    fn a_length_that_mls_cannot_write_is_one_that_no_reader_takes() {
        let (header, len) = length_header(1 << 30);
        assert_eq!((header, len), ([0xc0, 0, 0, 0, 0x40, 0, 0, 0], 8));
        assert_eq!(decode::<Vec<u8>>(&header).unwrap_err().code(), "wire_too_long");
        assert_eq!(
            length_header((1 << 30) - 1),
            ([0xbf, 0xff, 0xff, 0xff, 0, 0, 0, 0], 4)
        );
    }

    #[test]
    fn a_length_longer_than_it_need_be_is_refused() {
        for octets in [
            &[0x40, 0][..],
            &[0x40, 0x3f],
            &[0x80, 0, 0, 0],
            &[0x80, 0, 0x3f, 0xff],
            &[0xc0, 0, 0, 0, 0, 0, 0, 0],
        ] {
            let error = decode::<Vec<u8>>(octets).unwrap_err();
            assert_eq!(
                (error.code(), error.offset()),
                ("wire_length_not_minimal", 0),
                "{octets:x?}"
            );
        }
    }

    #[test]
    fn offsets_count_from_the_start_of_the_body() {
        let mut input = Reader::new(&[9, 3, 1, 0x40, 0, 7]).unwrap();
        input.u8().unwrap();
        let mut inner = input.vector(100).unwrap();
        assert_eq!((inner.offset(), input.offset()), (2, 5));
        inner.u8().unwrap();
        assert_eq!(inner.vector(100).err().map(|error| error.offset()), Some(3));
    }
}
