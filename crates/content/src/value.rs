//! Any CBOR value, for extensions.
//!
//! **Owns** the rules of *mimi-content*, "Data model restrictions" and "Depth restrictions", on what is inside an
//! extension. [`Value`] is what an app builds and reads; what a message keeps of it are its octets.

use minicbor::Encoder;

use crate::error::{DecodeError, DecodeErrorKind as Kind, NotDeterministic};
use crate::limits::{EXTENSION_LEVELS, INTEGER_KEY};
use crate::reader::{Reader, major, not_deterministic};

/// A CBOR value.
///
/// Comparing floats compares their bits, so that a value equals itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Value {
    /// An integer from 0.
    Unsigned(u64),
    /// The integer −1 − n.
    Negative(u64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// A map. The order of its pairs means nothing and is lost.
    Map(Vec<(Self, Self)>),
    /// A tag and what it is on. A bignum that fits an integer is that integer.
    Tag(u64, Box<Self>),
    /// False or true.
    Bool(bool),
    /// Null.
    Null,
    /// Undefined.
    Undefined,
    /// Another simple value: 0 to 19 or 32 to 255.
    Simple(u8),
    /// A float of any width.
    Float(f64),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.to_octets() == other.to_octets()
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        match u64::try_from(n) {
            Ok(n) => Self::Unsigned(n),
            Err(_) => Self::Negative(!n as u64),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl Value {
    /// The deterministic encoding.
    pub(crate) fn to_octets(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        self.encode(&mut encoder);
        encoder.into_writer()
    }

    /// Writing to a `Vec` cannot fail, so the results are dropped.
    fn encode(&self, e: &mut Encoder<Vec<u8>>) {
        match self {
            Self::Unsigned(n) => drop(e.u64(*n)),
            Self::Negative(n) => drop(e.int(negative(*n))),
            Self::Bytes(bytes) => drop(e.bytes(bytes)),
            Self::Text(text) => drop(e.str(text)),
            Self::Array(items) => {
                drop(e.array(items.len() as u64));
                items.iter().for_each(|item| item.encode(e));
            }
            Self::Map(pairs) => encode_map(pairs, e),
            Self::Tag(tag, value) => match &**value {
                Self::Bytes(digits) if matches!(tag, 2 | 3) => encode_bignum(*tag, digits, e),
                value => {
                    drop(e.tag(minicbor::data::Tag::new(*tag)));
                    value.encode(e);
                }
            },
            Self::Bool(b) => drop(e.bool(*b)),
            Self::Null => drop(e.null()),
            Self::Undefined => drop(e.undefined()),
            Self::Simple(value) => drop(e.simple(*value)),
            Self::Float(value) => encode_float(*value, e),
        }
    }

    /// Reads a value whose outermost container would be on `level`.
    pub(crate) fn read(r: &mut Reader<'_>, level: usize) -> Result<Self, DecodeError> {
        let start = r.position();
        let first = r.peek()?;
        Ok(match first >> 5 {
            major::UNSIGNED => Self::Unsigned(r.unsigned(ANY)?),
            major::NEGATIVE => Self::Negative(r.negative(ANY)?),
            major::BYTES => Self::Bytes(r.bytes(ANY)?.into_owned()),
            major::TEXT => Self::Text(r.text(ANY)?.into_owned()),
            major::ARRAY => {
                check_level(level, start)?;
                let mut count = r.array(ANY)?;
                let mut items = Vec::new();
                while r.more(&mut count)? {
                    items.push(Self::read(r, level + 1)?);
                }
                Self::Array(items)
            }
            major::MAP => {
                check_level(level, start)?;
                let mut count = r.map(ANY)?;
                let mut pairs = Vec::new();
                while r.more(&mut count)? {
                    pairs.push((Self::read(r, level + 1)?, Self::read(r, level + 1)?));
                }
                Self::Map(pairs)
            }
            major::TAG => {
                check_level(level, start)?;
                Self::Tag(r.tag(ANY)?, Box::new(Self::read(r, level + 1)?))
            }
            _ => match first {
                0xf4 | 0xf5 => Self::Bool(r.bool(ANY)?),
                0xf6 => {
                    r.null(ANY)?;
                    Self::Null
                }
                0xf7 => {
                    r.undefined(ANY)?;
                    Self::Undefined
                }
                0xf9..=0xfb => Self::Float(read_float(r)?.0),
                _ => Self::Simple(r.simple(ANY)?),
            },
        })
    }
}

const ANY: &str = "an extension value";

/// Checks a value whose outermost container would be on `level`, without building it.
pub(crate) fn check(r: &mut Reader<'_>, level: usize) -> Result<(), DecodeError> {
    let start = r.position();
    let first = r.peek()?;
    match first >> 5 {
        major::UNSIGNED => drop(r.unsigned(ANY)?),
        major::NEGATIVE => drop(r.negative(ANY)?),
        major::BYTES => drop(r.bytes(ANY)?),
        major::TEXT => drop(r.text(ANY)?),
        major::ARRAY => {
            check_level(level, start)?;
            let mut count = r.array(ANY)?;
            while r.more(&mut count)? {
                check(r, level + 1)?;
            }
        }
        major::MAP => check_map(r, level)?,
        major::TAG => check_tag(r, level)?,
        _ => match first {
            0xf4 | 0xf5 => drop(r.bool(ANY)?),
            0xf6 => r.null(ANY)?,
            0xf7 => r.undefined(ANY)?,
            0xf9..=0xfb => check_float(r)?,
            _ => drop(r.simple(ANY)?),
        },
    }
    Ok(())
}

fn check_map(r: &mut Reader<'_>, level: usize) -> Result<(), DecodeError> {
    check_level(level, r.position())?;
    let mut count = r.map(ANY)?;
    let mut previous: &[u8] = &[];
    while r.more(&mut count)? {
        let start = r.position();
        check_map_key(r)?;
        let key = r.octets(start, r.position());
        check_key_order(previous, key, start)?;
        previous = key;
        check(r, level + 1)?;
    }
    Ok(())
}

fn check_map_key(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = r.position();
    match r.peek()? >> 5 {
        major::UNSIGNED => check_integer_key(r.unsigned(ANY)?, start),
        major::NEGATIVE => check_integer_key(r.negative(ANY)?.saturating_add(1), start),
        major::BYTES => r.bytes(ANY).map(drop),
        major::TEXT => r.text(ANY).map(drop),
        _ => Err(DecodeError::new(Kind::MapKeyType, start)),
    }
}

/// Checks the absolute value of an integer key.
pub(crate) fn check_integer_key(magnitude: u64, offset: usize) -> Result<(), DecodeError> {
    if magnitude > INTEGER_KEY.unsigned_abs() {
        return Err(DecodeError::new(Kind::KeyTooLarge, offset));
    }
    Ok(())
}

/// Checks that the encoded `key`, which began at `offset`, follows `previous` in bytewise order.
pub(crate) fn check_key_order(previous: &[u8], key: &[u8], offset: usize) -> Result<(), DecodeError> {
    // Comparing with nothing is not free: some processors stumble over the address of an empty slice.
    if previous.is_empty() {
        return Ok(());
    }
    match previous.cmp(key) {
        std::cmp::Ordering::Less => Ok(()),
        std::cmp::Ordering::Equal => Err(DecodeError::new(Kind::DuplicateKey, offset)),
        std::cmp::Ordering::Greater => Err(not_deterministic(NotDeterministic::KeyOrder, offset)),
    }
}

fn check_tag(r: &mut Reader<'_>, level: usize) -> Result<(), DecodeError> {
    let start = r.position();
    check_level(level, start)?;
    let tag = r.tag(ANY)?;
    // RFC 8949 §3.4.3: a bignum has no leading zeros, and none that fits an integer is a bignum.
    if matches!(tag, 2 | 3) && r.peek()? >> 5 == major::BYTES {
        let digits = r.bytes(ANY)?;
        if digits.len() <= 8 || digits.first() == Some(&0) {
            return Err(not_deterministic(NotDeterministic::LongForm, start));
        }
        return Ok(());
    }
    check(r, level + 1)
}

fn check_float(r: &mut Reader<'_>) -> Result<(), DecodeError> {
    let start = r.position();
    let (value, width) = read_float(r)?;
    if width > shortest_width(value) {
        return Err(not_deterministic(NotDeterministic::LongForm, start));
    }
    Ok(())
}

/// The value of a float and how many octets held it.
fn read_float(r: &mut Reader<'_>) -> Result<(f64, u8), DecodeError> {
    let start = r.position();
    let (bits, width) = r.float()?;
    let value = widen(bits, width);
    // Inside the typed arrays of tags 80 to 87, floats are octets of a byte string and never come here.
    if value.is_nan() && (bits, width) != (u64::from(QUIET_NAN), 2) {
        return Err(DecodeError::new(Kind::NotANumber, start));
    }
    Ok((value, width))
}

fn check_level(level: usize, offset: usize) -> Result<(), DecodeError> {
    if level > EXTENSION_LEVELS {
        return Err(DecodeError::new(Kind::ExtensionsTooDeep, offset));
    }
    Ok(())
}

fn encode_map(pairs: &[(Value, Value)], e: &mut Encoder<Vec<u8>>) {
    let mut encoded: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.to_octets(), value))
        .collect();
    encoded.sort_by(|(a, _), (b, _)| a.cmp(b));
    drop(e.map(encoded.len() as u64));
    for (key, value) in encoded {
        e.writer_mut().extend_from_slice(&key);
        value.encode(e);
    }
}

