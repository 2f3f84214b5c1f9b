//! Where a build keeps its cache.

use super::{ImageRef, Invalid, closest};
use std::fmt;

/// A cache that a build reads or writes, as `docker buildx build --cache-from` and `--cache-to` take it: `type=…` and
/// attributes, separated by commas, or a reference, short for `type=registry,ref=REFERENCE`. Kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuildCache(String);

/// The kinds of cache that BuildKit has (buildx docs, *Cache storage backends*).
const TYPES: &[&str] = &["registry", "local", "inline", "gha", "s3", "azblob"];

impl BuildCache {
    /// The cache that `text` names, to read from.
    pub fn parse_from(text: &str) -> Result<Self, Invalid> {
        Self::parse(text, "src")
    }

    /// The cache that `text` names, to write to.
    pub fn parse_to(text: &str) -> Result<Self, Invalid> {
        Self::parse(text, "dest")
    }

    /// The cache as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn parse(text: &str, directory: &str) -> Result<Self, Invalid> {
        let invalid = |why: String| Invalid::new(format!("`{text}` is not a build cache: {why}"));
        let fields = fields(text).ok_or_else(|| invalid("a quote in it does not end".to_owned()))?;
        if let [reference] = fields.as_slice()
            && !reference.contains('=')
        {
            ImageRef::parse(reference)?;
            return Ok(Self(text.to_owned()));
        }
        let mut attributes: Vec<(String, &str)> = Vec::new();
        for field in &fields {
            let is_key =
                |key: &str| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            let Some((key, value)) = field.split_once('=').filter(|(key, _)| is_key(key)) else {
                return Err(invalid(format!("`{field}` is not as `type=registry`")));
            };
            let key = key.to_ascii_lowercase();
            if attributes.iter().any(|(earlier, _)| *earlier == key) {
                return Err(invalid(format!("`{key}` stands in it twice")));
            }
            attributes.push((key, value));
        }
        let value = |key: &str| attributes.iter().find(|(known, _)| known == key).map(|(_, value)| *value);
        let kind = value("type").ok_or_else(|| invalid("it says no `type=`".to_owned()))?;
        if !TYPES.contains(&kind) {
            let meant = closest(kind, TYPES.iter().copied()).map(|meant| format!(", did you mean `{meant}`?"));
            let known = meant.unwrap_or_else(|| format!(", there are {}", TYPES.join(", ")));
            return Err(invalid(format!("there is no type `{kind}`{known}")));
        }
        let needed = match kind {
            "registry" => "ref",
            "local" => directory,
            _ => "type",
        };
        match value(needed) {
            None | Some("") => return Err(invalid(format!("the type `{kind}` needs `{needed}=`"))),
            Some(reference) if needed == "ref" => {
                ImageRef::parse(reference)?;
            }
            Some(_) => {}
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BuildCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The fields of a line of comma-separated values, which buildx reads it as (Go's `encoding/csv`); none if it is no line.
fn fields(text: &str) -> Option<Vec<String>> {
    if text.contains(['\n', '\r']) {
        return None;
    }
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            let (field, behind) = rest.split_once(',').map_or((rest, None), |(field, behind)| (field, Some(behind)));
            if field.contains('"') {
                return None;
            }
            fields.push(field.to_owned());
            match behind {
                Some(behind) => rest = behind,
                None => return Some(fields),
            }
            continue;
        };
        let mut field = String::new();
        rest = quoted;
        loop {
            let (part, behind) = rest.split_once('"')?;
            field.push_str(part);
            rest = behind;
            match rest.strip_prefix('"') {
                Some(behind) => {
                    field.push('"');
                    rest = behind;
                }
                None => break,
            }
        }
        fields.push(field);
        if rest.is_empty() {
            return Some(fields);
        }
        rest = rest.strip_prefix(',')?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches() {
        for good in [
            "type=registry,ref=registry.example/shop/cart:cache",
            "type=registry,ref=localhost:5000/cart:cache,mode=max",
            "registry.example/shop/cart:cache",
            "TYPE=registry,ref=cart",
            "type=gha,scope=cart,mode=max",
            "type=inline",
            "type=s3,region=eu-west-1,bucket=shop,name=cart",
            "type=local,\"src=a, \"\"b\"\"\"",
        ] {
            assert_eq!(BuildCache::parse_from(good).map(|cache| cache.to_string()), Ok(good.to_owned()));
        }
        assert!(BuildCache::parse_to("type=local,dest=cache").is_ok());
        let refused = |text: &str| BuildCache::parse_from(text).map_err(|invalid| invalid.0).expect_err(text);
        for (bad, why) in [
            ("type=registry", "the type `registry` needs `ref=`"),
            ("type=local,dest=cache", "the type `local` needs `src=`"),
            ("type=registri,ref=x", "there is no type `registri`, did you mean `registry`?"),
            ("type=", "there is no type ``, there are registry, local, inline, gha, s3, azblob"),
            ("ref=x", "it says no `type=`"),
            ("type=registry,ref", "`ref` is not as `type=registry`"),
            ("type=registry, ref=x", "` ref=x` is not as `type=registry`"),
            ("type=gha,type=gha", "`type` stands in it twice"),
            ("type=local,\"src=a", "a quote in it does not end"),
            ("type=local,src=a\nb", "a quote in it does not end"),
        ] {
            assert_eq!(refused(bad), format!("`{bad}` is not a build cache: {why}"));
        }
        for bad in ["", "A B", "type=registry,ref=A", "type=registry,ref=x:"] {
            assert!(BuildCache::parse_from(bad).is_err(), "{bad}");
        }
        assert!(BuildCache::parse_to("type=local,src=cache").is_err());
    }
}
