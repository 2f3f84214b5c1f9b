//! Paths in images and in build contexts.

use super::Invalid;
use std::fmt;

/// An absolute path in an image, normalised: no `.`, no `..`, no doubled or trailing slash (but for `/` itself).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ImagePath(String);

impl ImagePath {
    /// The root directory.
    pub fn root() -> Self {
        Self("/".to_owned())
    }

    /// The absolute path `text` names, a relative one seen from `workdir` as Dockerfile instructions do.
    /// An empty path, one above the root and one with a NUL byte are none.
    pub fn resolve(text: &str, workdir: &Self) -> Result<Self, Invalid> {
        if text.is_empty() {
            return Err(Invalid::new("a path in the image cannot be empty"));
        }
        if text.contains('\0') {
            return Err(Invalid::new("a path cannot hold a NUL character"));
        }
        let whole = match text.strip_prefix('/') {
            Some(relative) if is_normal(relative) => return Ok(Self(text.to_owned())),
            Some(_) => text.to_owned(),
            None if is_normal(text) => return Ok(workdir.join(text)),
            None => format!("{}/{text}", workdir.0),
        };
        match normalize(&whole) {
            Some(relative) => Ok(Self(format!("/{relative}"))),
            None => Err(Invalid::new(format!("`{text}` climbs above the root of the image"))),
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is this path or stands below it.
    pub fn contains(&self, other: &Self) -> bool {
        self.0 == "/" || other.0 == self.0 || other.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether one of the two contains the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The directory it stands in; the root stands in itself.
    pub fn parent(&self) -> Self {
        match self.0.rfind('/') {
            Some(0) | None => Self::root(),
            Some(at) => Self(self.0[..at].to_owned()),
        }
    }

    /// The path of `name` right below this one.
    pub fn join(&self, name: &str) -> Self {
        if self.0 == "/" { Self(format!("/{name}")) } else { Self(format!("{}/{name}", self.0)) }
    }

    /// Its last part; empty for the root.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ImagePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `path` without `.`, `..` and doubled slashes, and without slashes at its ends; `None` if it climbs above its start.
pub fn normalize(path: &str) -> Option<String> {
    if is_normal(path) {
        return Some(path.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether `path` is normalised as it stands, as most are.
fn is_normal(path: &str) -> bool {
    path.as_bytes().split(|byte| *byte == b'/').all(|part| !matches!(part, b"" | b"." | b"..")) || path.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolution() {
        let app = ImagePath::resolve("/app", &ImagePath::root()).expect("a path");
        for (text, path) in
            [("src", "/app/src"), ("/a//b/./c/", "/a/b/c"), ("..", "/"), ("../x", "/x"), ("/", "/"), (".", "/app")]
        {
            assert_eq!(ImagePath::resolve(text, &app).map(|p| p.to_string()), Ok(path.to_owned()));
        }
        for bad in ["", "../..", "/..", "a\0b"] {
            assert!(ImagePath::resolve(bad, &app).is_err(), "{bad}");
        }
    }

    #[test]
    fn containment() {
        let path = |text| ImagePath::resolve(text, &ImagePath::root()).expect("a path");
        assert!(path("/").contains(&path("/app")));
        assert!(path("/app").contains(&path("/app")));
        assert!(path("/app").contains(&path("/app/x")));
        assert!(!path("/app").contains(&path("/apple")));
        assert!(path("/app/x").overlaps(&path("/app")));
        assert_eq!(path("/app/x").parent(), path("/app"));
        assert_eq!(path("/app").parent(), path("/"));
        assert_eq!(path("/").join("a"), path("/a"));
    }
}