/// RFC 8949 §3.4.3: without leading zeros, and as an integer if it is one.
fn encode_bignum(tag: u64, digits: &[u8], e: &mut Encoder<Vec<u8>>) {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    if digits.len() > 8 {
        drop(e.tag(minicbor::data::Tag::new(tag)).and_then(|e| e.bytes(digits)));
        return;
    }
    let n = digits.iter().fold(0, |n, digit| (n << 8) + u64::from(*digit));
    if tag == 2 {
        drop(e.u64(n));
    } else {
        drop(e.int(negative(n)));
    }
}

/// The CBOR integer −1 − `n`.
fn negative(n: u64) -> minicbor::data::Int {
    // Every −1 − n with n < 2⁶⁴ is a CBOR integer, so the default is never taken.
    minicbor::data::Int::try_from(-1 - i128::from(n)).unwrap_or_else(|_| 0_u8.into())
}

const QUIET_NAN: u16 = 0x7e00;

fn encode_float(value: f64, e: &mut Encoder<Vec<u8>>) {
    match (narrow_to_half(value), narrow_to_single(value)) {
        (Some(half), _) => {
            e.writer_mut().push(0xf9);
            e.writer_mut().extend_from_slice(&half.to_be_bytes());
        }
        (None, Some(single)) => drop(e.f32(single)),
        (None, None) => drop(e.f64(value)),
    }
}

