//! Looks at how a value serialises, and takes what it wants of it: the names of structs, their fields, the elements of a list.
//!
//! OpenMLS's types are its own; their names and fields are seen only as they are serialised.
//! **Knows nothing of** what is looked for.

use serde::ser::{Error as _, Impossible, Serialize, SerializeSeq, SerializeStruct, Serializer};

/// Another shape than was expected.
pub(super) type Unknown = rmp_serde::encode::Error;

pub(super) fn unknown<T>() -> Result<T, Unknown> {
    Err(Unknown::custom("another shape"))
}

/// What is to be seen of one value. Whatever is not expected is of another shape.
pub(super) trait Look {
    fn number(&mut self, _: u64) -> Result<(), Unknown> {
        unknown()
    }

    fn nothing(&mut self) -> Result<(), Unknown> {
        unknown()
    }

    fn something<T: Serialize + ?Sized>(&mut self, _value: &T) -> Result<(), Unknown> {
        unknown()
    }

    fn structure(&mut self, _name: &'static str) -> Result<(), Unknown> {
        unknown()
    }

    /// A field of the structure.
    fn field<T: Serialize + ?Sized>(&mut self, _name: &'static str, _value: &T) -> Result<(), Unknown> {
        unknown()
    }

    fn list(&mut self) -> Result<(), Unknown> {
        unknown()
    }

    /// An element of the list.
    fn element<T: Serialize + ?Sized>(&mut self, _value: &T) -> Result<(), Unknown> {
        unknown()
    }
}

/// Shows a value to somebody who looks.
pub(super) fn show<T: Serialize + ?Sized>(value: &T, to: &mut impl Look) -> Result<(), Unknown> {
    value.serialize(Eye(to))
}

struct Eye<'a, L>(&'a mut L);

impl<L: Look> SerializeStruct for Eye<'_, L> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, it: &T) -> Result<(), Unknown> {
        self.0.field(name, it)
    }

    fn end(self) -> Result<(), Unknown> {
        Ok(())
    }
}

impl<L: Look> SerializeSeq for Eye<'_, L> {
    type Ok = ();
    type Error = Unknown;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, it: &T) -> Result<(), Unknown> {
        self.0.element(it)
    }

    fn end(self) -> Result<(), Unknown> {
        Ok(())
    }
}

/// The methods that take one value of a type that nobody looks for.
macro_rules! nothing {
    ($($method:ident $Type:ty),*) => {
        $(fn $method(self, _: $Type) -> Result<(), Unknown> {
            unknown()
        })*
    };
}

impl<L: Look> Serializer for Eye<'_, L> {
    type Ok = ();
    type Error = Unknown;
    type SerializeSeq = Self;
    type SerializeTuple = Impossible<(), Unknown>;
    type SerializeTupleStruct = Impossible<(), Unknown>;
    type SerializeTupleVariant = Impossible<(), Unknown>;
    type SerializeMap = Impossible<(), Unknown>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Impossible<(), Unknown>;

    fn serialize_u64(self, number: u64) -> Result<(), Unknown> {
        self.0.number(number)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unknown> {
        self.0.list().map(|()| self)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self, Unknown> {
        self.0.structure(name).map(|()| self)
    }

    nothing!(serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_f32 f32, serialize_f64 f64,
        serialize_char char, serialize_str &str, serialize_bytes &[u8], serialize_unit_struct &'static str);

    fn serialize_none(self) -> Result<(), Unknown> {
        self.0.nothing()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, it: &T) -> Result<(), Unknown> {
        self.0.something(it)
    }

    fn serialize_unit(self) -> Result<(), Unknown> {
        unknown()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), Unknown> {
        unknown()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Unknown> {
        unknown()
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unknown> {
        unknown()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unknown> {
        unknown()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unknown> {
        unknown()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unknown> {
        unknown()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unknown> {
        unknown()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unknown> {
        unknown()
    }
}
