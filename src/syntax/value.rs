//! Typed values out of KDL values.

use super::{Ty, Value};
use crate::base::{
    DebName, DebVersion, Digest, Duration, EnvName, ImageName, ImageRef, Invalid, Mode, Owner, Platform, Port,
    Protocol, Share, StageName, TemplateName,
};

/// A type that a KDL value can be.
pub trait FromValue: Sized {
    /// Whether the language's type `ty` is read into this type.
    fn reads(ty: Ty) -> bool;

    /// The value, if it has the right KDL type; `None` says that the KDL type is another.
    fn from_value(value: &Value) -> Option<Result<Self, Invalid>>;
}

impl Ty {
    /// Whether `value` can be read as this type, as [`FromValue::from_value`] says it.
    pub fn check(self, value: &Value) -> Option<Result<(), Invalid>> {
        fn read<T: FromValue>(value: &Value) -> Option<Result<(), Invalid>> {
            T::from_value(value).map(|read| read.map(|_| ()))
        }
        match self {
            Self::Text | Self::Shell | Self::ContextPath | Self::ImagePath | Self::PackageName | Self::Url => {
                matches!(value, Value::String(_)).then_some(Ok(()))
            }
            Self::OneOf(_) => matches!(value, Value::String(_)).then_some(Ok(())),
            Self::Any => Some(Ok(())),
            Self::TemplateName => read::<TemplateName>(value),
            Self::Bool => read::<bool>(value),
            Self::Integer => read::<u32>(value),
            Self::Share => read::<Share>(value),
            Self::Port => read::<Port>(value),
            Self::Duration => read::<Duration>(value),
            Self::Mode => read::<Mode>(value),
            Self::ImageRef => read::<ImageRef>(value),
            Self::ImageName => read::<ImageName>(value),
            Self::StageName => read::<StageName>(value),
            Self::EnvName => read::<EnvName>(value),
            Self::Owner => read::<Owner>(value),
            Self::Platform => read::<Platform>(value),
            Self::DebName => read::<DebName>(value),
            Self::DebVersion => read::<DebVersion>(value),
            Self::Digest => read::<Digest>(value),
        }
    }
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
                u32::try_from(number.get())
                    .map_err(|_| Invalid::new(format!("a whole number from 0 to {}, and {number} is not", u32::MAX))),
            ),
            _ => None,
        }
    }
}

impl FromValue for u64 {
    fn reads(ty: Ty) -> bool {
        ty == Ty::Integer
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::Integer(number) => Some(
                Self::try_from(number.get())
                    .map_err(|_| Invalid::new(format!("a whole number from 0 to {}, and {number} is not", Self::MAX))),
            ),
            _ => None,
        }
    }
}

impl FromValue for Share {
    fn reads(ty: Ty) -> bool {
        ty == Ty::Share
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::Integer(number) => Some(Self::new(number.get() as f64)),
            Value::Float(number) => Some(Self::new(*number)),
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
            Value::Integer(number) => Some(Self::new(number.get())),
            _ => None,
        }
    }
}

impl FromValue for Protocol {
    fn reads(ty: Ty) -> bool {
        ty == Ty::OneOf(Self::WORDS)
    }

    fn from_value(value: &Value) -> Option<Result<Self, Invalid>> {
        match value {
            Value::String(word) => Some(Self::parse(word)),
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

parsed! { DebName DebVersion Digest Duration EnvName ImageName ImageRef Mode Owner Platform StageName TemplateName }

/// Makes an enum of words: its `WORDS`, `as_str`, and how it is read from a value of type [`Ty::OneOf`].
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The words of the language, in the order of the variants.
            pub const WORDS: &'static [&'static str] = &[$($word),*];

            /// Its word.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::base::Invalid;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err($crate::base::Invalid::new(format!("`{word}` is none of {}", Self::WORDS.join(", ")))),
                }
            }
        }

        impl $crate::syntax::FromValue for $name {
            fn reads(ty: $crate::syntax::Ty) -> bool {
                ty == $crate::syntax::Ty::OneOf(Self::WORDS)
            }

            fn from_value(value: &$crate::syntax::Value) -> Option<Result<Self, $crate::base::Invalid>> {
                match value {
                    $crate::syntax::Value::String(word) => Some(word.parse()),
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use words;