/// Octets of the shortest float that holds exactly `value`.
fn shortest_width(value: f64) -> u8 {
    match (narrow_to_half(value), narrow_to_single(value)) {
        (Some(_), _) => 2,
        (None, Some(_)) => 4,
        (None, None) => 8,
    }
}

/// The value of a float of `width` octets.
fn widen(bits: u64, width: u8) -> f64 {
    match width {
        2 => widen_half(bits),
        4 => f64::from(f32::from_bits(u32::try_from(bits).unwrap_or_default())),
        _ => f64::from_bits(bits),
    }
}

/// RFC 8949, appendix D.
fn widen_half(bits: u64) -> f64 {
    let exponent = (bits >> 10) & 0x1f;
    let fraction = (bits & 0x3ff) as f64;
    let magnitude = match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (fraction + 1024.0) * 2_f64.powf(exponent as f64 - 25.0),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The half-width float that is exactly `value`; any NaN becomes the quiet one.
fn narrow_to_half(value: f64) -> Option<u16> {
    if value.is_nan() {
        return Some(QUIET_NAN);
    }
    let sign = if value.is_sign_negative() { 0x8000 } else { 0 };
    let magnitude = value.abs();
    if magnitude == f64::INFINITY {
        return Some(sign + 0x7c00);
    }
    // The exponent of the leading digit, but at least that of the subnormals; both widths share the fraction's digits.
    let exponent = (((magnitude.to_bits() >> 52) & 0x7ff) as i32 - 1023).max(-14);
    if exponent > 15 {
        return None;
    }
    let digits = magnitude * 2_f64.powi(10 - exponent);
    if digits.fract() != 0.0 {
        return None;
    }
    // Below 2048, because the leading digit has been moved to 2¹⁰. It adds one to the exponent field, as it should.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole and below 2048"
    )]
    let digits = digits as u16;
    let field = u16::try_from(exponent + 14).ok()? << 10;
    Some(sign + field + digits)
}

/// The single-width float that is exactly `value`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the value is compared with what came out"
)]
fn narrow_to_single(value: f64) -> Option<f32> {
    let single = value as f32;
    (f64::from(single) == value).then_some(single)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8949, appendix A.
    #[test]
    fn floats_take_the_width_of_the_standards_examples() {
        for (value, octets) in [
            (0.0, "f90000"),
            (-0.0, "f98000"),
            (1.0, "f93c00"),
            (1.1, "fb3ff199999999999a"),
            (1.5, "f93e00"),
            (65504.0, "f97bff"),
            (65536.0, "fa47800000"),
            (100000.0, "fa47c35000"),
            (3.402_823_466_385_288_6e38, "fa7f7fffff"),
            (1.0e300, "fb7e37e43c8800759c"),
            (5.960_464_477_539_063e-8, "f90001"),
            (0.000_061_035_156_25, "f90400"),
            (-4.0, "f9c400"),
            (-4.1, "fbc010666666666666"),
            (f64::INFINITY, "f97c00"),
            (f64::NAN, "f97e00"),
            (f64::NEG_INFINITY, "f9fc00"),
        ] {
            assert_eq!(hex::encode(Value::Float(value).to_octets()), octets, "{value}");
        }
    }

    #[test]
    fn every_half_width_float_survives_the_way_there_and_back() {
        for bits in 0..=u16::MAX {
            let value = widen(u64::from(bits), 2);
            assert_eq!(value.is_nan(), bits & 0x7fff > 0x7c00, "{bits:04x}");
            let expected = if value.is_nan() { QUIET_NAN } else { bits };
            assert_eq!(narrow_to_half(value), Some(expected), "{bits:04x}");
        }
    }
}
