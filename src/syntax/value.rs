//! Typed values out of KDL values.

use super::{Ty, Value};
use crate::base::{
    DebName, DebVersion, Digest, Duration, EnvName, ImageName, ImageRef, Invalid, Mode, Owner, Platform, Port,
    StageName,
};

/// A type that a KDL value can be.
pub trait FromValue: Sized {
    /// Whether the language's type `ty` is read into this type.
    fn reads(ty: Ty) -> bool;

    /// The value, if it has the right KDL type; `None` says that the KDL type is another.
    fn from_value(value: &Value) -> Option<Result<Self, Invalid>>;
}

impl FromValue for String {
    fn reads(ty: Ty) -> bool {
        matches!(ty, Ty::Text | Ty::Shell | Ty::ContextPath | Ty::ImagePath | Ty::PackageName | Ty::Url | Ty::OneOf(_))
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::String(text) => Some(Ok(text.clone())),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn reads(ty: Ty) -> bool {
        ty == Ty::Bool
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::Bool(flag) => Some(Ok(*flag)),
            _ => None,
        }
    }
}

impl FromValue for u32 {
    fn reads(ty: Ty) -> bool {
        ty == Ty::Integer
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::Integer(number) => Some(
                u32::try_from(*number)
                    .map_err(|_| Invalid::new(format!("a whole number from 0 to {}, and {number} is not", u32::MAX))),
            ),
            _ => None,
        }
    }
}

impl FromValue for Port {
    fn reads(ty: Ty) -> bool {
        ty == Ty::Port
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::Integer(number) => Some(Self::new(*number)),
            _ => None,
        }
    }
}

macro_rules! parsed {
    ($($type:ident)*) => {
        $(
            impl FromValue for $type {
                fn reads(ty: Ty) -> bool {
                    ty == Ty::$type
                }

                fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
                    match value {
                        Value::String(text) => Some(Self::parse(text)),
                        _ => None,
                    }
                }
            }
        )*
    };
}

parsed! { DebName DebVersion Digest Duration EnvName ImageName ImageRef Mode Owner Platform StageName }
